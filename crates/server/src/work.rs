//! The workers of one machine: each with the same handler as its Lambda, fed by a loop.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use app::workers::reindexing::Reindexing;
use domain::{
    change::Change,
    job::{Job, JobKind},
    ports::Handler,
};
use runtime::{
    configuration::Configuration,
    worker::{Pace, Workers, enqueue_regularly, feed_changes, feed_jobs},
};
use tokio_util::sync::CancellationToken;

use crate::{
    bridges::{Feed, Queue, RetriedChanges},
    home::{AUDIT_BUCKET, BUCKET, Home, ObjectPorts},
};

/// Starts all loops.
///
/// # Errors
/// If what was lost, or broke off, can't be begun again.
pub(crate) async fn start(
    home: &Arc<Home>,
    ports: &ObjectPorts,
    configuration: &Configuration,
    api_url: &str,
    stop: &CancellationToken,
) -> anyhow::Result<Workers> {
    home.jobs.end_leases().await.context("can't end the leases of an earlier run")?;
    let reindexing = reindexing(home);
    reindexing.begin_if_lost().await.context("can't begin to build the index anew")?;
    // Nobody is at it: what held it was another process.
    reindexing.resume().await.context("can't go on with building the index anew")?;
    let workers = Workers::new(stop.clone());
    let pace = &configuration.workers.pace;
    for (kind, handler) in handlers(home, ports, api_url) {
        feed_queue(&workers, home, kind, handler, &pace_of(kind, pace));
    }
    follow_changes(&workers, home, pace);
    let (jobs, every) = (Arc::clone(&home.jobs), configuration.workers.sweep_every);
    workers.spawn("schedule", move |stop| {
        let jobs = Arc::clone(&jobs);
        async move { enqueue_regularly(jobs.as_ref(), &Job::Sweep, every, &stop).await }
    });
    Ok(workers)
}

/// Exports and housekeeping take minutes: one at a time, as long as a Lambda may run, so that a slow one neither is cut off
/// nor counts against those behind it. The indexer begins nothing in the last minute of its time, and needs some before.
fn pace_of(kind: JobKind, pace: &Pace) -> Pace {
    match kind {
        JobKind::Audit => pace.clone(),
        JobKind::Search => {
            let (time_limit, lease) = (Duration::from_secs(2 * 60), Duration::from_secs(5 * 60));
            Pace { time_limit: pace.time_limit.max(time_limit), lease: pace.lease.max(lease), ..pace.clone() }
        }
        JobKind::Manifest | JobKind::Housekeeping => {
            Pace { batch: 1, time_limit: Duration::from_secs(15 * 60), lease: Duration::from_secs(20 * 60), ..pace.clone() }
        }
    }
}

fn handlers(home: &Home, ports: &ObjectPorts, api_url: &str) -> Vec<(JobKind, Arc<dyn Handler<Job>>)> {
    let logging = function_logging::handler(function_logging::Deps { tables: home.tables.clone(), audit_log: home.audit_log.clone() });
    let indexer = function_indexer::handler(function_indexer::Deps {
        tables: home.tables.clone(),
        index: home.search.clone(),
        rebuild: home.search.clone(),
        jobs: home.jobs.clone(),
        clock: Arc::clone(&home.clock),
    });
    let manifest = function_manifest::Worker::new(function_manifest::Deps {
        tables: home.tables.clone(),
        objects: Arc::clone(&ports.objects),
        jobs: home.jobs.clone(),
        cipher: home.cipher.clone(),
        clock: Arc::clone(&home.clock),
        ids: Arc::clone(&home.ids),
        bucket: BUCKET.to_owned(),
        links: api_url.to_owned(),
        units_per_second: None,
    });
    let housekeeping = function_housekeeping::Worker::new(function_housekeeping::Deps {
        tables: home.tables.clone(),
        objects: Arc::clone(&ports.objects),
        multipart: Arc::clone(&ports.multipart),
        jobs: home.jobs.clone(),
        cipher: home.cipher.clone(),
        signer: home.signer.clone(),
        // Here nobody changes people behind the product's back.
        directory: None,
        clock: Arc::clone(&home.clock),
        ids: Arc::clone(&home.ids),
        bucket: BUCKET.to_owned(),
        audit_bucket: AUDIT_BUCKET.to_owned(),
    });
    vec![
        (JobKind::Audit, Arc::new(logging)),
        (JobKind::Search, Arc::new(indexer)),
        (JobKind::Manifest, Arc::new(manifest)),
        (JobKind::Housekeeping, Arc::new(housekeeping)),
    ]
}

fn feed_queue(workers: &Workers, home: &Home, kind: JobKind, handler: Arc<dyn Handler<Job>>, pace: &Pace) {
    let (jobs, pace) = (Arc::clone(&home.jobs), pace.clone());
    workers.spawn(kind.name(), move |stop| {
        let (queue, handler, pace) = (Queue { jobs: Arc::clone(&jobs), kind }, Arc::clone(&handler), pace.clone());
        async move { feed_jobs(kind.name(), &queue, handler.as_ref(), &pace, &stop).await }
    });
}

/// Two loops with one handler: the feed itself, and changes that were given up and are tried again by hand.
fn follow_changes(workers: &Workers, home: &Home, pace: &Pace) {
    let handler: Arc<dyn Handler<Change>> = Arc::new(function_changes::handler(function_changes::Deps { jobs: home.jobs.clone() }));
    let (tables, jobs, first, first_pace) = (Arc::clone(&home.tables), Arc::clone(&home.jobs), Arc::clone(&handler), pace.clone());
    workers.spawn("changes", move |stop| {
        let (feed, dead) = (Feed(Arc::clone(&tables)), RetriedChanges(Arc::clone(&jobs)));
        let (handler, pace) = (Arc::clone(&first), first_pace.clone());
        async move { feed_changes("changes", &feed, handler.as_ref(), &dead, &pace, &stop).await }
    });
    let (jobs, pace) = (Arc::clone(&home.jobs), pace.clone());
    workers.spawn("retried changes", move |stop| {
        let (queue, handler, pace) = (RetriedChanges(Arc::clone(&jobs)), Arc::clone(&handler), pace.clone());
        async move { feed_jobs("retried changes", &queue, handler.as_ref(), &pace, &stop).await }
    });
}

/// The index follows the tables; one that was lost is built from them.
fn reindexing(home: &Home) -> Reindexing {
    Reindexing::new(home.tables.clone(), home.search.clone(), home.jobs.clone(), Arc::clone(&home.clock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_indexer_has_time_before_it_begins_nothing_more() {
        for time_limit in [1, 60, 600] {
            let told = Pace { time_limit: Duration::from_secs(time_limit), lease: Duration::from_secs(time_limit + 1), ..Pace::default() };
            let pace = pace_of(JobKind::Search, &told);
            assert!(pace.time_limit >= Duration::from_secs(120) && pace.lease > pace.time_limit, "{pace:?}");
        }
    }
}
