//! Chains audit records into the audit log, then writes the history of packages.
//!
//! The head of a chain is moved first, together with the sealed records; then they are appended; then they are taken
//! off the head. Whoever comes in between, or after a crash, appends what the head still holds: a line may stand in
//! the log twice, identical, but none is lost and no place of a chain is given away twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use domain::{
    PackageId, PortError, PortErrorKind, PortResult,
    access::{Action, Effect},
    audit::{AuditOutcome, AuditRecord, chain_of},
    job::Job,
    ports::{AuditLog, ChainedRecord, Entry, Handler, Outcome, Tables, Write},
};

use crate::store::{Store, StoredHead};

/// A head remembers so many records: a queue delivers again within minutes, not after as many others.
const RECENT: usize = 500;
/// So often a worker tries again when others moved the head.
const ATTEMPTS: usize = 32;
/// A record beyond this is no record of ours.
const RECORD_BYTES: usize = 3 * 1024;
/// So many records are sealed at once: a head's row holds them, and has 400 KB.
const SEALED_AT_ONCE: usize = 100;

/// The worker.
#[derive(Clone)]
pub struct Logging {
    store: Store,
    log: Arc<dyn AuditLog>,
}

/// Records of one chain, each with the entry it came in.
type Records = Vec<(String, AuditRecord)>;

impl Logging {
    /// Over the tables and the log.
    pub fn new(tables: Arc<dyn Tables>, log: Arc<dyn AuditLog>) -> Self {
        Self { store: Store::new(tables), log }
    }

    async fn chain(&self, chain: u32, records: &[(String, AuditRecord)]) -> PortResult<()> {
        for _ in 0..ATTEMPTS {
            match self.try_chain(chain, records).await {
                Err(error) if error.is(PortErrorKind::PreconditionFailed) => {}
                other => return other,
            }
        }
        Err(PortError::new(PortErrorKind::Unavailable, "logging.chain").with("chain", chain))
    }

    /// `PreconditionFailed` if somebody else moved the head meanwhile: nothing of ours is in the chain then.
    async fn try_chain(&self, chain: u32, records: &[(String, AuditRecord)]) -> PortResult<()> {
        let mut stored = self.store.stored_chain_head(chain).await?;
        if !stored.head.pending.is_empty() {
            stored = self.flush(chain, stored).await?;
        }
        let mut head = stored.head;
        let mut known: BTreeSet<String> = head.recent.iter().cloned().collect();
        for (_, record) in records {
            let mark = mark(record);
            if !known.insert(mark.clone()) {
                continue;
            }
            let sealed = ChainedRecord::seal(chain, head.sequence + 1, head.hash.as_str(), record.clone());
            head.sequence = sealed.sequence;
            head.hash.clone_from(&sealed.hash);
            head.recent.push_back(mark);
            head.pending.push(sealed);
        }
        if head.pending.is_empty() {
            return Ok(());
        }
        let excess = head.recent.len().saturating_sub(RECENT);
        head.recent.drain(..excess);
        let moved = self.store.move_chain_head(chain, head, stored.revision).await?;
        match self.flush(chain, moved).await {
            // Somebody else came on; he appended ours before his.
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// Appends what the head holds, then takes it off the head.
    async fn flush(&self, chain: u32, stored: StoredHead) -> PortResult<StoredHead> {
        let StoredHead { mut head, revision } = stored;
        self.log.append(chain, &head.pending).await?;
        head.pending.clear();
        self.store.move_chain_head(chain, head, revision).await
    }

    /// What packages' histories show; the same record writes the same row.
    async fn write_histories(&self, records: &Records) -> PortResult<()> {
        let mut rows: BTreeMap<_, Write> = BTreeMap::new();
        for (_, record) in records {
            if is_history(record)
                && let Ok(package_id) = record.resource.parse::<PackageId>()
            {
                rows.insert((package_id, record.time, record.id), self.store.put_history(package_id, record)?);
            }
        }
        if rows.is_empty() { Ok(()) } else { self.store.tables.write_many(rows.into_values().collect()).await }
    }

    async fn log_chain(&self, chain: u32, records: &Records) -> PortResult<()> {
        for records in records.chunks(SEALED_AT_ONCE) {
            self.chain(chain, records).await?;
        }
        self.write_histories(records).await
    }
}

#[async_trait]
impl Handler<Job> for Logging {
    async fn handle(&self, batch: Vec<Entry<Job>>) -> Outcome {
        let mut outcome = Outcome::default();
        let mut chains: BTreeMap<u32, Records> = BTreeMap::new();
        for entry in batch {
            match entry.body {
                Job::Audit { record } if fits(&record) => chains.entry(chain_of(&record.resource)).or_default().push((entry.id, record)),
                other => {
                    tracing::error!(entry = entry.id, kind = other.kind().name(), "not a job for the audit log");
                    outcome.give_up(entry.id);
                }
            }
        }
        for (chain, records) in chains {
            if let Err(error) = self.log_chain(chain, &records).await {
                tracing::warn!(error = &error as &dyn std::error::Error, chain, "audit records could not be logged yet");
                outcome.failed.extend(records.into_iter().map(|(id, _)| id));
            }
        }
        outcome
    }
}

/// What was refused is for auditors, and carts are private: not for everybody who sees the package.
fn is_history(record: &AuditRecord) -> bool {
    record.outcome == AuditOutcome::Allow
        && record.action.effect() != Effect::Read
        && !matches!(record.action, Action::CartAdd | Action::CartRemove)
}

fn fits(record: &AuditRecord) -> bool {
    serde_json::to_string(record).is_ok_and(|text| text.len() <= RECORD_BYTES)
}

/// One action on one resource; 12 bytes, because a head keeps hundreds.
fn mark(record: &AuditRecord) -> String {
    let hash = digest(&SHA256, format!("{}\n{}", record.id, record.resource).as_bytes());
    hex::encode(&hash.as_ref()[..12])
}
