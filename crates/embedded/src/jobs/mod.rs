//! The job queue on one machine: `SQLite` with leases, retries with backoff, and dead letters.
//!
//! A job is delivered at least once. It is leased to whoever receives it; if it is neither acknowledged nor released
//! before the lease ends, it is delivered again. After [`MAX_ATTEMPTS`] attempts it becomes a dead letter, which stays
//! until somebody retries it, and stops nothing behind it.

mod backoff;
mod queue;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    PortError, PortErrorKind, PortResult, Timestamp,
    change::Change,
    id::JobId,
    job::{Job, JobKind},
    ports::{Clock, Ids, Jobs},
};
use rusqlite::{Connection, Transaction};
use serde::de::DeserializeOwned;
use tokio::sync::Notify;

use crate::sqlite::{self, Failure};
use queue::{NewJob, Rows};

/// After so many failed attempts a job is a dead letter.
pub const MAX_ATTEMPTS: u32 = 8;

/// The longest delay that [`Jobs::enqueue`] takes.
pub const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);

/// The queue of changes that failed in the feed and were retried by hand; beside the queues of the [`JobKind`]s.
const CHANGES: &str = "changes";

/// One delivery of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery<T> {
    /// The job's id, the same in every delivery.
    pub id: JobId,
    /// Names this delivery: acknowledge and release want it, and do nothing once the lease has gone to somebody else.
    pub receipt: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// What is to be done.
    pub job: T,
}

/// A job that was given up.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// The job's id.
    pub id: JobId,
    /// Its queue: a [`JobKind`]'s name, or `changes`.
    pub queue: String,
    /// The job as JSON.
    pub body: serde_json::Value,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was enqueued.
    pub enqueued_at: Timestamp,
    /// When it was given up.
    pub died_at: Timestamp,
}

/// A job as it stands in its queue, or among the dead letters.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedJob {
    /// The job's id.
    pub id: JobId,
    /// Its queue: a [`JobKind`]'s name, or `changes`.
    pub queue: String,
    /// The job as JSON.
    pub body: serde_json::Value,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was enqueued.
    pub enqueued_at: Timestamp,
    /// Not before this it is tried (again); for one that is being done, when its lease ends.
    pub due_at: Timestamp,
    /// When it was given up, if it was.
    pub died_at: Option<Timestamp>,
}

/// What stands in one queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueDepth {
    /// A [`JobKind`]'s name, or `changes`.
    pub queue: String,
    /// Jobs to be done, leased ones included.
    pub waiting: u64,
    /// Dead letters.
    pub dead: u64,
    /// How long the oldest job to be done has been waiting.
    pub oldest_age: Option<Duration>,
}

/// The queues of one machine in one file.
#[derive(Clone)]
pub struct SqliteJobs {
    shared: Arc<Shared>,
}

struct Shared {
    connection: Mutex<Connection>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    changed: [Notify; JobKind::ALL.len() + 1],
}

impl SqliteJobs {
    /// Opens or makes the file at `path`. To be called once a process and file.
    ///
    /// # Errors
    /// If the file can't be opened, or is no queue of this version.
    pub async fn open(path: &Path, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> PortResult<Self> {
        let path = path.to_owned();
        let connection = blocking(move || queue::FILE.open(&path)).await?;
        let shared = Shared { connection: Mutex::new(connection), clock, ids, changed: Default::default() };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Ends all leases: for the start of the only process that works on this file, whose predecessor may have been
    /// killed in the middle of a job. The attempts count.
    ///
    /// # Errors
    /// If the file can't be written.
    pub async fn end_leases(&self) -> PortResult<()> {
        self.run(|rows, _| rows.end_leases()).await
    }

    /// Leases up to `max` jobs of `kind` that are due, oldest first.
    ///
    /// Jobs of one group come in order: while an earlier one is leased, delayed or waits for its next attempt, no later
    /// one is delivered. One answer may hold several of a group, in order; who fails one must release those behind it too.
    ///
    /// # Errors
    /// If the file can't be read or written.
    pub async fn receive(&self, kind: JobKind, max: usize, lease: Duration) -> PortResult<Vec<Delivery<Job>>> {
        self.receive_from(kind.name(), max, lease).await
    }

    /// As [`SqliteJobs::receive`], for changes that were dead letters and are to be tried again.
    ///
    /// # Errors
    /// As there.
    pub async fn receive_changes(&self, max: usize, lease: Duration) -> PortResult<Vec<Delivery<Change>>> {
        self.receive_from(CHANGES, max, lease).await
    }

    /// Takes jobs that are done off the queue.
    ///
    /// # Errors
    /// If the file can't be written.
    pub async fn acknowledge(&self, receipts: &[String]) -> PortResult<()> {
        let receipts = receipts.to_vec();
        self.run(move |rows, _| rows.acknowledge(&receipts)).await
    }

    /// Gives failed jobs back: they come again after a backoff (1 second to 15 minutes, by attempt), or become dead
    /// letters after [`MAX_ATTEMPTS`]. Of several of one group only the first is counted as failed, the others were only
    /// behind it.
    ///
    /// # Errors
    /// If the file can't be written.
    pub async fn release(&self, receipts: &[String]) -> PortResult<()> {
        let receipts = receipts.to_vec();
        self.run(move |rows, ids| rows.release(&receipts, |attempts| backoff::after(attempts, ids))).await
    }

    /// Keeps a change that a worker could not handle in `attempts` attempts as a dead letter.
    ///
    /// # Errors
    /// If the file can't be written.
    pub async fn bury_change(&self, change: &Change, attempts: u32) -> PortResult<()> {
        let body = to_json(change)?;
        let id = JobId::new(self.shared.ids.new_id());
        self.run(move |rows, _| rows.bury(CHANGES, id, &body, attempts)).await
    }

    /// Dead letters in the order of their ids, behind `after`.
    ///
    /// # Errors
    /// If the file can't be read.
    pub async fn dead_letters(&self, after: Option<JobId>, limit: usize) -> PortResult<Vec<DeadLetter>> {
        self.run(move |rows, _| rows.dead_letters(after, limit)).await
    }

    /// All jobs, dead letters too, in the order of their ids, behind `after`.
    ///
    /// # Errors
    /// If the file can't be read.
    pub async fn list(&self, after: Option<JobId>, limit: usize) -> PortResult<Vec<ListedJob>> {
        self.run(move |rows, _| rows.list(after, limit)).await
    }

    /// Puts a dead letter back into its queue, behind the others, with all attempts before it.
    ///
    /// # Errors
    /// `NotFound` if there is no such dead letter.
    pub async fn retry(&self, id: JobId) -> PortResult<()> {
        self.run(move |rows, _| rows.retry(id)).await?;
        self.shared.wake_all();
        Ok(())
    }

    /// What stands in each queue.
    ///
    /// # Errors
    /// If the file can't be read.
    pub async fn depths(&self) -> PortResult<Vec<QueueDepth>> {
        let names: Vec<&str> = JobKind::ALL.into_iter().map(JobKind::name).chain([CHANGES]).collect();
        self.run(move |rows, _| names.into_iter().map(|name| rows.depth(name)).collect()).await
    }

    /// Waits until something was enqueued or retried in this process.
    ///
    /// Jobs whose delay or lease just ends wake nobody, so callers also look from time to time. Made for one waiter a kind:
    /// a wake-up before the call is not lost, but reaches only one.
    pub async fn changed(&self, kind: JobKind) {
        self.shared.changed[position(kind)].notified().await;
    }

    /// As [`SqliteJobs::changed`], for [`SqliteJobs::receive_changes`].
    pub async fn changes_changed(&self) {
        self.shared.changed[JobKind::ALL.len()].notified().await;
    }

    async fn receive_from<T>(&self, queue: &'static str, max: usize, lease: Duration) -> PortResult<Vec<Delivery<T>>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.run(move |rows, _| rows.receive(queue, max, lease)).await
    }

    async fn insert(&self, jobs: Vec<NewJob>) -> PortResult<()> {
        let queues: Vec<usize> = jobs.iter().map(|job| position(job.kind)).collect();
        self.run(move |rows, _| rows.insert(&jobs)).await?;
        for queue in queues {
            self.shared.changed[queue].notify_one();
        }
        Ok(())
    }

    /// Runs `work` in one transaction, off the asynchronous threads.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Rows<'_>, &dyn Ids) -> PortResult<T> + Send + 'static) -> PortResult<T> {
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            let mut connection = shared.connection.lock().unwrap_or_else(PoisonError::into_inner);
            let work = |transaction: &Transaction<'_>| Ok(work(&Rows::new(transaction, shared.clock.now()), &*shared.ids)?);
            sqlite::transact(&mut connection, work).map_err(|failure: Failure| failure.at("jobs.run"))
        })
        .await
    }
}

impl Shared {
    fn wake_all(&self) {
        for changed in &self.changed {
            changed.notify_one();
        }
    }
}

#[async_trait]
impl Jobs for SqliteJobs {
    async fn enqueue(&self, job: &Job, delay: Duration) -> PortResult<()> {
        if delay > LONGEST_DELAY {
            return Err(PortError::new(PortErrorKind::InvalidArgument, "jobs.enqueue").with("delay_seconds", delay.as_secs()));
        }
        self.insert(vec![self.new_job(job, delay)?]).await
    }

    async fn enqueue_many(&self, jobs: &[Job]) -> PortResult<()> {
        let jobs = jobs.iter().map(|job| self.new_job(job, Duration::ZERO)).collect::<PortResult<_>>()?;
        self.insert(jobs).await
    }
}

impl SqliteJobs {
    fn new_job(&self, job: &Job, delay: Duration) -> PortResult<NewJob> {
        let id = JobId::new(self.shared.ids.new_id());
        Ok(NewJob { id, kind: job.kind(), group: job.group(), body: to_json(job)?, delay })
    }
}

fn position(kind: JobKind) -> usize {
    JobKind::ALL.iter().position(|other| *other == kind).unwrap_or_default()
}

fn to_json(value: &impl serde::Serialize) -> PortResult<String> {
    serde_json::to_string(value).map_err(|error| PortError::new(PortErrorKind::Unexpected, "jobs.encode").because(error))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> PortResult<T> + Send + 'static) -> PortResult<T> {
    let ended = |error| PortError::new(PortErrorKind::Unexpected, "jobs.run").because(error);
    tokio::task::spawn_blocking(work).await.map_err(ended)?
}
