//! Rows as private structs: serde turns them into items and back.

use domain::{PortError, PortErrorKind, PortResult, Timestamp, ports::Item};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, value::MapDeserializer},
};

/// The number of shards of the `due` index: housekeeping reads each, writers spread over them.
pub(crate) const DUE_SHARDS: u32 = 16;

/// An item of a row. Absent optional fields must be skipped by the row's `Serialize`.
pub(crate) fn item_of<R: Serialize>(row: &R) -> PortResult<Item> {
    match serde_json::to_value(row) {
        Ok(serde_json::Value::Object(map)) => Ok(map.into_iter().collect()),
        Ok(_) => Err(PortError::new(PortErrorKind::Unexpected, "store.item_of")),
        Err(error) => Err(PortError::new(PortErrorKind::Unexpected, "store.item_of").because(error)),
    }
}

/// A row of an item. Attributes that the row does not know are ignored.
pub(crate) fn row_of<R: DeserializeOwned>(item: Item) -> PortResult<R> {
    let attributes = MapDeserializer::new(item.into_iter());
    R::deserialize(attributes).map_err(|error: serde_json::Error| PortError::new(PortErrorKind::Unexpected, "store.row_of").because(error))
}

/// When housekeeping must look at a row: the attributes of the sparse index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Due {
    /// Shard of the index.
    pub(crate) due_shard: String,
    /// The time.
    pub(crate) due_at: Timestamp,
}

impl Due {
    /// Due at `time`; `id` picks the shard.
    pub(crate) fn at(time: Timestamp, id: &str) -> Self {
        let hash = id.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
        Self { due_shard: format!("{:02}", hash % DUE_SHARDS), due_at: time }
    }

    /// The names of all shards.
    pub(crate) fn shards() -> impl Iterator<Item = String> {
        (0..DUE_SHARDS).map(|shard| format!("{shard:02}"))
    }
}
