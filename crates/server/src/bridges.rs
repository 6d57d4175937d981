//! Where the runtime's loops meet the embedded queues and the change feed.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    PortError, PortErrorKind, PortResult,
    change::Change,
    job::{Job, JobKind},
};
use embedded::{jobs::SqliteJobs, tables::SqliteTables};
use runtime::worker::{ChangeFeed, DeadLetters, Delivery, JobQueue};

/// The feed's only consumer, by name.
pub(crate) const CONSUMER: &str = "changes";

/// One kind's queue.
pub(crate) struct Queue {
    pub(crate) jobs: Arc<SqliteJobs>,
    pub(crate) kind: JobKind,
}

#[async_trait]
impl JobQueue<Job> for Queue {
    async fn receive(&self, max: usize, lease: Duration) -> PortResult<Vec<Delivery<Job>>> {
        let deliveries = self.jobs.receive(self.kind, max, lease).await?.into_iter();
        Ok(deliveries.map(|delivery| bridge(delivery, Job::group)).collect())
    }

    async fn acknowledge(&self, receipts: &[String]) -> PortResult<()> {
        self.jobs.acknowledge(receipts).await
    }

    async fn release(&self, receipts: &[String]) -> PortResult<()> {
        self.jobs.release(receipts).await
    }

    async fn changed(&self) {
        self.jobs.changed(self.kind).await;
    }
}

/// Changes that were given up and that somebody asked to try again.
pub(crate) struct RetriedChanges(pub(crate) Arc<SqliteJobs>);

#[async_trait]
impl JobQueue<Change> for RetriedChanges {
    async fn receive(&self, max: usize, lease: Duration) -> PortResult<Vec<Delivery<Change>>> {
        Ok(self.0.receive_changes(max, lease).await?.into_iter().map(|delivery| bridge(delivery, |_| None)).collect())
    }

    async fn acknowledge(&self, receipts: &[String]) -> PortResult<()> {
        self.0.acknowledge(receipts).await
    }

    async fn release(&self, receipts: &[String]) -> PortResult<()> {
        self.0.release(receipts).await
    }

    async fn changed(&self) {
        self.0.changes_changed().await;
    }
}

#[async_trait]
impl DeadLetters<Change> for RetriedChanges {
    async fn bury(&self, entry: &Change, attempts: u32) -> PortResult<()> {
        self.0.bury_change(entry, attempts).await
    }
}

fn bridge<T>(delivery: embedded::jobs::Delivery<T>, group: impl Fn(&T) -> Option<String>) -> Delivery<T> {
    Delivery { receipt: delivery.receipt, attempt: delivery.attempt, group: group(&delivery.job), body: delivery.job }
}

/// The tables' change feed.
pub(crate) struct Feed(pub(crate) Arc<SqliteTables>);

#[async_trait]
impl ChangeFeed for Feed {
    async fn read(&self, after: i64, limit: usize) -> PortResult<Vec<(i64, Change)>> {
        let limit = u32::try_from(limit).map_err(|error| PortError::new(PortErrorKind::InvalidArgument, "feed.read").because(error))?;
        self.0.read_changes(after, limit).await
    }

    async fn position(&self) -> PortResult<i64> {
        self.0.subscribe(CONSUMER).await
    }

    async fn acknowledge(&self, upto: i64) -> PortResult<()> {
        self.0.acknowledge(CONSUMER, upto).await
    }

    async fn changed(&self) {
        let mut newest = self.0.newest_change();
        newest.mark_unchanged();
        // Closed only with the tables themselves; the loop's own idle time then goes on.
        if newest.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
