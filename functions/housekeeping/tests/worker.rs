//! The worker over ports in memory: each job is done, and what fails is named.

use std::{sync::Arc, time::Duration};

use datalake_function_housekeeping::{Deps, Worker};
use domain::{
    Deadline, PortErrorKind, PortResult,
    job::Job,
    ports::{Entry, Handler, Objects as _, Table, Tables},
};
use testkit::{
    FixedClock, MemoryAuditLog, MemoryCipher, MemoryJobs, MemoryObjects, MemorySigner, MemoryTables, SequentialIds,
    builders::{BUCKET, audit_record, export_id, now, package_id, pending_dataset, user_id},
};

fn worker(tables: &Arc<MemoryTables>, objects: &Arc<MemoryObjects>) -> Worker {
    worker_with(tables, objects, &Arc::default())
}

fn worker_with(tables: &Arc<MemoryTables>, objects: &Arc<MemoryObjects>, jobs: &Arc<MemoryJobs>) -> Worker {
    let clock = Arc::new(FixedClock::new(now().plus(Duration::from_secs(60))));
    let ids = Arc::new(SequentialIds::default());
    Worker::new(Deps {
        tables: tables.clone(),
        objects: objects.clone(),
        multipart: objects.clone(),
        jobs: jobs.clone(),
        cipher: Arc::new(MemoryCipher::default()),
        signer: Arc::new(MemorySigner::default()),
        directory: None,
        clock,
        ids,
        bucket: BUCKET.to_owned(),
        audit_bucket: "audit".to_owned(),
    })
}

fn entry(id: &str, body: Job) -> Entry<Job> {
    Entry { id: id.to_owned(), body }
}

#[tokio::test]
async fn a_sweep_looks_after_what_is_due() -> PortResult<()> {
    let (tables, objects) = (Arc::new(MemoryTables::new()), Arc::new(MemoryObjects::new()));
    let store = app::store::Store::new(tables.clone());
    tables.write(store.put_dataset(&pending_dataset(1, 1, "a.csv"), Some(now()), None, None)?).await?;
    assert!(worker(&tables, &objects).handle(vec![entry("1", Job::Sweep)]).await.failed.is_empty());
    assert!(tables.rows(Table::Datasets).is_empty());
    Ok(())
}

#[tokio::test]
async fn the_first_sweep_makes_the_cursors_key_that_others_may_only_read() {
    let (tables, objects) = (Arc::new(MemoryTables::new()), Arc::new(MemoryObjects::new()));
    for _ in 0..2 {
        assert!(worker(&tables, &objects).handle(vec![entry("1", Job::Sweep)]).await.failed.is_empty());
    }
    assert_eq!(tables.rows(Table::Settings).len(), 1, "made once, and then read");
}

#[tokio::test]
async fn a_sweep_of_which_a_part_fails_does_the_others_and_is_named() -> PortResult<()> {
    let (tables, objects) = (Arc::new(MemoryTables::new()), Arc::new(MemoryObjects::new()));
    let store = app::store::Store::new(tables.clone());
    tables.write(store.put_dataset(&pending_dataset(1, 1, "a.csv"), Some(now()), None, None)?).await?;
    // The cursors' key is written first.
    tables.fail("tables.write", PortErrorKind::Unavailable, 1);
    assert_eq!(worker(&tables, &objects).handle(vec![entry("1", Job::Sweep)]).await.failed, ["1"]);
    assert!(tables.rows(Table::Datasets).is_empty(), "what is due was looked after");
    Ok(())
}

#[tokio::test]
async fn a_job_that_fails_is_named_and_stops_nothing_behind_it() {
    let (tables, objects) = (Arc::new(MemoryTables::new()), Arc::new(MemoryObjects::new()));
    objects.faults().fail_once("objects.list", PortErrorKind::Unavailable);
    let remove = |id| entry(id, Job::RemoveExport { user_id: user_id("bob"), export_id: export_id(1) });
    let batch = vec![
        remove("fails"),
        remove("works"),
        entry("deleted", Job::PackageDeleted { package_id: package_id(1) }),
        entry("nobody's", Job::Index { package_id: package_id(1) }),
    ];
    assert_eq!(worker(&tables, &objects).handle(batch).await.failed, ["fails", "nobody's"]);
}

#[tokio::test]
async fn what_there_is_no_time_for_is_enqueued_or_the_job_comes_again() -> PortResult<()> {
    let (tables, objects, jobs) = (Arc::new(MemoryTables::new()), Arc::new(MemoryObjects::new()), Arc::new(MemoryJobs::default()));
    let store = app::store::Store::new(tables.clone());
    for number in 1..=30 {
        tables.write(store.put_dataset(&pending_dataset(1, number, &format!("{number}.csv")), Some(now()), None, None)?).await?;
    }
    let worker = worker_with(&tables, &objects, &jobs);
    let at_once = Deadline::at(now());
    jobs.faults.fail_next(PortErrorKind::Unavailable);
    assert_eq!(worker.handle_until(vec![entry("not told", Job::Sweep)], at_once).await.failed, ["not told"]);
    let mut next = Job::Sweep;
    for _ in 0..100 {
        assert!(worker.handle_until(vec![entry("1", next)], at_once).await.failed.is_empty());
        match jobs.take().pop() {
            Some(job) => next = job,
            None => {
                assert!(tables.rows(Table::Datasets).is_empty());
                return Ok(());
            }
        }
        assert!(matches!(next, Job::SweepFrom { .. }), "{next:?}");
    }
    panic!("it never ends")
}

#[tokio::test]
async fn a_sweep_keeps_the_chains_signed_heads_and_goes_on_where_that_fails() -> PortResult<()> {
    let (tables, objects) = (Arc::new(MemoryTables::new()), Arc::new(MemoryObjects::new()));
    let store = app::store::Store::new(tables.clone());
    let logging = app::workers::logging::Logging::new(tables.clone(), Arc::new(MemoryAuditLog::default()));
    let audited = entry("1", Job::Audit { record: audit_record(1, "pkg_1") });
    assert!(logging.handle(vec![audited]).await.failed.is_empty());
    tables.write(store.put_dataset(&pending_dataset(1, 1, "a.csv"), Some(now()), None, None)?).await?;

    objects.faults().fail_once("objects.put", PortErrorKind::Unavailable);
    let worker = worker(&tables, &objects);
    assert_eq!(worker.handle(vec![entry("1", Job::Sweep)]).await.failed, ["1"], "it is told");
    assert!(tables.rows(Table::Datasets).is_empty(), "the rest was done");
    assert!(objects.list("audit", "", None).await?.objects.is_empty());
    for _ in 0..2 {
        assert!(worker.handle(vec![entry("1", Job::Sweep)]).await.failed.is_empty());
    }
    let kept = objects.list("audit", app::workers::chain_heads::PREFIX, None).await?.objects;
    assert_eq!(kept.len(), 1, "written at the next run, and once");
    Ok(())
}
