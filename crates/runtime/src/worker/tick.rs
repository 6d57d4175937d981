//! What is to be done regularly.

use std::time::Duration;

use domain::{job::Job, ports::Jobs};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Enqueues `job` now and then `every` so often, until `stop`. A tick that can't be enqueued is left to the next.
pub async fn enqueue_regularly(jobs: &dyn Jobs, job: &Job, every: Duration, stop: &CancellationToken) {
    let mut interval = tokio::time::interval(every);
    // After a suspension one tick is enough.
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = interval.tick() => {}
        }
        if let Err(error) = jobs.enqueue(job, Duration::ZERO).await {
            tracing::error!(%error, kind = job.kind().name(), "a regular job can't be enqueued");
        }
    }
}
