//! Audit records: what somebody did, tried, or was refused.

use serde::{Deserialize, Serialize};

use crate::{
    access::Action,
    id::{AccessKeyId, ChangeId, UserId},
    principal::{Principal, Role, Via},
    time::Timestamp,
};

/// Version of the record's schema.
pub const SCHEMA: u32 = 1;

/// Number of chains; a record's chain is the hash of its resource modulo this.
pub const CHAINS: u32 = 4;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditOutcome {
    /// Done.
    Allow,
    /// Refused.
    Deny,
    /// Allowed, but failed.
    Error,
}

impl AuditOutcome {
    /// The outcome's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Error => "error",
        }
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The user; `None` for nobody signed in.
    pub user_id: Option<UserId>,
    /// The role at that moment.
    pub role: Option<Role>,
    /// The key that was used; `None` for a session.
    pub access_key_id: Option<AccessKeyId>,
}

impl Actor {
    /// The actor for `principal`.
    #[must_use]
    pub fn of(principal: &Principal) -> Self {
        let access_key_id = match &principal.via {
            Via::Session => None,
            Via::Key { access_key_id, .. } => Some(access_key_id.clone()),
        };
        Self { user_id: Some(principal.user_id.clone()), role: Some(principal.role), access_key_id }
    }

    /// Somebody who is not signed in.
    #[must_use]
    pub const fn anonymous() -> Self {
        Self { user_id: None, role: None, access_key_id: None }
    }

    /// The product itself.
    #[must_use]
    pub const fn system() -> Self {
        Self { user_id: None, role: None, access_key_id: None }
    }
}

/// Where a request came from: travels from the HTTP edge into the audit record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The request's id.
    pub request_id: String,
    /// The client's address.
    pub source_ip: Option<String>,
}

/// One audit record, before it has a place in a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Version of this schema.
    pub schema: u32,
    /// Names the event: a repeated delivery has the same id.
    pub id: ChangeId,
    /// When.
    pub time: Timestamp,
    /// Who.
    pub actor: Actor,
    /// From where.
    #[serde(flatten)]
    pub origin: Origin,
    /// What (`package.create`).
    pub action: Action,
    /// On what: an id, or empty.
    pub resource: String,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// Why, for denials and errors; what did not count of an allowed request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Names of the fields that changed, never values that could be secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
}

/// The chain that records about `resource` belong to: FNV-1a over its bytes, modulo [`CHAINS`]; not a security boundary.
#[must_use]
pub fn chain_of(resource: &str) -> u32 {
    let hash = resource.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash % CHAINS
}

/// Canonical JSON: the fields of every object sorted by the bytes of their names, nothing between the tokens.
///
/// A record's hash is taken over it, so that whoever reads a record in any order of fields gets the same hash.
#[must_use]
pub fn canonical_json(value: &serde_json::Value) -> String {
    use serde_json::Value;
    let joined = |parts: Vec<String>| parts.join(",");
    match value {
        Value::Array(values) => format!("[{}]", joined(values.iter().map(canonical_json).collect())),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| name.as_bytes());
            let field = |(name, value): (&String, &Value)| format!("{}:{}", Value::from(name.as_str()), canonical_json(value));
            format!("{{{}}}", joined(fields.into_iter().map(field).collect()))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}
