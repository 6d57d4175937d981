//! Work to be done soon by a worker.

use std::time::Duration;

use async_trait::async_trait;

use crate::{error::PortResult, job::Job};

/// Hands work to the workers. Consuming is not a port: a worker implements [`super::Handler`].
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Enqueues; once this returns the job is delivered at least once, not before `delay` (at most 15 minutes;
    /// later things go by an item's `due`) has passed. Order is kept only among audit jobs of one chain.
    async fn enqueue(&self, job: &Job, delay: Duration) -> PortResult<()>;

    /// Enqueues several without delay. On an error some may have been enqueued.
    async fn enqueue_many(&self, jobs: &[Job]) -> PortResult<()>;
}
