//! The audit log's chains.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use datalake_app::{
    packages::{ChangePackage, CreatePackage},
    workers::{changes::Changes, logging::Logging},
};
use domain::{
    PortErrorKind,
    access::Action,
    audit::{AuditOutcome, AuditRecord},
    job::Job,
    ports::{ChainedRecord, FIRST_PREVIOUS_HASH, Handler as _},
};
use testkit::{
    MemoryAuditLog, MemoryTables,
    builders::{audit_record, package_id},
};

use crate::support::{Lake, ann, entries};

/// The records of each chain in order, after every place, link and hash was checked; identical copies are one.
fn verified(log: &MemoryAuditLog) -> BTreeMap<u32, Vec<AuditRecord>> {
    let mut chains: BTreeMap<u32, BTreeMap<u64, ChainedRecord>> = BTreeMap::new();
    for record in log.records() {
        assert!(record.verify(), "a hash does not fit: {record:?}");
        if let Some(other) = chains.entry(record.chain).or_default().insert(record.sequence, record.clone()) {
            assert_eq!(other, record, "a place of a chain was given away twice");
        }
    }
    for chain in chains.values() {
        let mut previous = FIRST_PREVIOUS_HASH.to_owned();
        for (place, record) in (1..).zip(chain.values()) {
            assert_eq!((record.sequence, &record.previous_hash), (place, &previous));
            previous.clone_from(&record.hash);
        }
    }
    chains.into_iter().map(|(chain, records)| (chain, records.into_values().map(|record| record.record).collect())).collect()
}

fn numbers(log: &MemoryAuditLog) -> Vec<String> {
    let mut numbers: Vec<String> = verified(log).into_values().flatten().map(|record| record.origin.request_id).collect();
    numbers.sort();
    numbers
}

fn expected(records: &[AuditRecord]) -> Vec<String> {
    let mut numbers: Vec<String> = records.iter().map(|record| record.origin.request_id.clone()).collect();
    numbers.sort();
    numbers
}

fn jobs(records: &[AuditRecord]) -> Vec<Job> {
    records.iter().map(|record| Job::Audit { record: record.clone() }).collect()
}

/// The predecessor wrote to one log stream from many processes and dropped the line when another one came between.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn an_audit_line_lost_under_concurrency() {
    let (tables, log) = (Arc::new(MemoryTables::new()), Arc::new(MemoryAuditLog::default()));
    let records: Vec<AuditRecord> = (0..400).map(|number| audit_record(number, "one resource, so one chain")).collect();
    let workers = records.chunks(10).map(|batch| {
        let (worker, batch) = (Logging::new(tables.clone(), log.clone()), jobs(batch));
        tokio::spawn(async move {
            let mut left = entries(batch);
            // As a queue does: what failed comes again.
            while !left.is_empty() {
                let failed: BTreeSet<String> = worker.handle(left.clone()).await.failed.into_iter().collect();
                left.retain(|entry| failed.contains(&entry.id));
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.expect("no worker panics");
    }
    assert_eq!(numbers(&log), expected(&records));
    assert_eq!(verified(&log).len(), 1);
}

#[tokio::test]
async fn a_feed_that_repeats_and_shuffles_tells_each_action_once() {
    let lake = Lake::new();
    let entered = CreatePackage { name: "Flights".to_owned(), ..CreatePackage::default() };
    let mut told = 0;
    for _ in 0..10 {
        let id = lake.packages.create(&ann(), &entered, None).await.expect("created").package.id;
        let change = ChangePackage { description: Some("Delays.".to_owned()), ..ChangePackage::default() };
        lake.packages.change(&ann(), id, &change, None).await.expect("changed");
        lake.packages.delete(&ann(), id, None).await.expect("deleted");
        told += 3;
    }
    let changes = lake.tables.take_changes();
    let backwards: Vec<_> = changes.iter().rev().cloned().collect();
    for batch in [backwards, changes] {
        assert!(Changes::new(lake.jobs.clone()).handle(entries(batch)).await.failed.is_empty());
    }
    let log = Arc::new(MemoryAuditLog::default());
    let worker = Logging::new(lake.tables.clone(), log.clone());
    let audit: Vec<Job> = lake.jobs.take().into_iter().filter(|job| matches!(job, Job::Audit { .. })).collect();
    assert_eq!(audit.len(), 2 * told);
    for batch in audit.chunks(7).chain(audit.rchunks(7)) {
        assert!(worker.handle(entries(batch.iter().cloned())).await.failed.is_empty());
    }
    assert_eq!(verified(&log).values().map(Vec::len).sum::<usize>(), told);
}

#[tokio::test]
async fn whatever_fails_on_the_way_no_line_is_lost_and_none_has_two_places() {
    let (tables, log) = (Arc::new(MemoryTables::new()), Arc::new(MemoryAuditLog::default()));
    let worker = Logging::new(tables.clone(), log.clone());
    let records: Vec<AuditRecord> = (0..5).map(|number| audit_record(number, "res")).collect();
    type Fault = fn(&MemoryTables, &MemoryAuditLog);
    let faults: [Fault; 5] = [
        |tables, _| tables.fail("tables.get_many", PortErrorKind::Unavailable, 1),
        |tables, _| tables.fail("tables.write", PortErrorKind::Unavailable, 1),
        // The head was moved, but the worker does not know.
        |tables, _| tables.lose_answers("tables.write", 1),
        // The head was moved, and the worker died before it could append.
        |_, log| log.faults.fail_next(PortErrorKind::Unavailable),
        |tables, log| {
            tables.lose_answers("tables.write", 1);
            log.faults.fail_next(PortErrorKind::Unavailable);
        },
    ];
    for (record, fault) in records.iter().zip(faults) {
        fault(&tables, &log);
        let mut attempts = 0;
        while !worker.handle(entries(jobs(std::slice::from_ref(record)))).await.failed.is_empty() {
            attempts += 1;
            assert!(attempts < 5, "it heals");
        }
        assert!(attempts > 0, "the fault was met");
    }
    assert_eq!(numbers(&log), expected(&records));
}

#[tokio::test]
async fn the_next_worker_appends_what_a_dead_one_left_on_the_head() {
    let (tables, log) = (Arc::new(MemoryTables::new()), Arc::new(MemoryAuditLog::default()));
    let (first, second) = (audit_record(1, "res"), audit_record(2, "res"));
    log.faults.fail_next(PortErrorKind::Unavailable);
    let dead = Logging::new(tables.clone(), log.clone());
    assert_eq!(dead.handle(entries(jobs(std::slice::from_ref(&first)))).await.failed, ["0"]);
    assert!(log.records().is_empty());
    let next = Logging::new(tables, log.clone());
    assert!(next.handle(entries(jobs(std::slice::from_ref(&second)))).await.failed.is_empty());
    assert_eq!(numbers(&log), expected(&[first, second]));
}

#[tokio::test]
async fn a_poisoned_entry_stops_nothing_behind_it() {
    let (tables, log) = (Arc::new(MemoryTables::new()), Arc::new(MemoryAuditLog::default()));
    let huge = AuditRecord { reason: Some("x".repeat(10_000)), ..audit_record(1, "res") };
    let good = audit_record(2, "res");
    let batch = vec![Job::Sweep, Job::Audit { record: huge }, Job::Audit { record: good.clone() }];
    let outcome = Logging::new(tables, log.clone()).handle(entries(batch)).await;
    assert_eq!(outcome.failed, ["0", "1"]);
    assert_eq!(numbers(&log), expected(&[good]));
}

#[tokio::test]
async fn a_packages_history_holds_what_was_done_and_not_what_was_refused() {
    let lake = Lake::new();
    let log = Arc::new(MemoryAuditLog::default());
    let worker = Logging::new(lake.tables.clone(), log.clone());
    let (id, other) = (package_id(1).to_string(), "DLAK0000000000000001");
    let of = |number, resource: &str, action, outcome| AuditRecord { action, outcome, ..audit_record(number, resource) };
    let records = [
        of(1, &id, Action::PackageCreate, AuditOutcome::Allow),
        of(2, &id, Action::DatasetDownload, AuditOutcome::Allow),
        of(3, &id, Action::PackageDelete, AuditOutcome::Deny),
        of(4, &id, Action::PackageRead, AuditOutcome::Allow),
        of(5, &id, Action::CartAdd, AuditOutcome::Allow),
        of(6, other, Action::KeyGrant, AuditOutcome::Allow),
    ];
    // The history fails at first, after the records stand in their chains.
    lake.tables.fail("tables.write_many", PortErrorKind::Unavailable, 1);
    assert_eq!(worker.handle(entries(jobs(&records))).await.failed.len(), 5);
    for _ in 0..2 {
        assert!(worker.handle(entries(jobs(&records))).await.failed.is_empty());
    }
    let (shown, next) = lake.core.store.history(package_id(1), 50, None).await.expect("tables answer");
    assert_eq!(shown.iter().map(|record| record.action).collect::<Vec<_>>(), [Action::DatasetDownload, Action::PackageCreate]);
    assert!(next.is_none());
    assert_eq!(numbers(&log), expected(&records));
}
