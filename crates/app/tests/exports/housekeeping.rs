//! What is due.

use std::time::Duration;

use app::workers::housekeeping::Swept;
use domain::{
    Deadline, PortErrorKind,
    access::Action,
    api_key::ApiKey,
    audit::Origin,
    cart::ExportState,
    dataset::{Dataset, DatasetState},
    job::Job,
    ports::{Clock as _, Condition, Multipart, Table, Tables as _, Write},
};
use testkit::builders::{BUCKET, access_key_id, api_key, dataset_id, now, package_id, pending_dataset};

use crate::lake::{DAY, Lake, at, bob, bob_id};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

impl Lake {
    /// A dataset's row alone, due at that time.
    async fn due(&self, dataset: &Dataset, later: Duration) {
        self.tables.write(self.core.store.put_dataset(dataset, Some(at(later)), None, None).expect("a row")).await.expect("written");
    }

    async fn sweep_at(&self, later: Duration) -> Swept {
        self.clock.set(at(later));
        self.housekeeping.sweep().await
    }

    async fn state(&self, number: u64) -> Option<DatasetState> {
        let found = self.core.store.datasets(package_id(1), &[dataset_id(number)]).await.expect("read");
        found[0].as_ref().map(|dataset| dataset.state)
    }
}

impl Lake {
    /// Sweeps in runs that have time for hardly anything, each begun by the job that the one before it left; what was done
    /// and in how many runs.
    pub(crate) async fn sweep_in_runs(&self) -> (Swept, usize) {
        let (mut all, mut place) = (Swept::default(), None);
        for runs in 1..1_000 {
            let (swept, rest) = self.housekeeping.sweep_until(place.as_ref(), Deadline::at(self.clock.now())).await;
            all.handled += swept.handled;
            all.failed += swept.failed;
            match rest {
                None => return (all, runs),
                Some(Job::SweepFrom { place: next }) => place = Some(next),
                Some(other) => panic!("{other:?} does not go on with it"),
            }
        }
        panic!("it never ends")
    }
}

const fn swept(handled: u64, failed: u64) -> Swept {
    Swept { handled, failed }
}

#[tokio::test]
async fn uploads_that_were_never_completed_go_at_their_time_with_what_arrived_of_them() {
    let lake = Lake::new().await;
    let put = pending_dataset(1, 1, "put.csv");
    lake.bytes(&put.key).await;
    let mut parts = Dataset { size: 100 << 20, ..pending_dataset(1, 2, "parts.csv") };
    let upload = lake.objects.create(&parts.address(), "text/csv").await.expect("begun");
    parts.upload_id = Some(upload.upload_id.clone());
    lake.due(&put, WEEK).await;
    lake.due(&parts, WEEK).await;
    lake.due(&pending_dataset(1, 3, "never came.csv"), WEEK).await;

    assert_eq!(lake.sweep_at(WEEK - Duration::from_millis(1)).await, swept(0, 0));
    assert_eq!(lake.sweep_at(WEEK).await, swept(3, 0));
    assert!(lake.tables.rows(Table::Datasets).is_empty() && lake.objects.keys(BUCKET).is_empty());
    assert_eq!(lake.objects.parts(&upload).await.expect_err("aborted").kind(), PortErrorKind::NotFound);
    assert_eq!(lake.sweep_at(WEEK).await, swept(0, 0));
}

#[tokio::test]
async fn what_was_completed_meanwhile_stays_though_the_index_is_behind() {
    let lake = Lake::new().await;
    let dataset = lake.dataset(1, 1, "a.csv").await;
    lake.due(&Dataset { state: DatasetState::Pending, ..dataset.clone() }, WEEK).await;
    lake.tables.lag_indexes(u32::MAX);
    lake.put_dataset_row(&dataset).await;
    assert_eq!(lake.sweep_at(WEEK).await, swept(0, 0));
    assert_eq!(lake.state(1).await, Some(DatasetState::Available));
    assert_eq!(lake.objects.keys(BUCKET), [dataset.key]);
}

#[tokio::test]
async fn a_removed_dataset_goes_after_thirty_days_and_its_version_alone() {
    let lake = Lake::new().await;
    let removed = Dataset { state: DatasetState::Removed, ..lake.dataset(1, 1, "a.csv").await };
    lake.due(&removed, 30 * DAY).await;
    // Somebody wrote a newer version under the same key: it is nobody's to remove.
    lake.bytes(&removed.key).await;
    assert_eq!(lake.sweep_at(30 * DAY - Duration::from_millis(1)).await, swept(0, 0));
    assert_eq!(lake.sweep_at(30 * DAY).await, swept(1, 0));
    assert_eq!(lake.state(1).await, None);
    assert_eq!(lake.objects.keys(BUCKET), [removed.key]);
}

#[tokio::test]
async fn an_entry_that_fails_stops_nothing_and_comes_again() {
    let lake = Lake::new().await;
    for number in 1..=5 {
        let removed = Dataset { state: DatasetState::Removed, ..lake.dataset(1, number, &format!("{number}.csv")).await };
        lake.due(&removed, DAY).await;
    }
    lake.objects.faults().fail_once("objects.delete_many", PortErrorKind::Unavailable);
    assert_eq!(lake.sweep_at(DAY).await, swept(4, 1));
    assert_eq!(lake.objects.keys(BUCKET).len(), 1, "its bytes are there as long as its row is");
    lake.objects.faults().fail_after("objects.delete_many", PortErrorKind::Unavailable);
    assert_eq!(lake.sweep_at(DAY).await, swept(0, 1));
    assert_eq!(lake.sweep_at(DAY).await, swept(1, 0));
    assert!(lake.objects.keys(BUCKET).is_empty());
}

#[tokio::test]
async fn a_row_that_nobody_can_read_stops_nothing() {
    let lake = Lake::new().await;
    let good = pending_dataset(1, 1, "a.csv");
    lake.due(&good, DAY).await;
    lake.due(&pending_dataset(1, 2, "b.csv"), DAY).await;
    let mut rows = lake.tables.rows(Table::Datasets);
    let mut bad = rows.pop().expect("a row");
    bad.insert("state".to_owned(), "from a later version".into());
    lake.tables.write(Write::Put { table: Table::Datasets, item: bad, condition: None }).await.expect("written");
    assert_eq!(lake.sweep_at(DAY).await, swept(1, 1));
    assert_eq!(lake.tables.rows(Table::Datasets).len(), 1);
}

#[tokio::test]
async fn an_index_that_does_not_answer_is_counted_and_the_rest_is_looked_after() {
    let lake = Lake::new().await;
    lake.due(&pending_dataset(1, 1, "a.csv"), DAY).await;
    lake.tables.fail("tables.query", PortErrorKind::Unavailable, 1);
    assert_eq!(lake.sweep_at(DAY).await, swept(1, 1));
}

#[tokio::test]
async fn an_expired_export_loses_its_files_at_once_and_its_row_after_thirty_days() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.dataset(1, 1, "a.csv").await;
    lake.fill(&[id]).await;
    let export = lake.checkout("grant").await;
    lake.settle().await;
    let hour = Duration::from_secs(3_600);
    assert_eq!(lake.sweep_at(hour - Duration::from_millis(1)).await, swept(0, 0));
    lake.settle().await;
    lake.audited();
    assert_eq!(lake.sweep_at(hour).await, swept(1, 0));
    assert_eq!((lake.objects.keys(BUCKET).len(), lake.rows_of_export_parts()), (1, 0));
    assert_eq!(lake.export(export).await.state, ExportState::Revoked);
    lake.audited();
    lake.settle().await;
    let told: Vec<_> = lake.audited().into_iter().map(|record| (record.action, record.actor.user_id)).collect();
    assert_eq!(told, [(Action::ExportRevoke, None)], "told once, as the product's own doing");
    assert_eq!(lake.sweep_at(hour + 30 * DAY).await, swept(1, 0));
    assert_eq!(lake.exports.read(&bob(), export).await.expect_err("gone").code(), "not_found");
}

#[tokio::test]
async fn files_that_could_not_be_removed_go_by_the_job() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.fill(&[id]).await;
    lake.checkout("bucket-key").await;
    lake.settle().await;
    lake.objects.faults().fail_once("objects.delete_many", PortErrorKind::Unavailable);
    assert_eq!(lake.sweep_at(Duration::from_secs(3_600)).await, swept(0, 1));
    assert!(!lake.objects.keys(BUCKET).is_empty());
    lake.settle().await;
    assert!(lake.objects.keys(BUCKET).is_empty());
}

#[tokio::test]
async fn files_of_an_export_that_is_not_revoked_are_never_removed() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.fill(&[id]).await;
    let export = lake.checkout("bucket-key").await;
    lake.settle().await;
    lake.housekeeping.remove_export(&bob_id(), export).await.expect("nothing to do");
    assert_eq!(lake.exports.read(&bob(), export).await.expect("ready").manifests.len(), 2);
    assert_eq!(lake.objects.keys(BUCKET).len(), 2);
}

#[tokio::test]
async fn an_export_whose_job_was_lost_fails_and_can_be_tried_again() {
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    lake.fill(&[id]).await;
    let export = lake.checkout("bucket-key").await;
    lake.tables.take_changes();
    assert_eq!(lake.sweep_at(Duration::from_secs(6 * 3_600)).await, swept(1, 0));
    assert_eq!(lake.export(export).await.state, ExportState::Failed);
    lake.exports.retry(&bob(), export).await.expect("accepted");
    lake.settle().await;
    assert_eq!(lake.export(export).await.state, ExportState::Ready);
}

#[tokio::test]
async fn idempotency_rows_go_after_a_day() {
    let lake = Lake::new().await;
    let key = app::idempotency::IdempotencyKey::new(&bob(), Action::PackageCreate, "key", b"body").expect("a key");
    lake.transact(vec![lake.core.remember(&key, &1).expect("a row")]).await;
    assert_eq!(lake.sweep_at(DAY - Duration::from_millis(1)).await, swept(0, 0));
    assert_eq!(lake.sweep_at(DAY).await, swept(1, 0));
    assert!(lake.tables.rows(Table::Cart).is_empty());
}

#[tokio::test]
async fn an_expired_key_becomes_inactive_and_is_told_once() {
    let lake = Lake::new().await;
    let key = ApiKey { expires_at: Some(at(DAY)), ..api_key(7, "bob") };
    let stamp = lake.core.stamp_of(domain::audit::Actor::system(), &Origin::default(), Action::KeyGrant, &[]);
    lake.transact(vec![lake.core.store.put_api_key(&key, &stamp, Condition::Absent).expect("a row")]).await;
    lake.settle().await;
    lake.audited();
    assert_eq!(lake.sweep_at(DAY).await, swept(1, 0));
    assert_eq!(lake.sweep_at(2 * DAY).await, swept(0, 0), "and is due no more");
    let stored = lake.core.store.api_key(&access_key_id(7)).await.expect("read").expect("kept");
    assert_eq!(stored, ApiKey { active: false, ..key });
    lake.settle().await;
    assert_eq!(lake.audited().iter().map(|record| record.action).collect::<Vec<_>>(), [Action::KeyGrant]);
}

#[tokio::test]
async fn a_deleted_package_loses_its_pending_uploads_and_keeps_the_rest_for_a_while() {
    let lake = Lake::new().await;
    lake.package(1).await;
    let kept = lake.dataset(1, 1, "a.csv").await;
    let pending = pending_dataset(1, 2, "b.csv");
    lake.bytes(&pending.key).await;
    lake.due(&pending, WEEK).await;
    lake.housekeeping.package_deleted(package_id(1)).await.expect("the row says that it is not");
    assert_eq!(lake.state(2).await, Some(DatasetState::Pending));

    lake.transact(vec![app::store::PackageChange::at(now()).deleted(package_id(1), now(), at(30 * DAY)).into_write(package_id(1))]).await;
    lake.housekeeping.package_deleted(package_id(1)).await.expect("done");
    lake.housekeeping.package_deleted(package_id(1)).await.expect("twice is once");
    assert_eq!((lake.state(1).await, lake.state(2).await), (Some(DatasetState::Available), None));
    assert_eq!(lake.objects.keys(BUCKET), [kept.key]);
}

#[tokio::test]
async fn a_sweep_that_has_no_time_goes_on_in_as_many_runs_as_it_takes() {
    let lake = Lake::new().await;
    for number in 1..=20 {
        lake.due(&pending_dataset(1, number, &format!("{number}.csv")), WEEK).await;
    }
    lake.clock.set(at(WEEK));
    let (all, runs) = lake.sweep_in_runs().await;
    assert_eq!(all, swept(20, 0));
    assert!((10..=40).contains(&runs), "{runs}");
    assert!(lake.tables.rows(Table::Datasets).is_empty());
    assert_eq!(lake.sweep_in_runs().await, (swept(0, 0), 1), "and where nothing is due there is nothing to go on with");
}

#[tokio::test]
async fn rows_that_always_fail_neither_stop_those_behind_them_nor_keep_a_sweep_going() {
    let lake = Lake::new().await;
    for number in 1..=20 {
        let mut dataset = pending_dataset(1, number, &format!("{number}.csv"));
        if number <= 10 {
            // What is to be aborted can't be.
            dataset.upload_id = Some("upload".to_owned());
        }
        lake.due(&dataset, WEEK + Duration::from_secs(number)).await;
    }
    lake.objects.faults().fail_when("multipart.abort", PortErrorKind::Unavailable);
    lake.clock.set(at(2 * WEEK));
    let (all, runs) = lake.sweep_in_runs().await;
    assert!(runs < 100, "{runs}");
    assert!(all.failed >= 1 && all.handled >= 1, "{all:?}");
    // The schedule begins anew, and with time enough everything that can be done is done.
    assert_eq!(lake.sweep_at(2 * WEEK).await.failed, 10);
    assert_eq!(lake.tables.rows(Table::Datasets).len(), 10);
    lake.objects.faults().heal();
    assert_eq!(lake.sweep_at(2 * WEEK).await, swept(10, 0));
}

#[tokio::test]
async fn a_deleted_package_of_many_uploads_loses_them_in_several_runs() {
    let lake = Lake::new().await;
    lake.package(1).await;
    for number in 1..=7 {
        lake.due(&pending_dataset(1, number, &format!("{number}.csv")), WEEK).await;
    }
    lake.transact(vec![app::store::PackageChange::at(now()).deleted(package_id(1), now(), at(30 * DAY)).into_write(package_id(1))]).await;
    let mut runs = 0;
    while let Some(rest) = lake.housekeeping.package_deleted_until(package_id(1), Deadline::at(now())).await.expect("no failure") {
        assert_eq!(rest, Job::PackageDeleted { package_id: package_id(1) });
        runs += 1;
    }
    assert_eq!(runs, 6, "each run drops one at least");
    assert!(lake.tables.rows(Table::Datasets).is_empty());
}
