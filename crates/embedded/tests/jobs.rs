//! The queue of one machine keeps the port's promises, leases, retries, and survives a restart.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use datalake_embedded::jobs::SqliteJobs;
use domain::{
    PortErrorKind,
    change::Change,
    id::JobId,
    job::{Job, JobKind},
    ports::{Jobs, Key, Table},
};
use testkit::{
    FixedClock, SequentialIds,
    builders::{package_id, ulid},
    jobs::{JobsHarness, QueueHarness, Received},
};

struct Harness {
    jobs: SqliteJobs,
    clock: Arc<FixedClock>,
    folder: tempfile::TempDir,
}

async fn open(folder: &Path, clock: &Arc<FixedClock>, seed: u64) -> SqliteJobs {
    let ids = Arc::new(SequentialIds::new(seed));
    SqliteJobs::open(&folder.join("jobs.sqlite3"), clock.clone(), ids).await.expect("opens")
}

async fn make() -> Box<Harness> {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(FixedClock::default());
    Box::new(Harness { jobs: open(folder.path(), &clock, 1).await, clock, folder })
}

#[async_trait]
impl JobsHarness for Harness {
    fn jobs(&self) -> &dyn Jobs {
        &self.jobs
    }

    async fn receive(&self, kind: JobKind, max: usize, lease: Duration) -> Vec<Received> {
        let deliveries = self.jobs.receive(kind, max, lease).await.expect("receives");
        deliveries.into_iter().map(|delivery| Received { receipt: delivery.receipt, job: delivery.job }).collect()
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

#[async_trait]
impl QueueHarness for Harness {
    async fn acknowledge(&self, receipt: &str) {
        self.jobs.acknowledge(&[receipt.to_owned()]).await.expect("acknowledges");
    }

    async fn release(&self, receipts: &[&str]) {
        let receipts: Vec<String> = receipts.iter().map(|receipt| (*receipt).to_owned()).collect();
        self.jobs.release(&receipts).await.expect("releases");
    }

    async fn dead(&self) -> Vec<(String, Job)> {
        let letters = self.jobs.dead_letters(None, 100).await.expect("lists");
        letters.into_iter().map(|letter| (letter.id.to_string(), serde_json::from_value(letter.body).expect("a job"))).collect()
    }

    async fn retry(&self, id: &str) {
        self.jobs.retry(id.parse().expect("an id")).await.expect("retries");
    }
}

testkit::jobs_suite!(make);
testkit::queue_suite!(make);

const LEASE: Duration = Duration::from_secs(60);

fn index(number: u64) -> Job {
    Job::Index { package_id: package_id(number) }
}

#[tokio::test]
async fn jobs_and_leases_outlive_a_restart() {
    let Harness { jobs, clock, folder } = *make().await;
    jobs.enqueue_many(&[index(1), index(2)]).await.expect("enqueues");
    let leased = jobs.receive(JobKind::Search, 1, LEASE).await.expect("receives");
    drop(jobs);
    let jobs = open(folder.path(), &clock, 100).await;
    let rest = jobs.receive(JobKind::Search, 10, LEASE).await.expect("receives");
    assert_eq!(rest.iter().map(|delivery| &delivery.job).collect::<Vec<_>>(), [&index(2)]);
    jobs.acknowledge(&[leased[0].receipt.clone()]).await.expect("acknowledges");
    clock.advance(LEASE);
    let again = jobs.receive(JobKind::Search, 10, LEASE).await.expect("receives");
    assert_eq!(again.iter().map(|delivery| (&delivery.job, delivery.attempt)).collect::<Vec<_>>(), [(&index(2), 2)]);
}

#[tokio::test]
async fn the_only_process_ends_the_leases_of_the_one_before() {
    let Harness { jobs, clock, folder } = *make().await;
    jobs.enqueue_many(&[index(1)]).await.expect("enqueues");
    jobs.enqueue(&index(2), LEASE).await.expect("enqueues for later");
    let leased = jobs.receive(JobKind::Search, 1, LEASE).await.expect("receives");
    drop(jobs);
    let jobs = open(folder.path(), &clock, 100).await;
    jobs.end_leases().await.expect("ends them");
    jobs.acknowledge(&[leased[0].receipt.clone()]).await.expect("is void");
    let again = jobs.receive(JobKind::Search, 10, LEASE).await.expect("receives");
    assert_eq!(
        again.iter().map(|delivery| (&delivery.job, delivery.attempt)).collect::<Vec<_>>(),
        [(&index(1), 2)],
        "delayed ones stay so"
    );
}

#[tokio::test]
async fn depths_tell_what_waits_how_long_and_what_is_dead() {
    let harness = make().await;
    harness.jobs.enqueue_many(&[index(1), index(2), Job::Sweep]).await.expect("enqueues");
    harness.clock.advance(Duration::from_secs(5));
    harness.jobs.bury_change(&change(), 3).await.expect("buries");
    let depths = harness.jobs.depths().await.expect("counts");
    let found: Vec<(&str, u64, u64, Option<u64>)> =
        depths.iter().map(|depth| (depth.queue.as_str(), depth.waiting, depth.dead, depth.oldest_age.map(|age| age.as_secs()))).collect();
    let expected = [
        ("audit", 0, 0, None),
        ("search", 2, 0, Some(5)),
        ("manifest", 0, 0, None),
        ("housekeeping", 1, 0, Some(5)),
        ("changes", 0, 1, None),
    ];
    assert_eq!(found, expected);
}

fn change() -> Change {
    let row = BTreeMap::from([("a".to_owned(), serde_json::json!(1))]);
    Change { table: Table::Packages, key: Key::new("pkg_1", "package"), old: None, new: Some(row) }
}

#[tokio::test]
async fn a_buried_change_is_a_dead_letter_until_it_is_retried() {
    let harness = make().await;
    harness.jobs.bury_change(&change(), 3).await.expect("buries");
    assert_eq!(harness.jobs.receive_changes(10, LEASE).await.expect("receives"), []);
    let letters = harness.jobs.dead_letters(None, 10).await.expect("lists");
    assert_eq!((letters[0].queue.as_str(), letters[0].attempts), ("changes", 3));
    harness.jobs.retry(letters[0].id).await.expect("retries");
    let deliveries = harness.jobs.receive_changes(10, LEASE).await.expect("receives");
    assert_eq!(deliveries.iter().map(|delivery| &delivery.job).collect::<Vec<_>>(), [&change()]);
}

#[tokio::test]
async fn dead_letters_come_in_pages() {
    let harness = make().await;
    for _ in 0..5 {
        harness.jobs.bury_change(&change(), 1).await.expect("buries");
    }
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let page = harness.jobs.dead_letters(after, 2).await.expect("lists");
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        ids.extend(page.iter().map(|letter| letter.id));
    }
    assert_eq!(ids.len(), 5);
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
}

#[tokio::test]
async fn retrying_what_is_not_dead_is_not_found() {
    let harness = make().await;
    harness.jobs.enqueue(&index(1), Duration::ZERO).await.expect("enqueues");
    let waiting = harness.jobs.receive(JobKind::Search, 1, LEASE).await.expect("receives")[0].id;
    for id in [waiting, JobId::new(ulid(99))] {
        assert_eq!(harness.jobs.retry(id).await.expect_err("is not dead").kind(), PortErrorKind::NotFound);
    }
}

#[tokio::test]
async fn whoever_waits_is_woken_by_a_new_job() {
    let jobs = make().await;
    let waiter = jobs.jobs.clone();
    let waiting = tokio::spawn(async move { waiter.changed(JobKind::Search).await });
    jobs.jobs.enqueue(&index(1), Duration::ZERO).await.expect("enqueues");
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("is woken").expect("ends");
}

#[tokio::test]
async fn a_file_of_a_later_version_is_refused() {
    let Harness { jobs, clock, folder } = *make().await;
    drop(jobs);
    let path = folder.path().join("jobs.sqlite3");
    rusqlite::Connection::open(&path).expect("opens").pragma_update(None, "user_version", 2).expect("sets the version");
    let error = SqliteJobs::open(&path, clock, Arc::new(SequentialIds::default())).await.err().expect("is refused");
    assert_eq!(error.kind(), PortErrorKind::Unsupported);
}

#[tokio::test]
async fn a_job_that_cannot_be_read_is_put_aside_and_stops_nothing() {
    let harness = make().await;
    harness.jobs.enqueue_many(&[index(1), index(2)]).await.expect("enqueues");
    let file = rusqlite::Connection::open(harness.folder.path().join("jobs.sqlite3")).expect("opens");
    file.execute("UPDATE jobs SET body = '{\"job\":\"of a later version\"}' WHERE place = 1", []).expect("updates");
    let deliveries = harness.jobs.receive(JobKind::Search, 10, LEASE).await.expect("receives");
    assert_eq!(deliveries.iter().map(|delivery| &delivery.job).collect::<Vec<_>>(), [&index(2)]);
    assert_eq!(harness.jobs.dead_letters(None, 10).await.expect("lists").len(), 1);
}
