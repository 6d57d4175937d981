//! The workers of one machine: each with the same handler as its Lambda, fed by a loop.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use domain::{
    PackageId,
    change::Change,
    job::{Job, JobKind},
    ports::{Handler, Jobs as _, PageKey, Scan, Table, Tables},
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
/// If an index that began empty can't be filled again.
pub(crate) async fn start(
    home: &Arc<Home>,
    ports: &ObjectPorts,
    configuration: &Configuration,
    api_url: &str,
    stop: &CancellationToken,
) -> anyhow::Result<Workers> {
    home.jobs.end_leases().await.context("can't end the leases of an earlier run")?;
    if home.search.is_fresh() {
        refill_index(home).await?;
    }
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
/// nor counts against those behind it.
fn pace_of(kind: JobKind, pace: &Pace) -> Pace {
    match kind {
        JobKind::Audit | JobKind::Search => pace.clone(),
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

/// The index follows the tables; one that was lost is filled from them.
async fn refill_index(home: &Home) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let (ids, next) = package_ids(home.tables.as_ref(), after).await?;
        let jobs: Vec<Job> = ids.into_iter().map(|package_id| Job::Index { package_id }).collect();
        for chunk in jobs.chunks(100) {
            home.jobs.enqueue_many(chunk).await.context("can't enqueue the packages")?;
        }
        match next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// A page of all packages, deleted ones too, and the place behind it.
pub(crate) async fn package_ids(tables: &dyn Tables, after: Option<PageKey>) -> anyhow::Result<(Vec<PackageId>, Option<PageKey>)> {
    let scan = Scan { table: Table::Packages, segment: 0, segments: 1, limit: 1000, after };
    let page = tables.scan(scan).await.context("can't read the packages")?;
    let packages = page.items.iter().filter(|item| item.get("item").is_some_and(|kind| kind == "package"));
    let ids = packages.filter_map(|item| item.get("package_id")?.as_str()?.parse::<PackageId>().ok());
    Ok((ids.collect(), page.next))
}
