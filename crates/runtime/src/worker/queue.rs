//! From a queue to a worker.

use std::time::Instant;

use domain::ports::{Entry, Handler};
use tokio_util::sync::CancellationToken;

use super::{
    Delivery, JobQueue, Pace,
    attempt::{Attempt, Ordered},
};

/// Feeds `handler` from `queue` until `stop`; a batch that is being handled then has `pace.grace` to end.
pub async fn feed_jobs<T: Clone + Send + Sync>(
    worker: &str,
    queue: &dyn JobQueue<T>,
    handler: &dyn Handler<T>,
    pace: &Pace,
    stop: &CancellationToken,
) {
    let mut failures = 0_u32;
    while !stop.is_cancelled() {
        let leased_at = Instant::now();
        match queue.receive(pace.batch, pace.lease).await {
            Ok(deliveries) if deliveries.is_empty() => {
                failures = 0;
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = queue.changed() => {}
                    () = tokio::time::sleep(pace.idle) => {}
                }
            }
            Ok(deliveries) => {
                failures = 0;
                let until = Some(leased_at + pace.lease);
                let attempt = Attempt { worker, time_limit: pace.time_limit, until, grace: pace.grace, stop };
                handle(&attempt, queue, handler, deliveries).await;
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                tracing::error!(worker, %error, source = ?std::error::Error::source(&error), failures, "the queue can't be read");
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(pace.backoff(failures)) => {}
                }
            }
        }
    }
}

async fn handle<T: Clone + Send + Sync>(
    attempt: &Attempt<'_>,
    queue: &dyn JobQueue<T>,
    handler: &dyn Handler<T>,
    deliveries: Vec<Delivery<T>>,
) {
    let (worker, started) = (attempt.worker, Instant::now());
    let last_attempt = deliveries.iter().map(|delivery| delivery.attempt).max();
    let batch: Vec<Ordered<T>> = deliveries
        .into_iter()
        .map(|delivery| Ordered { entry: Entry { id: delivery.receipt, body: delivery.body }, group: delivery.group })
        .collect();
    let failed = attempt.run(handler, &batch).await;
    let (failed, done): (Vec<String>, Vec<String>) = batch.into_iter().map(|ordered| ordered.entry.id).partition(|id| failed.contains(id));
    tracing::debug!(
        worker,
        received = failed.len() + done.len(),
        done = done.len(),
        failed = failed.len(),
        attempt = last_attempt,
        milliseconds = started.elapsed().as_millis(),
        "handled a batch"
    );
    // Should the queue not hear of it, the leases end and the jobs come again: doing them twice is harmless.
    if !done.is_empty()
        && let Err(error) = queue.acknowledge(&done).await
    {
        tracing::error!(worker, %error, jobs = done.len(), "done jobs can't be acknowledged");
    }
    if !failed.is_empty()
        && let Err(error) = queue.release(&failed).await
    {
        tracing::error!(worker, %error, jobs = failed.len(), "failed jobs can't be given back");
    }
}
