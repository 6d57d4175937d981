//! Rows in tables: the port is shaped like DynamoDB's operations on purpose, so that no caller can
//! write what the cloud can't serve. All key design lives in `app::store`.

mod evaluate;
mod limits;
mod paging;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::error::{PortError, PortErrorKind, PortResult};

pub use evaluate::{canonical, compare, decide, holds};
pub use limits::{
    ITEM_LIMIT_BYTES, PAGE_LIMIT_BYTES, TRANSACTION_LIMIT_BYTES, TRANSACTION_LIMIT_ROWS, check_item, check_keys, check_query, check_scan,
    check_transaction, check_write, check_write_many, item_size,
};
pub use paging::{IndexPlace, PageBuilder, bounds, index_places, prefix_end, segment_slots, slot};

/// A value of an attribute. Numbers are integers or finite floats of at most 38 digits.
pub type Value = serde_json::Value;

/// A row: attribute name to value, with the table's two key attributes (both non-empty text).
///
/// Arrays and maps may be nested. Empty text is allowed outside of keys.
pub type Item = BTreeMap<String, Value>;

/// The six tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Table {
    /// Packages, their tables, crawlers and queries; rows of groups.
    Packages,
    /// Versions of tag sets; history.
    Metadata,
    /// Datasets, current paths, imports.
    Datasets,
    /// Cart items, exports, idempotency rows.
    Cart,
    /// API keys, principal rows, people.
    Keys,
    /// Settings, rules, locations, audit heads, the cursor key, jobs.
    Settings,
}

/// A secondary index: eventually consistent, holding the rows that have both of its attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Index {
    /// Packages by owner, in order of creation.
    Owner,
    /// What housekeeping must look at: shard, then time.
    Due,
    /// Exports by the hash of their grant token.
    Token,
    /// API keys by user, in order of creation.
    User,
}

/// Names of the attributes that make a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The partition key's attribute (text, 1 to 2,048 bytes).
    pub partition: &'static str,
    /// The sort key's attribute (text, 1 to 1,024 bytes).
    pub sort: &'static str,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 6] = [Self::Packages, Self::Metadata, Self::Datasets, Self::Cart, Self::Keys, Self::Settings];

    /// The table's name without the deployment's prefix (`packages`).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packages => "packages",
            Self::Metadata => "metadata",
            Self::Datasets => "datasets",
            Self::Cart => "cart",
            Self::Keys => "keys",
            Self::Settings => "settings",
        }
    }

    /// The attributes of the table's key.
    #[must_use]
    pub const fn schema(self) -> Schema {
        match self {
            Self::Packages | Self::Metadata | Self::Datasets => Schema { partition: "package_id", sort: "item" },
            Self::Cart => Schema { partition: "user_id", sort: "item" },
            Self::Keys => Schema { partition: "access_key_id", sort: "item" },
            Self::Settings => Schema { partition: "kind", sort: "id" },
        }
    }

    /// The table's indexes with the attributes of their keys (all text).
    #[must_use]
    pub const fn indexes(self) -> &'static [(Index, Schema)] {
        const DUE: (Index, Schema) = (Index::Due, Schema { partition: "due_shard", sort: "due_at" });
        match self {
            Self::Packages => &[(Index::Owner, Schema { partition: "owner", sort: "package_id" }), DUE],
            Self::Metadata | Self::Settings => &[],
            Self::Datasets => &[DUE],
            Self::Cart => &[DUE, (Index::Token, Schema { partition: "token_hash", sort: "item" })],
            Self::Keys => &[DUE, (Index::User, Schema { partition: "user_id", sort: "created_at" })],
        }
    }

    /// The attributes of one of the table's indexes.
    #[must_use]
    pub fn index_schema(self, index: Index) -> Option<Schema> {
        self.indexes().iter().find(|(name, _)| *name == index).map(|(_, schema)| *schema)
    }
}

impl Index {
    /// The index's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Due => "due",
            Self::Token => "token",
            Self::User => "user",
        }
    }
}

/// A row's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Value of the partition attribute.
    pub partition: String,
    /// Value of the sort attribute.
    pub sort: String,
}

impl Key {
    /// A key of two texts.
    pub fn new(partition: impl Into<String>, sort: impl Into<String>) -> Self {
        Self { partition: partition.into(), sort: sort.into() }
    }

    /// The key of `item` as a row of `table`.
    ///
    /// # Errors
    /// `InvalidArgument` if an attribute is missing, not text, empty, or too long.
    pub fn of(table: Table, item: &Item) -> PortResult<Self> {
        let schema = table.schema();
        let text = |name: &'static str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let key = Self { partition: text(schema.partition), sort: text(schema.sort) };
        key.check()?;
        Ok(key)
    }

    /// Holds the key against DynamoDB's limits.
    ///
    /// # Errors
    /// `InvalidArgument` if a part is empty or too long.
    pub fn check(&self) -> PortResult<()> {
        if (1..=2048).contains(&self.partition.len()) && (1..=1024).contains(&self.sort.len()) {
            Ok(())
        } else {
            Err(PortError::new(PortErrorKind::InvalidArgument, "tables.key")
                .with("partition_bytes", self.partition.len())
                .with("sort_bytes", self.sort.len()))
        }
    }
}

/// What must hold of the stored row for a write to happen. An absent row has no attributes.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// The row exists.
    Exists,
    /// The row does not exist.
    Absent,
    /// The attribute has this value.
    Equals(String, Value),
    /// The attribute is there and its value is less than this (numbers with numbers, texts with texts).
    Less(String, Value),
    /// The attribute is there and its value is greater than this.
    Greater(String, Value),
    /// The attribute is there.
    Has(String),
    /// The attribute is not there.
    Lacks(String),
    /// All hold.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
}

/// Changes to at least one attribute of a row; the row is made if it is absent. Nothing else of it changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Update {
    /// Attributes to set.
    pub set: BTreeMap<String, Value>,
    /// Attributes to add an integer to; an absent one counts as 0.
    pub add: BTreeMap<String, i64>,
    /// Attributes to remove.
    pub remove: Vec<String>,
}

/// One write to one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Stores the whole row in place of what was there.
    Put {
        /// The table.
        table: Table,
        /// The row, key attributes included.
        item: Item,
        /// What must hold before.
        condition: Option<Condition>,
    },
    /// Changes some attributes.
    Update {
        /// The table.
        table: Table,
        /// The row.
        key: Key,
        /// What to change; never a key attribute, no attribute twice.
        update: Update,
        /// What must hold before.
        condition: Option<Condition>,
    },
    /// Removes the row; removing an absent row is no error.
    Delete {
        /// The table.
        table: Table,
        /// The row.
        key: Key,
        /// What must hold before.
        condition: Option<Condition>,
    },
    /// Writes nothing; only for transactions.
    Check {
        /// The table.
        table: Table,
        /// The row.
        key: Key,
        /// What must hold.
        condition: Condition,
    },
}

impl Write {
    /// The table and key of the row that this touches.
    ///
    /// # Errors
    /// `InvalidArgument` for a malformed key.
    pub fn target(&self) -> PortResult<(Table, Key)> {
        match self {
            Self::Put { table, item, .. } => Ok((*table, Key::of(*table, item)?)),
            Self::Update { table, key, .. } | Self::Delete { table, key, .. } | Self::Check { table, key, .. } => {
                key.check()?;
                Ok((*table, key.clone()))
            }
        }
    }
}

/// Which sort keys a query covers, by their UTF-8 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Range {
    /// All.
    All,
    /// Those that begin with this text (not empty).
    Prefix(String),
    /// From the first to the second, both included.
    Between(String, String),
}

/// Direction of a query, by the UTF-8 bytes of the sort key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Smallest first.
    Ascending,
    /// Greatest first.
    Descending,
}

/// Where a page ended: the key attributes of its last row. The next page goes on behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PageKey(pub BTreeMap<String, String>);

impl PageKey {
    /// The place of `item` in `table`, or in one of its indexes: lets a caller end a page at any row.
    #[must_use]
    pub fn of(table: Table, index: Option<Index>, item: &Item) -> Self {
        let schemas = [Some(table.schema()), index.and_then(|index| table.index_schema(index))];
        let names = schemas.into_iter().flatten().flat_map(|schema| [schema.partition, schema.sort]);
        Self(names.filter_map(|name| Some((name.to_owned(), item.get(name)?.as_str()?.to_owned()))).collect())
    }
}

/// Rows of one partition.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The table.
    pub table: Table,
    /// An index of the table, or the table itself.
    pub index: Option<Index>,
    /// Value of the (index's) partition attribute.
    pub partition: String,
    /// Which sort keys.
    pub range: Range,
    /// Direction.
    pub order: Order,
    /// At most so many rows, 1 to 1,000; a page also ends at 1 MB.
    pub limit: u32,
    /// Go on behind this place.
    pub after: Option<PageKey>,
    /// See all writes that were acknowledged before; only on the table itself.
    pub consistent: bool,
}

/// All rows of a table, in no order, split into segments that can be read side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The table.
    pub table: Table,
    /// Which segment, from 0.
    pub segment: u32,
    /// Of how many, 1 to 1,000,000.
    pub segments: u32,
    /// At most so many rows, 1 to 1,000; a page also ends at 1 MB.
    pub limit: u32,
    /// Go on behind this place.
    pub after: Option<PageKey>,
}

/// A page of rows. It may be short or even empty while `next` is there; only its absence is the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The rows.
    pub items: Vec<Item>,
    /// Where the next page begins.
    pub next: Option<PageKey>,
}

/// Typed rows with conditional writes and transactions.
///
/// Limits, the same everywhere: row <= 400 KB by [`item_size`], partition key <= 2,048 and sort key <= 1,024 bytes,
/// none empty; a transaction <= 100 writes and 4 MB, no row twice. Breaking one is `InvalidArgument` and writes nothing.
/// A row whose `expires_at` has passed may still come back: callers check.
#[async_trait]
pub trait Tables: Send + Sync {
    /// Rows by key, in the order of `keys`, `None` for those absent; any number of keys, none twice.
    async fn get_many(&self, table: Table, keys: &[Key], consistent: bool) -> PortResult<Vec<Option<Item>>>;

    /// A page of a partition, of the table or one of its indexes. Index reads may lag behind writes.
    async fn query(&self, query: Query) -> PortResult<Page>;

    /// A page of a segment of a table. Rows written meanwhile may be in it or not; no other row is missed or doubled.
    async fn scan(&self, scan: Scan) -> PortResult<Page>;

    /// One write. `PreconditionFailed` if its condition does not hold.
    async fn write(&self, write: Write) -> PortResult<()>;

    /// Puts and deletes without conditions, any number, no row twice; each is durable once this returns.
    /// On an error some may have been written. `InvalidArgument` for updates, checks and conditions.
    async fn write_many(&self, writes: Vec<Write>) -> PortResult<()>;

    /// All writes or none, 1 to 100. `PreconditionFailed` names the positions whose condition did not hold.
    async fn transact(&self, writes: Vec<Write>) -> PortResult<()>;
}
