//! The audit log: append-only, in chains.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{audit::AuditRecord, error::PortResult, time::Timestamp};

/// An audit record with its place in a chain. A record's hash is SHA-256 (lower-case hex) over its canonical JSON
/// without the field `hash`, so a changed or missing record breaks the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChainedRecord {
    /// The chain's number.
    pub chain: u32,
    /// Position in the chain, from 1.
    pub sequence: u64,
    /// Hash of the record before; 64 zeros for the first.
    pub previous_hash: String,
    /// Hash of this record.
    pub hash: String,
    /// What happened.
    #[serde(flatten)]
    pub record: AuditRecord,
}

/// What an auditor asks for; every given field must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Up to this time.
    pub to: Option<Timestamp>,
    /// Who.
    pub actor: Option<String>,
    /// What, by the action's name (`package.create`).
    pub action: Option<String>,
    /// On what.
    pub resource: Option<String>,
    /// `allow`, `deny` or `error`.
    pub outcome: Option<String>,
}

/// State and rows of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRows {
    /// Whether the query has ended; rows are complete only then.
    pub complete: bool,
    /// Matching records, oldest first, at most 1,000 a page.
    pub rows: Vec<ChainedRecord>,
    /// Hand this back for the next page.
    pub next: Option<String>,
}

/// The append-only log.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Appends records of one chain in order; durable once this returns. Appending the same records again (same
    /// chain, sequence and hash) is no error and may store them twice: a verifier takes identical copies as one.
    async fn append(&self, chain: u32, records: &[ChainedRecord]) -> PortResult<()>;

    /// Begins a query and names it.
    async fn query(&self, query: &AuditQuery) -> PortResult<String>;

    /// Rows of a query that was begun. `NotFound` for another name.
    async fn rows(&self, query: &str, after: Option<String>) -> PortResult<AuditRows>;
}
