//! The index follows the tables.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use datalake_app::{
    packages::{ChangePackage, CreatePackage},
    workers::indexing::Indexing,
};
use domain::{
    Deadline, PackageId, PortErrorKind,
    access::Action,
    dataset::Dataset,
    job::Job,
    package::{Package, Visibility},
    ports::{Handler as _, Key, Table, Tables as _, Update, Write},
    search::TermField,
};
use testkit::{
    MemorySearch,
    builders::{dataset, package, package_id},
};

use crate::support::{Lake, ann, entries};

struct Follower {
    lake: Lake,
    index: Arc<MemorySearch>,
    worker: Indexing,
}

impl Follower {
    fn new() -> Self {
        let (lake, index) = (Lake::new(), Arc::new(MemorySearch::default()));
        let worker = Indexing::new(lake.tables.clone(), index.clone(), lake.jobs.clone(), lake.core.clock.clone());
        Self { lake, index, worker }
    }

    async fn create(&self, name: &str) -> PackageId {
        let tags = vec![("source".to_owned(), "weather".to_owned())];
        let entered = CreatePackage { name: name.to_owned(), tags, ..CreatePackage::default() };
        self.lake.packages.create(&ann(), &entered, None).await.expect("created").package.id
    }

    async fn hint(&self, ids: &[PackageId]) -> Vec<String> {
        let hints = ids.iter().map(|id| Job::Index { package_id: *id });
        self.worker.handle(entries(hints)).await.failed
    }
}

#[tokio::test]
async fn what_there_is_no_time_for_comes_again() {
    let follower = Follower::new();
    let mut ids = Vec::new();
    for number in 0..11 {
        ids.push(follower.create(&format!("Late {number}")).await);
    }
    let now = follower.lake.core.clock.now();
    // Ten documents go together, and something is done in any case.
    for (seconds, done) in [(0, 10), (59, 10), (60, 11)] {
        let deadline = Deadline::at(now.plus(Duration::from_secs(seconds)));
        let hints = ids.iter().map(|id| Job::Index { package_id: *id });
        let outcome = follower.worker.handle_until(entries(hints), deadline).await;
        assert_eq!(outcome.failed.len(), ids.len() - done, "{seconds} s");
        assert_eq!(ids.iter().filter(|id| follower.index.document(**id).is_some()).count(), done, "{seconds} s");
    }
}

#[tokio::test]
async fn a_package_of_20_000_datasets_is_indexed_whole() {
    let follower = Follower::new();
    let id = follower.create("Many").await;
    let Follower { lake, index, .. } = &follower;
    for first in (0..20_000).step_by(100) {
        let puts = (first..first + 100).map(|number| {
            let made = domain::dataset::Dataset { package_id: id, ..dataset(1, number, &format!("data/part-{number:05}.csv")) };
            lake.core.store.put_path(&made, None).expect("a row")
        });
        lake.tables.transact(puts.collect()).await.expect("tables answer");
    }
    assert!(follower.hint(&[id]).await.is_empty());
    let document = index.document(id).expect("indexed");
    assert_eq!((document.datasets, document.bytes, document.formats["csv"]), (20_000, 60_000, 20_000));
    assert!(document.truncated, "of names only 256 KiB, and it says so");
    assert_eq!(document.tags["source"], "weather");
}

#[tokio::test]
async fn late_and_repeated_hints_leave_what_is_newest() {
    let follower = Follower::new();
    let id = follower.create("Old").await;
    let change = ChangePackage { name: Some("New".to_owned()), ..ChangePackage::default() };
    follower.lake.packages.change(&ann(), id, &change, None).await.expect("changed");
    assert!(follower.hint(&[id, id, id]).await.is_empty());
    assert!(follower.hint(&[id]).await.is_empty());
    let document = follower.index.document(id).expect("indexed");
    assert_eq!((document.name.as_str(), document.sequence), ("New", 2));
}

#[tokio::test]
async fn a_deleted_package_leaves_the_index_and_one_that_is_gone_too() {
    let follower = Follower::new();
    let id = follower.create("Gone soon").await;
    assert!(follower.hint(&[id]).await.is_empty());
    follower.lake.packages.delete(&ann(), id, None).await.expect("deleted");
    assert!(follower.hint(&[id, package_id(99)]).await.is_empty());
    assert!(follower.index.document(id).is_none());
}

#[tokio::test]
async fn what_the_index_or_the_tables_did_not_give_comes_again_and_stops_nothing() {
    let follower = Follower::new();
    let (first, second) = (follower.create("First").await, follower.create("Second").await);
    follower.lake.tables.fail("tables.get_many", PortErrorKind::Unavailable, 1);
    assert_eq!(follower.hint(&[first, second, first]).await, ["0", "2"]);
    assert!(follower.index.document(second).is_some());
    follower.index.faults.fail_next(PortErrorKind::Unavailable);
    assert_eq!(follower.hint(&[first]).await, ["0"]);
    assert!(follower.hint(&[first]).await.is_empty());
    assert!(follower.index.document(first).is_some());
    let strange = follower.worker.handle(entries([Job::Sweep])).await;
    assert_eq!(strange.failed, ["0"]);
}

#[tokio::test]
async fn a_large_package_that_grows_is_written_now_and_then_and_last_as_it_is_in_the_end() {
    let follower = Follower::new();
    let Follower { lake, index, .. } = &follower;
    let large = Package { datasets: 5_000, ..package(1, "ann") };
    let stamp = lake.core.stamp(&ann(), Action::PackageCreate, &[]);
    let rows = lake.core.store.put_package_and_tags(&large, None, &stamp).expect("rows");
    lake.tables.transact(rows).await.expect("tables answer");
    let datasets = AtomicU64::new(0);
    // As an import does: a dataset's row, and the package's counters.
    let grow = async |count: u64| {
        let number = datasets.fetch_add(1, Ordering::SeqCst);
        let made = Dataset { package_id: large.id, ..dataset(1, number, &format!("{number}.csv")) };
        let mut update = Update { add: [("sequence".to_owned(), 1)].into(), ..Update::default() };
        update.set.insert("datasets".to_owned(), count.into());
        let key = Key::new(large.id.to_string(), "package");
        let write = Write::Update { table: Table::Packages, key, update, condition: None };
        lake.tables.transact(vec![lake.core.store.put_path(&made, None).expect("a row"), write]).await.expect("tables answer");
        assert!(follower.hint(&[large.id]).await.is_empty());
    };
    let indexed = || index.document(large.id).expect("indexed").datasets;
    grow(5_000).await;
    // However large it becomes meanwhile: the wait that was told is the one that holds.
    for count in [50_000, 500_000, 5_000_000] {
        lake.clock.advance(Duration::from_secs(1));
        grow(count).await;
        assert_eq!(indexed(), 1, "it was written a moment ago");
    }
    let hint = (Job::Index { package_id: large.id }, Duration::from_secs(5));
    assert_eq!(lake.jobs.waiting(), [hint], "one hint was put off for all of them, until the pause is over");
    lake.clock.advance(Duration::from_secs(3));
    assert!(follower.hint(&[large.id]).await.is_empty());
    assert_eq!(indexed(), 4);
}

#[tokio::test]
async fn who_sees_a_large_package_is_written_at_once() {
    let follower = Follower::new();
    let Follower { lake, index, .. } = &follower;
    let large = Package { datasets: 900_000, visibility: Visibility::Everyone, ..package(1, "ann") };
    let stamp = lake.core.stamp(&ann(), Action::PackageCreate, &[]);
    let rows = lake.core.store.put_package_and_tags(&large, None, &stamp).expect("rows");
    lake.tables.transact(rows).await.expect("tables answer");
    assert!(follower.hint(&[large.id]).await.is_empty());
    let before = index.document(large.id).expect("indexed").terms[&TermField::Access].clone();
    let change = ChangePackage { visibility: Some("private".to_owned()), ..ChangePackage::default() };
    lake.packages.change(&ann(), large.id, &change, None).await.expect("changed");
    assert!(follower.hint(&[large.id]).await.is_empty());
    assert_ne!(index.document(large.id).expect("indexed").terms[&TermField::Access], before);
}
