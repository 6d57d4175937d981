//! Changes: what the tables' feed tells, and the stamp by which one action is told once.

use serde::{Deserialize, Serialize};

use crate::{
    access::Action,
    audit::{Actor, Origin},
    id::ChangeId,
    ports::{Item, Key, Table},
    time::Timestamp,
};

/// The attribute that carries a [`Stamp`].
pub const STAMP_ATTRIBUTE: &str = "changed";

/// Written with the row that an action is about; audit records and jobs are derived only from a stamp that is new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Names this change.
    pub id: ChangeId,
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: Action,
    /// From where.
    #[serde(flatten)]
    pub origin: Origin,
    /// When.
    pub time: Timestamp,
    /// Names of the fields that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// One entry of the change feed: delivered at least once, in order per row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The table.
    pub table: Table,
    /// The row.
    pub key: Key,
    /// The row before; `None` if it was not there.
    pub old: Option<Item>,
    /// The row after; `None` if it is gone.
    pub new: Option<Item>,
}

impl Change {
    /// The stamp, if this change brought a new one.
    #[must_use]
    pub fn new_stamp(&self) -> Option<Stamp> {
        let read = |item: &Item| serde_json::from_value::<Stamp>(item.get(STAMP_ATTRIBUTE)?.clone()).ok();
        let new = self.new.as_ref().and_then(read)?;
        let old = self.old.as_ref().and_then(read);
        (old.is_none_or(|old| old.id != new.id)).then_some(new)
    }

    /// The package's `sequence`, if this change raised it.
    #[must_use]
    pub fn new_sequence(&self) -> Option<u64> {
        let read = |item: &Item| item.get("sequence").and_then(serde_json::Value::as_u64);
        let new = self.new.as_ref().and_then(read)?;
        (self.old.as_ref().and_then(read) != Some(new)).then_some(new)
    }
}
