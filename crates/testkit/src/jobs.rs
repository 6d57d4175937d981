//! What every `Jobs` promises, and what every queue behind it does.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    PortErrorKind,
    job::{Job, JobKind},
    ports::Jobs,
};

use crate::{
    LONGEST_DELAY,
    builders::{audit_record, export_id, package_id, user_id},
};

/// One delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// Names it.
    pub receipt: String,
    /// What is to be done.
    pub job: Job,
}

/// The other end of a queue, and its time.
#[async_trait]
pub trait JobsHarness: Send + Sync {
    /// The port.
    fn jobs(&self) -> &dyn Jobs;

    /// All jobs of `kind` that can be had now (at most `max`), leased for so long.
    async fn receive(&self, kind: JobKind, max: usize, lease: Duration) -> Vec<Received>;

    /// Lets time pass.
    async fn pass(&self, time: Duration);
}

/// A queue with leases, retries and dead letters.
#[async_trait]
pub trait QueueHarness: JobsHarness {
    /// It is done.
    async fn acknowledge(&self, receipt: &str);

    /// It failed.
    async fn release(&self, receipts: &[&str]);

    /// Ids and jobs of the dead letters.
    async fn dead(&self) -> Vec<(String, Job)>;

    /// Another try for a dead letter.
    async fn retry(&self, id: &str);
}

/// Runs the checks of the port: `jobs_suite!(make)`, where `make` is an asynchronous function to a boxed [`JobsHarness`].
#[macro_export]
macro_rules! jobs_suite {
    ($make:path $(, unless = $left_out:path)?) => {
        $crate::contract_tests!($make, jobs $(, unless = $left_out)?;
            every_job_reaches_the_worker_of_its_kind_unchanged,
            a_delayed_job_comes_when_its_time_has_come,
            a_delay_of_more_than_15_minutes_is_refused,
            many_jobs_are_enqueued_at_once,
            audit_jobs_of_one_chain_come_in_order,
        );
    };
}

/// Runs the checks of a queue with leases: `queue_suite!(make)`, where `make` is an asynchronous function to a boxed
/// [`QueueHarness`].
#[macro_export]
macro_rules! queue_suite {
    ($make:path) => {
        $crate::contract_tests!($make, jobs;
            a_leased_job_is_not_delivered_again_until_its_lease_ends,
            an_acknowledged_job_is_gone,
            a_released_job_comes_again_after_a_backoff,
            a_receipt_is_void_once_somebody_else_has_the_job,
            a_later_job_of_a_group_waits_for_an_earlier_one,
            a_failed_job_holds_up_its_group_and_no_other,
            after_eight_attempts_a_job_is_dead_and_those_behind_it_go_on,
            those_behind_a_failing_job_are_not_counted_as_failed,
            a_worker_that_dies_with_a_job_uses_up_an_attempt,
            a_dead_letter_can_be_retried,
        );
    };
}

const LEASE: Duration = Duration::from_secs(60);
const A_WHILE: Duration = Duration::from_secs(20 * 60);

fn index(number: u64) -> Job {
    Job::Index { package_id: package_id(number) }
}

fn audit(number: u64, resource: &str) -> Job {
    Job::Audit { record: audit_record(number, resource) }
}

/// Two resources in two chains.
fn two_chains() -> (String, String) {
    let chain = |number: u32| domain::audit::chain_of(&number.to_string());
    let other = (1..100).find(|number| chain(*number) != chain(0)).expect("there are several chains");
    ("0".to_owned(), other.to_string())
}

async fn take(queue: &(impl JobsHarness + ?Sized), kind: JobKind) -> Vec<Job> {
    queue.receive(kind, 100, LEASE).await.into_iter().map(|received| received.job).collect()
}

async fn enqueue(queue: &(impl JobsHarness + ?Sized), jobs: &[Job]) {
    queue.jobs().enqueue_many(jobs).await.expect("enqueues");
}

async fn receive_one(queue: &(impl JobsHarness + ?Sized), kind: JobKind) -> Received {
    let mut received = queue.receive(kind, 1, LEASE).await;
    assert_eq!(received.len(), 1, "a job is due");
    received.remove(0)
}

/// Every variant.
pub async fn every_job_reaches_the_worker_of_its_kind_unchanged(queue: &impl JobsHarness) {
    let (user_id, export_id, package_id) = (user_id("ann"), export_id(1), package_id(1));
    let jobs = [
        audit(1, "pkg_é\n"),
        Job::Index { package_id },
        Job::Reindex,
        Job::Export { user_id: user_id.clone(), export_id },
        Job::RemoveExport { user_id, export_id },
        Job::PackageDeleted { package_id },
        Job::Sweep,
    ];
    for job in &jobs {
        queue.jobs().enqueue(job, Duration::ZERO).await.expect("enqueues");
    }
    for kind in JobKind::ALL {
        let expected: Vec<Job> = jobs.iter().filter(|job| job.kind() == kind).cloned().collect();
        assert_eq!(take(queue, kind).await, expected, "{kind:?}");
    }
}

/// Not before, and then.
pub async fn a_delayed_job_comes_when_its_time_has_come(queue: &impl JobsHarness) {
    queue.jobs().enqueue(&index(1), Duration::from_secs(10)).await.expect("enqueues");
    queue.jobs().enqueue(&index(2), LONGEST_DELAY).await.expect("enqueues");
    queue.pass(Duration::from_secs(9)).await;
    assert_eq!(take(queue, JobKind::Search).await, []);
    queue.pass(Duration::from_secs(1)).await;
    let first = queue.receive(JobKind::Search, 100, LONGEST_DELAY * 2).await;
    assert_eq!(first.into_iter().map(|received| received.job).collect::<Vec<_>>(), [index(1)]);
    queue.pass(LONGEST_DELAY).await;
    assert_eq!(take(queue, JobKind::Search).await, [index(2)]);
}

/// Later things go by `due`.
pub async fn a_delay_of_more_than_15_minutes_is_refused(queue: &impl JobsHarness) {
    let error = queue.jobs().enqueue(&Job::Sweep, LONGEST_DELAY + Duration::from_secs(1)).await.expect_err("too long");
    assert_eq!(error.kind(), PortErrorKind::InvalidArgument);
    queue.pass(LONGEST_DELAY * 2).await;
    assert_eq!(take(queue, JobKind::Housekeeping).await, []);
}

/// And none at all.
pub async fn many_jobs_are_enqueued_at_once(queue: &impl JobsHarness) {
    let jobs: Vec<Job> = (1..=25).map(index).collect();
    enqueue(queue, &jobs).await;
    enqueue(queue, &[]).await;
    let mut received = Vec::new();
    loop {
        let batch = take(queue, JobKind::Search).await;
        if batch.is_empty() {
            break;
        }
        received.extend(batch);
    }
    for job in &jobs {
        assert!(received.contains(job), "{job:?}");
    }
    assert_eq!(received.len(), jobs.len());
}

/// The order in which records enter their chain.
pub async fn audit_jobs_of_one_chain_come_in_order(queue: &impl JobsHarness) {
    let jobs: Vec<Job> = (1..=9).map(|number| audit(number, "pkg_1")).collect();
    enqueue(queue, &jobs).await;
    assert_eq!(take(queue, JobKind::Audit).await, jobs);
}

/// A worker that died loses it to another.
pub async fn a_leased_job_is_not_delivered_again_until_its_lease_ends(queue: &impl QueueHarness) {
    enqueue(queue, &[index(1)]).await;
    let first = receive_one(queue, JobKind::Search).await;
    queue.pass(LEASE - Duration::from_secs(1)).await;
    assert_eq!(take(queue, JobKind::Search).await, []);
    queue.pass(Duration::from_secs(1)).await;
    let second = receive_one(queue, JobKind::Search).await;
    assert_eq!(second.job, first.job);
    assert_ne!(second.receipt, first.receipt);
}

/// For good.
pub async fn an_acknowledged_job_is_gone(queue: &impl QueueHarness) {
    enqueue(queue, &[index(1)]).await;
    queue.acknowledge(&receive_one(queue, JobKind::Search).await.receipt).await;
    queue.pass(A_WHILE).await;
    assert_eq!(take(queue, JobKind::Search).await, []);
    assert_eq!(queue.dead().await, []);
}

/// Between one second and 15 minutes.
pub async fn a_released_job_comes_again_after_a_backoff(queue: &impl QueueHarness) {
    enqueue(queue, &[index(1)]).await;
    let first = receive_one(queue, JobKind::Search).await;
    queue.release(&[&first.receipt]).await;
    assert_eq!(take(queue, JobKind::Search).await, []);
    queue.pass(Duration::from_secs(2)).await;
    assert_eq!(receive_one(queue, JobKind::Search).await.job, index(1));
}

/// Neither acknowledging nor releasing reaches another's delivery.
pub async fn a_receipt_is_void_once_somebody_else_has_the_job(queue: &impl QueueHarness) {
    enqueue(queue, &[index(1)]).await;
    let late = receive_one(queue, JobKind::Search).await;
    queue.pass(LEASE).await;
    let _held = receive_one(queue, JobKind::Search).await;
    queue.acknowledge(&late.receipt).await;
    queue.release(&[&late.receipt]).await;
    queue.pass(LEASE - Duration::from_secs(1)).await;
    assert_eq!(take(queue, JobKind::Search).await, []);
    queue.pass(Duration::from_secs(1)).await;
    assert_eq!(take(queue, JobKind::Search).await, [index(1)]);
}

/// While it is leased, and while it is delayed.
pub async fn a_later_job_of_a_group_waits_for_an_earlier_one(queue: &impl QueueHarness) {
    let (first_chain, second_chain) = two_chains();
    queue.jobs().enqueue(&audit(1, &first_chain), Duration::from_secs(30)).await.expect("enqueues");
    enqueue(queue, &[audit(2, &first_chain), audit(3, &second_chain)]).await;
    assert_eq!(take(queue, JobKind::Audit).await, [audit(3, &second_chain)]);
    queue.pass(Duration::from_secs(30)).await;
    let first = receive_one(queue, JobKind::Audit).await;
    assert_eq!(first.job, audit(1, &first_chain));
    assert_eq!(take(queue, JobKind::Audit).await, [], "the first is leased");
    queue.acknowledge(&first.receipt).await;
    assert_eq!(take(queue, JobKind::Audit).await, [audit(2, &first_chain)]);
}

/// Until its next attempt.
pub async fn a_failed_job_holds_up_its_group_and_no_other(queue: &impl QueueHarness) {
    let (first_chain, second_chain) = two_chains();
    enqueue(queue, &[audit(1, &first_chain), audit(2, &first_chain), audit(3, &second_chain)]).await;
    let first = receive_one(queue, JobKind::Audit).await;
    queue.release(&[&first.receipt]).await;
    assert_eq!(take(queue, JobKind::Audit).await, [audit(3, &second_chain)]);
    queue.pass(Duration::from_secs(2)).await;
    assert_eq!(take(queue, JobKind::Audit).await, [audit(1, &first_chain), audit(2, &first_chain)]);
}

async fn fail_until_dead(queue: &impl QueueHarness, job: &Job) {
    for attempt in 1..=8 {
        let received = receive_one(queue, job.kind()).await;
        assert_eq!(&received.job, job, "attempt {attempt}");
        queue.release(&[&received.receipt]).await;
        queue.pass(A_WHILE).await;
    }
}

/// What can't be done is put aside.
pub async fn after_eight_attempts_a_job_is_dead_and_those_behind_it_go_on(queue: &impl QueueHarness) {
    let (poison, next) = (audit(1, "pkg_1"), audit(2, "pkg_1"));
    enqueue(queue, &[poison.clone(), next.clone()]).await;
    fail_until_dead(queue, &poison).await;
    assert_eq!(queue.dead().await.into_iter().map(|(_, job)| job).collect::<Vec<_>>(), [poison]);
    assert_eq!(take(queue, JobKind::Audit).await, [next]);
}

/// They were only behind it.
pub async fn those_behind_a_failing_job_are_not_counted_as_failed(queue: &impl QueueHarness) {
    let (poison, next) = (audit(1, "pkg_1"), audit(2, "pkg_1"));
    enqueue(queue, &[poison.clone(), next.clone()]).await;
    for _ in 1..=8 {
        let batch = queue.receive(JobKind::Audit, 100, LEASE).await;
        assert_eq!(batch.len(), 2);
        queue.release(&[&batch[1].receipt, &batch[0].receipt]).await;
        queue.pass(A_WHILE).await;
    }
    assert_eq!(queue.dead().await.into_iter().map(|(_, job)| job).collect::<Vec<_>>(), [poison]);
    assert_eq!(take(queue, JobKind::Audit).await, [next]);
}

/// Else a job that kills its worker would come for ever.
pub async fn a_worker_that_dies_with_a_job_uses_up_an_attempt(queue: &impl QueueHarness) {
    enqueue(queue, &[index(1)]).await;
    for _ in 1..=8 {
        assert_eq!(take(queue, JobKind::Search).await, [index(1)]);
        queue.pass(LEASE).await;
    }
    assert_eq!(take(queue, JobKind::Search).await, []);
    assert_eq!(queue.dead().await.len(), 1);
}

/// With all its attempts, behind those that wait.
pub async fn a_dead_letter_can_be_retried(queue: &impl QueueHarness) {
    enqueue(queue, &[index(1)]).await;
    fail_until_dead(queue, &index(1)).await;
    enqueue(queue, &[index(2)]).await;
    let dead = queue.dead().await;
    queue.retry(&dead[0].0).await;
    assert_eq!(queue.dead().await, []);
    assert_eq!(take(queue, JobKind::Search).await, [index(2), index(1)]);
}

#[cfg(test)]
mod memory {
    use super::*;
    use crate::MemoryJobs;

    #[async_trait]
    impl JobsHarness for MemoryJobs {
        fn jobs(&self) -> &dyn Jobs {
            self
        }

        async fn receive(&self, kind: JobKind, _max: usize, _lease: Duration) -> Vec<Received> {
            self.take_due(kind).into_iter().map(|job| Received { receipt: String::new(), job }).collect()
        }

        async fn pass(&self, time: Duration) {
            MemoryJobs::pass(self, time);
        }
    }

    async fn make() -> Box<MemoryJobs> {
        Box::default()
    }

    jobs_suite!(make);
}
