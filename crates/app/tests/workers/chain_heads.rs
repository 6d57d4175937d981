//! Signed heads of the audit log's chains.

use std::{sync::Arc, time::Duration};

use datalake_app::workers::{
    chain_heads::{HeadKeeping, PREFIX, SignedHeads},
    logging::Logging,
};
use domain::{
    PortErrorKind,
    audit::chain_of,
    chain_heads::ChainHeads,
    job::Job,
    ports::{Clock as _, Handler as _, ObjectVersion, Objects as _, Signer as _, Table, Tables as _, Write},
};
use futures::TryStreamExt as _;
use testkit::{FixedClock, MemoryAuditLog, MemoryObjects, MemorySigner, MemoryTables, builders::audit_record};

use crate::support::entries;

const BUCKET: &str = "audit";
/// Runs are so far apart.
const NEXT: Duration = Duration::from_secs(15 * 60);

struct Home {
    tables: Arc<MemoryTables>,
    log: Arc<MemoryAuditLog>,
    objects: Arc<MemoryObjects>,
    signer: Arc<MemorySigner>,
    clock: Arc<FixedClock>,
    keeping: HeadKeeping,
}

impl Home {
    fn new() -> Self {
        let (tables, objects, signer, clock) =
            (Arc::new(MemoryTables::new()), Arc::new(MemoryObjects::new()), Arc::new(MemorySigner::default()), Arc::default());
        let clock: Arc<FixedClock> = clock;
        let keeping = HeadKeeping::new(tables.clone(), objects.clone(), signer.clone(), clock.clone(), BUCKET);
        Self { tables, log: Arc::default(), objects, signer, clock, keeping }
    }

    /// Logs records about these resources.
    async fn log(&self, resources: &[&str]) {
        let number = self.log.records().len() as u64;
        let jobs = (number + 1..).zip(resources).map(|(number, resource)| Job::Audit { record: audit_record(number, resource) });
        let outcome = Logging::new(self.tables.clone(), self.log.clone()).handle(entries(jobs.collect::<Vec<_>>())).await;
        assert!(outcome.failed.is_empty());
    }

    /// Keeps the heads at the next run, and reads what was written.
    async fn keep(&self) -> Option<SignedHeads> {
        self.clock.advance(NEXT);
        let address = self.keeping.keep().await.expect("keeps")?;
        let body = self.objects.get(&ObjectVersion { address, version: None }, None).await.expect("is there");
        assert_eq!(body.info.content_type.as_deref(), Some("application/json"));
        let bytes: Vec<u8> = body.bytes.try_collect::<Vec<_>>().await.expect("reads").concat();
        Some(serde_json::from_slice(&bytes).expect("signed heads"))
    }

    async fn open(&self, signed: &SignedHeads) -> ChainHeads {
        signed.open(&self.signer.public_key().await.expect("has one")).expect("verifies")
    }

    async fn kept(&self) -> Vec<String> {
        let listing = self.objects.list(BUCKET, PREFIX, None).await.expect("lists");
        listing.objects.into_iter().map(|object| object.key).collect()
    }
}

#[tokio::test]
async fn the_heads_are_those_of_the_log() {
    let home = Home::new();
    home.log(&["pkg_1", "pkg_1", "pkg_2", "pkg_3"]).await;
    let heads = home.open(&home.keep().await.expect("written")).await;
    assert!(heads.chains.is_sorted() && !heads.chains.is_empty());
    for end in &heads.chains {
        let records = home.log.records();
        let last = records.iter().filter(|record| record.chain == end.chain).max_by_key(|record| record.sequence).expect("a record");
        assert_eq!((last.sequence, &last.hash), (end.sequence, &end.hash));
    }
    assert!(heads.chains.iter().any(|end| end.chain == chain_of("pkg_1") && end.sequence >= 2));
    assert_eq!(home.kept().await, ["chain-heads/2026-01-31/12-15-00.000Z.json"]);
}

#[tokio::test]
async fn nothing_is_written_while_no_head_moves() {
    let home = Home::new();
    assert_eq!(home.keep().await, None, "there is no record yet");
    home.log(&["pkg_1"]).await;
    let first = home.open(&home.keep().await.expect("written")).await;
    assert_eq!(home.keep().await, None);
    home.log(&["pkg_1"]).await;
    let second = home.open(&home.keep().await.expect("written")).await;
    assert_eq!(second.chains[0].sequence, first.chains[0].sequence + 1);
    assert_eq!(home.kept().await.len(), 2);
    assert_eq!(home.signer.faults.calls("signer.sign"), 2, "nothing is signed for nothing");
}

#[tokio::test]
async fn what_was_changed_does_not_verify() {
    let home = Home::new();
    home.log(&["pkg_1"]).await;
    let signed = home.keep().await.expect("written");
    let key = home.signer.public_key().await.expect("has one");
    let sequence = |text: &str| text.replace("\"sequence\":1", "\"sequence\":2");
    assert_ne!(sequence(&signed.signed), signed.signed);
    for changed in [
        SignedHeads { signed: sequence(&signed.signed), ..signed.clone() },
        SignedHeads { signed: format!("{} ", signed.signed), ..signed.clone() },
        SignedHeads { signature: String::new(), ..signed.clone() },
        SignedHeads { algorithm: "none".to_owned(), ..signed.clone() },
    ] {
        assert!(changed.open(&key).is_err(), "{changed:?}");
    }
    let another = MemorySigner::default().public_key().await.expect("has one");
    assert!(signed.open(&another).is_err(), "another key");
}

#[tokio::test]
async fn what_fails_is_written_at_the_next_run() {
    let home = Home::new();
    home.log(&["pkg_1"]).await;
    for (faults, operation) in [(&home.signer.faults, "signer.sign"), (home.objects.faults(), "objects.put")] {
        faults.fail_once(operation, PortErrorKind::Unavailable);
        assert!(home.keeping.keep().await.expect_err("fails").is(PortErrorKind::Unavailable));
        assert!(home.kept().await.is_empty());
    }
    assert!(home.keep().await.is_some());
}

/// On one machine housekeeping runs every minute. A clock that was set back keeps nothing from being signed.
#[tokio::test]
async fn heads_are_not_signed_more_often_than_every_ten_minutes() {
    let home = Home::new();
    let mut written = Vec::new();
    for minute in 0..25 {
        home.log(&["pkg_1"]).await;
        if home.keeping.keep().await.expect("keeps").is_some() {
            written.push(minute);
        }
        home.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(written, [0, 10, 20]);
    home.clock.set(home.clock.now().minus(Duration::from_secs(24 * 3_600)));
    assert!(home.keeping.keep().await.expect("keeps").is_some());
}

/// Two runs at once: the second neither changes nor replaces what the first wrote.
#[tokio::test]
async fn an_object_that_is_there_is_not_replaced() {
    let home = Home::new();
    home.log(&["pkg_1"]).await;
    // The first run's row is not written yet.
    home.tables.fail("tables.write", PortErrorKind::Unavailable, 1);
    assert!(home.keeping.keep().await.expect_err("the row fails").is(PortErrorKind::Unavailable));
    let kept = home.kept().await;
    assert_eq!(kept.len(), 1);
    home.log(&["pkg_1"]).await;
    assert!(home.keeping.keep().await.expect_err("the same moment").is(PortErrorKind::PreconditionFailed));
    assert_eq!(home.kept().await, kept);
    assert!(home.keep().await.is_some());
}

/// Somebody who can write the tables sets a chain back: that is signed too, and can be seen.
#[tokio::test]
async fn a_chain_that_went_back_is_seen() {
    let home = Home::new();
    home.log(&["pkg_1"]).await;
    let rows = home.tables.rows(Table::Settings);
    let early = rows.into_iter().find(|row| row.get("kind").is_some_and(|kind| kind == "chain")).expect("a head");
    home.log(&["pkg_1"]).await;
    let before = home.open(&home.keep().await.expect("written")).await;
    home.tables.write(Write::Put { table: Table::Settings, item: early, condition: None }).await.expect("writes");
    let after = home.open(&home.keep().await.expect("written")).await;
    assert_eq!(before.set_back_in(&after.chains), [chain_of("pkg_1")]);
}

#[tokio::test]
async fn keys_sort_as_times_do() {
    let home = Home::new();
    let mut keys = Vec::new();
    for seconds in [600, 659, 3_600, 86_400, 9 * 86_400] {
        home.log(&["pkg_1"]).await;
        home.clock.advance(Duration::from_secs(seconds));
        keys.push(home.keeping.keep().await.expect("keeps").expect("written").key);
    }
    assert!(keys.is_sorted() && keys.iter().all(|key| key.starts_with(PREFIX)), "{keys:?}");
}
