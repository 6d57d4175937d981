//! What every `AuditLog` promises.

use std::time::Duration;

use domain::{
    PortErrorKind,
    audit::{AuditOutcome, AuditRecord},
    ports::{AuditLog, AuditQuery, ChainedRecord, FIRST_PREVIOUS_HASH},
};

use crate::builders::{audit_record, now};

/// Runs the suite: `audit_log_suite!(make)`, where `make` is an asynchronous function to a `Subject<dyn AuditLog>` whose
/// pages are small.
#[macro_export]
macro_rules! audit_log_suite {
    ($make:path $(, unless = $left_out:path)?) => {
        $crate::contract_tests!($make, audit_log $(, unless = $left_out)?;
            what_was_appended_comes_back_whole_and_oldest_first,
            every_filter_narrows,
            pages_join_without_a_gap_or_a_repetition,
            an_identical_copy_is_shown_once,
            another_record_in_the_same_place_is_shown,
            a_record_of_another_chain_is_refused_with_all_of_its_batch,
            appending_nothing_is_no_error,
            a_query_that_was_not_begun_is_not_found,
            a_place_that_the_log_did_not_give_is_refused,
        );
    };
}

/// `count` sealed records of `chain`, a second apart, from `first` on.
#[must_use]
pub fn sealed(chain: u32, count: u64) -> Vec<ChainedRecord> {
    let mut records: Vec<ChainedRecord> = Vec::new();
    for sequence in 1..=count {
        let number = u64::from(chain) * 1_000_000 + sequence;
        let time = now().plus(Duration::from_secs(sequence));
        let record = AuditRecord { time, ..audit_record(number, &format!("resource-{sequence}")) };
        let previous = records.last().map_or(FIRST_PREVIOUS_HASH, |last| last.hash.as_str());
        records.push(ChainedRecord::seal(chain, sequence, previous, record));
    }
    records
}

/// All rows of a query, page by page.
pub async fn all_rows(log: &dyn AuditLog, query: &AuditQuery) -> Vec<ChainedRecord> {
    let name = log.query(query).await.expect("a query begins");
    let (mut rows, mut after) = (Vec::new(), None);
    for _ in 0..1_000 {
        let page = log.rows(&name, after.clone()).await.expect("a page");
        if !page.complete {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        }
        rows.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return rows;
        }
    }
    panic!("the query did not end");
}

async fn everything(log: &dyn AuditLog) -> Vec<ChainedRecord> {
    all_rows(log, &AuditQuery::default()).await
}

/// Every field, and in order.
pub async fn what_was_appended_comes_back_whole_and_oldest_first(log: &dyn AuditLog) {
    let records = sealed(1, 5);
    log.append(1, &records[..3]).await.expect("appends");
    log.append(1, &records[3..]).await.expect("appends");
    let rows = everything(log).await;
    assert_eq!(rows, records);
    assert!(rows.iter().all(ChainedRecord::verify));
}

/// Alone and together.
pub async fn every_filter_narrows(log: &dyn AuditLog) {
    let mut records = sealed(1, 4);
    let denied = AuditRecord { outcome: AuditOutcome::Deny, reason: Some("not the owner".to_owned()), ..records[3].record.clone() };
    records[3] = ChainedRecord::seal(1, 4, records[2].hash.clone(), denied);
    log.append(1, &records).await.expect("appends");
    let at = |second| Some(now().plus(Duration::from_secs(second)));
    let query = AuditQuery::default;
    let cases = [
        (AuditQuery { from: at(2), to: at(3), ..query() }, vec![2, 3]),
        (AuditQuery { actor: Some("ann".to_owned()), ..query() }, vec![1, 2, 3, 4]),
        (AuditQuery { actor: Some("bob".to_owned()), ..query() }, vec![]),
        (AuditQuery { action: Some("package.create".to_owned()), ..query() }, vec![1, 2, 3, 4]),
        (AuditQuery { action: Some("package.delete".to_owned()), ..query() }, vec![]),
        (AuditQuery { resource: Some("resource-2".to_owned()), ..query() }, vec![2]),
        (AuditQuery { outcome: Some("deny".to_owned()), ..query() }, vec![4]),
        (AuditQuery { outcome: Some("deny".to_owned()), resource: Some("resource-2".to_owned()), ..query() }, vec![]),
    ];
    for (query, expected) in cases {
        let found: Vec<u64> = all_rows(log, &query).await.iter().map(|row| row.sequence).collect();
        assert_eq!(found, expected, "{query:?}");
    }
}

/// Also when records are appended meanwhile.
pub async fn pages_join_without_a_gap_or_a_repetition(log: &dyn AuditLog) {
    let records = sealed(2, 23);
    log.append(2, &records[..20]).await.expect("appends");
    let name = log.query(&AuditQuery::default()).await.expect("a query begins");
    let first = log.rows(&name, None).await.expect("a page");
    log.append(2, &records[20..]).await.expect("appends");
    let (mut rows, mut after) = (first.rows, first.next);
    while let Some(place) = after {
        let page = log.rows(&name, Some(place)).await.expect("a page");
        rows.extend(page.rows);
        after = page.next;
    }
    assert!(rows.len() >= 20);
    assert_eq!(rows, records[..rows.len()]);
}

/// Appends may be repeated.
pub async fn an_identical_copy_is_shown_once(log: &dyn AuditLog) {
    let records = sealed(1, 12);
    log.append(1, &records[..7]).await.expect("appends");
    log.append(1, &records[5..7]).await.expect("appends again");
    log.append(1, &records[..2]).await.expect("appends again");
    log.append(1, &records[7..]).await.expect("appends");
    let mut rows = everything(log).await;
    rows.sort_by_key(|row| row.sequence);
    assert_eq!(rows, records);
}

/// Only identical ones are copies: a second truth is not hidden.
pub async fn another_record_in_the_same_place_is_shown(log: &dyn AuditLog) {
    let records = sealed(1, 3);
    let other = ChainedRecord::seal(1, 2, records[0].hash.clone(), AuditRecord { time: now(), ..audit_record(99, "other") });
    log.append(1, &records).await.expect("appends");
    log.append(1, std::slice::from_ref(&other)).await.expect("appends");
    let rows = everything(log).await;
    assert_eq!(rows.len(), 4);
    assert!(rows.contains(&other));
}

/// A defect of the caller, and nothing is written.
pub async fn a_record_of_another_chain_is_refused_with_all_of_its_batch(log: &dyn AuditLog) {
    let records = [sealed(1, 1), sealed(2, 1)].concat();
    let error = log.append(1, &records).await.expect_err("another chain");
    assert_eq!(error.kind(), PortErrorKind::InvalidArgument);
    assert_eq!(everything(log).await, []);
}

/// And leaves nothing.
pub async fn appending_nothing_is_no_error(log: &dyn AuditLog) {
    log.append(1, &[]).await.expect("appends nothing");
    assert_eq!(everything(log).await, []);
}

/// Whatever its name looks like.
pub async fn a_query_that_was_not_begun_is_not_found(log: &dyn AuditLog) {
    for name in ["", "no-such-query", "../../etc/passwd"] {
        let error = log.rows(name, None).await.expect_err("no such query");
        assert_eq!(error.kind(), PortErrorKind::NotFound, "{name}");
    }
}

/// Places come back through people's hands.
pub async fn a_place_that_the_log_did_not_give_is_refused(log: &dyn AuditLog) {
    let name = log.query(&AuditQuery::default()).await.expect("a query begins");
    let error = log.rows(&name, Some("../no-place".to_owned())).await.expect_err("no place");
    assert_eq!(error.kind(), PortErrorKind::InvalidArgument);
}

#[cfg(test)]
mod memory {
    use std::sync::Arc;

    use super::AuditLog;
    use crate::{MemoryAuditLog, Subject};

    async fn make() -> Subject<dyn AuditLog> {
        Subject::new(Arc::new(MemoryAuditLog::with_pages_of(3)), ())
    }

    audit_log_suite!(make);
}
