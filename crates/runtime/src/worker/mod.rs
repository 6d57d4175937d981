//! The loops that feed the workers on one machine.
//!
//! A worker is a [`domain::ports::Handler`]. What feeds it is a [`JobQueue`] or a [`ChangeFeed`]; both deliver at least
//! once. A handler that panics or takes too long takes no other entry down with it, and no loop with it.

mod attempt;
mod feed;
mod queue;
mod supervisor;
mod tick;

use std::time::Duration;

use async_trait::async_trait;
use domain::{PortResult, change::Change};

pub use feed::feed_changes;
pub use queue::feed_jobs;
pub use supervisor::Workers;
pub use tick::enqueue_regularly;

/// One delivery of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery<T> {
    /// Names this delivery.
    pub receipt: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Deliveries of one group are in order: when one fails, those behind it come again too.
    pub group: Option<String>,
    /// What is to be done.
    pub body: T,
}

/// A queue with leases.
#[async_trait]
pub trait JobQueue<T>: Send + Sync {
    /// Leases up to `max` jobs that are due.
    async fn receive(&self, max: usize, lease: Duration) -> PortResult<Vec<Delivery<T>>>;

    /// These are done.
    async fn acknowledge(&self, receipts: &[String]) -> PortResult<()>;

    /// These failed: the queue delivers them again after a while, or gives them up.
    async fn release(&self, receipts: &[String]) -> PortResult<()>;

    /// Waits until there may be something new. May wake for nothing, may miss something.
    async fn changed(&self);
}

/// The changes of the tables, in order, each with its position.
#[async_trait]
pub trait ChangeFeed: Send + Sync {
    /// The next changes behind `after`.
    async fn read(&self, after: i64, limit: usize) -> PortResult<Vec<(i64, Change)>>;

    /// Up to where all is acknowledged.
    async fn position(&self) -> PortResult<i64>;

    /// All up to here need not come again.
    async fn acknowledge(&self, upto: i64) -> PortResult<()>;

    /// Waits until there may be something new. May wake for nothing, may miss something.
    async fn changed(&self);
}

/// Where entries go that a worker can't handle: a list that people see.
#[async_trait]
pub trait DeadLetters<T>: Send + Sync {
    /// Keeps `entry`, which failed `attempts` times. Durable once this returns.
    async fn bury(&self, entry: &T, attempts: u32) -> PortResult<()>;
}

/// How fast a loop goes, and how patient it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// At most so many entries a batch, 1 to 100.
    pub batch: usize,
    /// How long a batch may take.
    pub time_limit: Duration,
    /// How long jobs are leased; longer than `time_limit`.
    pub lease: Duration,
    /// How often to look when nothing wakes the loop.
    pub idle: Duration,
    /// The wait after a first failure; it doubles with each further one.
    pub first_backoff: Duration,
    /// The longest wait between two attempts.
    pub longest_backoff: Duration,
    /// After so many failed attempts a change is given up, provided that others go through.
    pub attempts: u32,
    /// How long a batch may go on once the loop is told to stop.
    pub grace: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            batch: 100,
            time_limit: Duration::from_secs(60),
            lease: Duration::from_secs(300),
            idle: Duration::from_secs(1),
            first_backoff: Duration::from_secs(1),
            longest_backoff: Duration::from_secs(60),
            attempts: 6,
            grace: Duration::from_secs(10),
        }
    }
}

impl Pace {
    /// The wait after `failures` failures in a row.
    fn backoff(&self, failures: u32) -> Duration {
        let doubled = 2_u32.checked_pow(failures.saturating_sub(1)).map(|factor| self.first_backoff.saturating_mul(factor));
        doubled.unwrap_or(self.longest_backoff).min(self.longest_backoff)
    }
}
