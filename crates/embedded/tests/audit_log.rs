//! The audit log in files keeps the port's promises, survives a crash, and shows tampering.

use std::{fs, path::Path, sync::Arc, time::Duration};

use datalake_embedded::audit_log::{FileAuditLog, Problem, Report, verify};
use domain::{
    PortErrorKind, Timestamp,
    chain_heads::ChainEnd,
    ports::{AuditLog, AuditQuery, ChainedRecord, FIRST_PREVIOUS_HASH},
};
use testkit::{
    FixedClock, Subject,
    audit_log::{all_rows, sealed},
};

async fn open(folder: &Path, clock: &Arc<FixedClock>) -> FileAuditLog {
    FileAuditLog::open(folder, clock.clone()).await.expect("opens").with_limits(1_500, 3)
}

async fn make() -> Subject<dyn AuditLog> {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path(), &Arc::default()).await;
    Subject::new(Arc::new(log), folder)
}

testkit::audit_log_suite!(make);

/// A log with seven records of chain 1 and five of chain 2, in several files, closed.
async fn filled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path(), &Arc::default()).await;
    let (first, second) = (sealed(1, 7), sealed(2, 5));
    log.append(1, &first[..4]).await.expect("appends");
    log.append(2, &second).await.expect("appends");
    log.append(1, &first[4..]).await.expect("appends");
    folder
}

fn files(folder: &Path, ending: &str) -> Vec<String> {
    let names = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    let mut names: Vec<String> = names.filter(|name| name.ends_with(ending)).collect();
    names.sort();
    names
}

/// All lines of the log, changed, as the only file of it.
fn rewrite(folder: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let names = files(folder, ".jsonl");
    let mut lines = Vec::new();
    for name in &names {
        let text = fs::read_to_string(folder.join(name)).expect("reads");
        lines.extend(text.lines().map(str::to_owned));
        fs::remove_file(folder.join(name)).expect("removes");
    }
    change(&mut lines);
    fs::write(folder.join(&names[0]), lines.join("\n") + "\n").expect("writes");
}

fn report(folder: &Path) -> Report {
    verify(folder, &[]).expect("verifies")
}

#[tokio::test]
async fn a_whole_log_verifies_over_all_its_files() {
    let folder = filled().await;
    assert!(files(folder.path(), ".jsonl").len() > 1);
    let report = report(folder.path());
    assert!(report.is_whole(), "{:?}", report.problems);
    assert_eq!((report.records, report.copies), (12, 0));
    assert_eq!(report.heads[&1], (7, sealed(1, 7)[6].hash.clone()));
}

#[tokio::test]
async fn a_changed_record_is_found() {
    let folder = filled().await;
    rewrite(folder.path(), |lines| lines[2] = lines[2].replace("\"allow\"", "\"deny\""));
    assert_eq!(report(folder.path()).problems, [Problem::Changed { chain: 1, sequence: 3 }]);
}

#[tokio::test]
async fn a_removed_record_is_found() {
    let folder = filled().await;
    rewrite(folder.path(), |lines| {
        lines.drain(1..3);
    });
    assert_eq!(report(folder.path()).problems, [Problem::Missing { chain: 1, first: 2, last: 3 }]);
}

#[tokio::test]
async fn a_record_that_was_replaced_and_sealed_anew_is_found() {
    let folder = filled().await;
    rewrite(folder.path(), |lines| {
        let old: ChainedRecord = serde_json::from_str(&lines[2]).expect("a record");
        let record = domain::audit::AuditRecord { resource: "another".to_owned(), ..old.record };
        let sealed = ChainedRecord::seal(1, 3, old.previous_hash, record);
        lines[2] = serde_json::to_string(&sealed).expect("JSON");
    });
    assert_eq!(report(folder.path()).problems, [Problem::Broken { chain: 1, sequence: 4 }]);
}

/// From inside, a log whose end was cut off looks whole, and so does one that was sealed anew from the first record on.
#[tokio::test]
async fn what_only_signed_heads_show_is_found_by_them() {
    let folder = filled().await;
    let end = |record: &ChainedRecord| ChainEnd { chain: record.chain, sequence: record.sequence, hash: record.hash.clone() };
    let (first, second) = (sealed(1, 7), sealed(2, 5));
    let signed = [end(&first[3]), end(&first[6]), end(&second[4])];
    assert!(verify(folder.path(), &signed).expect("verifies").is_whole());

    rewrite(folder.path(), |lines| lines.truncate(lines.len() - 1));
    assert!(report(folder.path()).is_whole());
    let problems = verify(folder.path(), &signed).expect("verifies").problems;
    assert_eq!(problems, [Problem::NotAsSigned { chain: 1, sequence: 7 }]);

    rewrite(folder.path(), |lines| {
        lines.clear();
        let mut previous = FIRST_PREVIOUS_HASH.to_owned();
        for old in &second {
            let record = domain::audit::AuditRecord { resource: "another".to_owned(), ..old.record.clone() };
            let sealed = ChainedRecord::seal(2, old.sequence, previous.as_str(), record);
            previous.clone_from(&sealed.hash);
            lines.push(serde_json::to_string(&sealed).expect("JSON"));
        }
    });
    assert!(report(folder.path()).is_whole());
    let problems = verify(folder.path(), &signed[2..]).expect("verifies").problems;
    assert_eq!(problems, [Problem::NotAsSigned { chain: 2, sequence: 5 }]);
}

#[tokio::test]
async fn a_line_that_is_no_record_is_found() {
    let folder = filled().await;
    rewrite(folder.path(), |lines| lines.insert(0, "{}".to_owned()));
    assert!(matches!(report(folder.path()).problems[..], [Problem::Unreadable { line: 1, .. }]));
}

#[tokio::test]
async fn copies_are_no_problem_and_a_fork_is() {
    let folder = filled().await;
    rewrite(folder.path(), |lines| {
        lines.push(lines[1].clone());
        lines.push(lines[1].clone());
    });
    let copied = report(folder.path());
    assert!(copied.is_whole());
    assert_eq!((copied.records, copied.copies), (12, 2));
    rewrite(folder.path(), |lines| {
        let old: ChainedRecord = serde_json::from_str(&lines[1]).expect("a record");
        let record = domain::audit::AuditRecord { resource: "another".to_owned(), ..old.record };
        lines.push(serde_json::to_string(&ChainedRecord::seal(1, 2, old.previous_hash, record)).expect("JSON"));
    });
    assert_eq!(report(folder.path()).problems, [Problem::Forked { chain: 1, sequence: 2 }]);
}

#[tokio::test]
async fn a_torn_end_is_moved_aside_and_nothing_that_was_acknowledged_is_lost() {
    let folder = filled().await;
    let last = files(folder.path(), ".jsonl").pop().expect("a file");
    let whole = fs::read(folder.path().join(&last)).expect("reads");
    for torn in [&b"{\"chain\":1,\"sequ"[..], b"\0\0\0\0\n\0\0", b"{\"half\":\n"] {
        fs::write(folder.path().join(&last), [&whole, torn].concat()).expect("writes");
        drop(open(folder.path(), &Arc::default()).await);
        assert_eq!(fs::read(folder.path().join(&last)).expect("reads"), whole);
    }
    let aside = fs::read(folder.path().join(format!("{last}.torn"))).expect("reads");
    assert_eq!(aside, b"{\"chain\":1,\"sequ\0\0\0\0\n\0\0{\"half\":\n");
    let log = open(folder.path(), &Arc::default()).await;
    log.append(1, &sealed(1, 9)[7..]).await.expect("appends");
    assert_eq!(all_rows(&log, &AuditQuery::default()).await.len(), 14);
    assert!(report(folder.path()).is_whole());
}

#[tokio::test]
async fn every_day_has_its_file_and_a_clock_that_goes_back_does_not_mix_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(FixedClock::default());
    let log = FileAuditLog::open(folder.path(), clock.clone()).await.expect("opens");
    let records = sealed(1, 3);
    log.append(1, &records[..1]).await.expect("appends");
    clock.advance(Duration::from_secs(24 * 3_600));
    log.append(1, &records[1..2]).await.expect("appends");
    clock.set(Timestamp::EPOCH);
    log.append(1, &records[2..]).await.expect("appends");
    assert_eq!(files(folder.path(), ".jsonl"), ["2026-01-31-000001.jsonl", "2026-02-01-000001.jsonl"]);
    assert_eq!(all_rows(&log, &AuditQuery::default()).await, records);
    let later = AuditQuery { from: Some(records[1].record.time), ..AuditQuery::default() };
    assert_eq!(all_rows(&log, &later).await, records[1..]);
}

#[tokio::test]
async fn a_query_goes_on_after_a_restart() {
    let folder = filled().await;
    let log = open(folder.path(), &Arc::default()).await;
    let name = log.query(&AuditQuery { outcome: Some("allow".to_owned()), ..AuditQuery::default() }).await.expect("begins");
    let first = log.rows(&name, None).await.expect("a page");
    drop(log);
    let log = open(folder.path(), &Arc::default()).await;
    let second = log.rows(&name, first.next).await.expect("a page");
    let sequences: Vec<u64> = first.rows.iter().chain(&second.rows).map(|row| row.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 1, 2]);
}

#[tokio::test]
async fn the_folder_belongs_to_one_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let _held = open(folder.path(), &Arc::default()).await;
    let error = FileAuditLog::open(folder.path(), Arc::new(FixedClock::default())).await.err().expect("is refused");
    assert_eq!(error.kind(), PortErrorKind::AlreadyExists);
}
