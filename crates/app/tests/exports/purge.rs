//! Packages whose time in the bin is over.

use app::{store::PackageChange, workers::housekeeping::Swept};
use domain::{
    PortErrorKind,
    dataset::Dataset,
    ports::{Key, Table, Tables as _, Update, Write},
};
use testkit::builders::{BUCKET, audit_record, dataset, metadata_version, now, package_id, pending_dataset};

use crate::lake::{DAY, Lake, at};

impl Lake {
    async fn delete(&self, number: u64) {
        let id = package_id(number);
        self.transact(vec![PackageChange::at(now()).deleted(id, now(), at(30 * DAY)).into_write(id)]).await;
    }

    fn rows_left(&self, number: u64) -> usize {
        let partition = package_id(number).to_string();
        let tables = [Table::Packages, Table::Metadata, Table::Datasets];
        let rows = tables.into_iter().flat_map(|table| self.tables.rows(table));
        rows.filter(|row| row["package_id"].as_str() == Some(&partition)).count()
    }
}

#[tokio::test]
async fn s4_a_package_of_twenty_thousand_datasets_goes_whole_although_the_store_fails_in_the_middle() {
    const COUNT: u64 = 20_000;
    let lake = Lake::new().await;
    lake.package(1).await;
    lake.package(2).await;
    let neighbour = lake.dataset(2, 1, "kept.csv").await;
    for number in 0..COUNT {
        let mut dataset = dataset(1, 10 + number, &format!("part-{number:05}.csv"));
        // A thousand of them with bytes; removal of the others is the same call.
        if number % 20 == 0 {
            dataset.object_version = lake.bytes(&dataset.key).await;
        }
        lake.put_dataset(&dataset).await;
    }
    let pending = Dataset { ..pending_dataset(1, 5, "pending.csv") };
    lake.bytes(&pending.key).await;
    lake.put_dataset_row(&pending).await;
    let store = &lake.core.store;
    let (version, history) = (metadata_version(&[("a", "b")]), audit_record(1, "pkg"));
    lake.transact(vec![
        store.put_metadata(package_id(1), &version).expect("a row"),
        store.put_history(package_id(1), &history).expect("a row"),
    ])
    .await;
    lake.table_row(1).await;
    lake.delete(1).await;

    lake.clock.set(at(30 * DAY).minus(std::time::Duration::from_millis(1)));
    assert_eq!(lake.housekeeping.sweep().await, Swept { handled: 0, failed: 0 });
    lake.clock.set(at(30 * DAY));
    lake.objects.faults().fail_after("objects.delete_many", PortErrorKind::Unavailable);
    assert_eq!(lake.housekeeping.sweep().await, Swept { handled: 0, failed: 1 });
    assert!(store.package(package_id(1)).await.expect("read").is_some(), "the package goes last");
    assert!(lake.rows_left(1) > 0);

    assert_eq!(lake.housekeeping.sweep().await, Swept { handled: 1, failed: 0 });
    assert_eq!(lake.rows_left(1), 0);
    assert_eq!(lake.objects.keys(BUCKET), [neighbour.key]);
    assert!(lake.rows_left(2) > 0);
    assert_eq!(lake.housekeeping.sweep().await, Swept { handled: 0, failed: 0 });
}

#[tokio::test]
async fn a_package_that_no_run_could_purge_alone_goes_in_several() {
    const COUNT: u64 = 1_200;
    let lake = Lake::new().await;
    lake.package(1).await;
    for number in 0..COUNT {
        let mut dataset = dataset(1, 10 + number, &format!("part-{number:05}.csv"));
        if number % 20 == 0 {
            dataset.object_version = lake.bytes(&dataset.key).await;
        }
        lake.put_dataset(&dataset).await;
    }
    lake.table_row(1).await;
    lake.delete(1).await;
    lake.clock.set(at(30 * DAY));
    let (swept, runs) = lake.sweep_in_runs().await;
    assert_eq!(swept, Swept { handled: 1, failed: 0 });
    // Three pages of datasets and as many of their paths, and then little.
    assert!((4..=12).contains(&runs), "{runs}");
    assert_eq!((lake.rows_left(1), lake.objects.keys(BUCKET).len()), (0, 0));
}

impl Lake {
    /// A row that hangs on a package, as tables and crawlers do.
    async fn table_row(&self, number: u64) {
        let key = Key::new(package_id(number).to_string(), "table#sales");
        let update = Update { set: [("comment".to_owned(), "Sales".into())].into(), ..Update::default() };
        self.tables.write(Write::Update { table: Table::Packages, key, update, condition: None }).await.expect("written");
    }
}
