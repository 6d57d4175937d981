//! The audit log: append-only, in chains.

use async_trait::async_trait;
use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    audit::{AuditRecord, canonical_json},
    error::PortResult,
    time::Timestamp,
};

/// What the first record of a chain names as the hash before it.
pub const FIRST_PREVIOUS_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

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

impl ChainedRecord {
    /// Gives `record` its place behind the record with `previous_hash` (or [`FIRST_PREVIOUS_HASH`]).
    #[must_use]
    pub fn seal(chain: u32, sequence: u64, previous_hash: impl Into<String>, record: AuditRecord) -> Self {
        let mut sealed = Self { chain, sequence, previous_hash: previous_hash.into(), hash: String::new(), record };
        sealed.hash = sealed.computed_hash();
        sealed
    }

    /// Whether the record is what was sealed.
    #[must_use]
    pub fn verify(&self) -> bool {
        self.hash == self.computed_hash()
    }

    fn computed_hash(&self) -> String {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => chain_hash(&fields),
            // Unreachable: a struct of texts and numbers is an object. No record has an empty hash.
            _ => String::new(),
        }
    }
}

/// The hash of a record as it stands in a log: over all its fields but `hash`, also those that a later version added
/// and this one does not know. A verifier reads raw lines with it.
#[must_use]
pub fn chain_hash(fields: &Map<String, Value>) -> String {
    let hashed: Map<String, Value> = fields.iter().filter(|(name, _)| *name != "hash").map(|(n, v)| (n.clone(), v.clone())).collect();
    let digest = digest::digest(&digest::SHA256, canonical_json(&Value::Object(hashed)).as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What an auditor asks for; every given field must match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

impl AuditQuery {
    /// Whether `record` is asked for.
    #[must_use]
    pub fn matches(&self, record: &AuditRecord) -> bool {
        let same = |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|wanted| found == Some(wanted));
        self.from.is_none_or(|from| record.time >= from)
            && self.to.is_none_or(|to| record.time <= to)
            && same(&self.actor, record.actor.user_id.as_ref().map(crate::id::UserId::as_str))
            && same(&self.action, Some(record.action.name()))
            && same(&self.resource, Some(&record.resource))
            && same(&self.outcome, Some(record.outcome.name()))
    }
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

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::{
        access::Action,
        audit::{Actor, AuditOutcome, Origin, SCHEMA},
        id::ChangeId,
    };

    fn record() -> AuditRecord {
        AuditRecord {
            schema: SCHEMA,
            id: ChangeId::new(Ulid(7)),
            time: Timestamp::EPOCH,
            actor: Actor::anonymous(),
            origin: Origin::default(),
            action: Action::PackageCreate,
            resource: "pkg_1".to_owned(),
            outcome: AuditOutcome::Deny,
            reason: None,
            changed: Vec::new(),
        }
    }

    #[test]
    fn a_sealed_record_verifies_until_anything_in_it_changes() {
        let sealed = ChainedRecord::seal(1, 1, FIRST_PREVIOUS_HASH, record());
        assert!(sealed.verify());
        assert_eq!(sealed.hash, "2412b459512b9b81e37076ceaebec96fd2b7b1a752d456beb2ac78c7f5d41619");
        assert!(!ChainedRecord { sequence: 2, ..sealed.clone() }.verify());
        assert!(!ChainedRecord { previous_hash: sealed.hash.clone(), ..sealed.clone() }.verify());
        let record = AuditRecord { outcome: AuditOutcome::Allow, ..record() };
        assert!(!ChainedRecord { record, ..sealed }.verify());
    }

    #[test]
    fn canonical_json_sorts_names_at_every_depth() {
        let value: Value = serde_json::from_str(r#"{ "b": [ {"z": "\u00e9\n", "a": null} ], "a": 1 }"#).expect("valid JSON");
        assert_eq!(canonical_json(&value), "{\"a\":1,\"b\":[{\"a\":null,\"z\":\"é\\n\"}]}");
    }

    #[test]
    fn a_field_of_a_later_version_is_part_of_the_hash() {
        let sealed = ChainedRecord::seal(1, 1, FIRST_PREVIOUS_HASH, record());
        let Ok(Value::Object(mut fields)) = serde_json::to_value(&sealed) else { unreachable!("a record is an object") };
        assert_eq!(chain_hash(&fields), sealed.hash);
        fields.insert("later".to_owned(), Value::Bool(true));
        assert_ne!(chain_hash(&fields), sealed.hash);
    }

    #[test]
    fn every_given_field_of_a_query_must_match() {
        assert!(AuditQuery::default().matches(&record()));
        let outcome = |name: &str| AuditQuery { outcome: Some(name.to_owned()), ..AuditQuery::default() };
        assert!(outcome("deny").matches(&record()) && !outcome("allow").matches(&record()));
        assert!(!AuditQuery { actor: Some("ann".to_owned()), ..outcome("deny") }.matches(&record()));
        assert!(!AuditQuery { from: Timestamp::from_millis(1), ..AuditQuery::default() }.matches(&record()));
    }
}
