//! Rows of exports: `export#{id}` is the export; `followed#{id}` counts followed links, apart because that is written often
//! and told to nobody. What an export is made of has rows of its own (`export_parts`).

use std::time::Duration;

use domain::{
    ExportId, ItemId, PackageId, PortErrorKind, PortResult, Timestamp,
    cart::{Export, ExportFormat, ExportState, Skipped, Totals},
    change::Stamp,
    id::UserId,
    package::RETENTION,
    ports::{Condition, Index, Item, Key, Order, Page, PageKey, Query, Range, Table, Update, Write},
};
use serde::{Deserialize, Serialize};

use super::{Due, Store, item_of, row_of};

/// An export that is not there after so long never comes: its job lies among the dead letters.
const RUNNING_LIFE: Duration = Duration::from_secs(6 * 3600);
/// So long an export that ended can be looked at.
const ENDED_LIFE: Duration = RETENTION;

#[derive(Serialize, Deserialize)]
struct ExportRow {
    user_id: UserId,
    item: String,
    id: ExportId,
    format: ExportFormat,
    packages: Vec<(ItemId, PackageId)>,
    paths: Vec<String>,
    state: ExportState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    expires_in: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    expected: Totals,
    written: Totals,
    skipped: Vec<Skipped>,
    skipped_count: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_ciphertext: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_hash: Option<String>,
    attempt: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkpoint: Option<Checkpoint>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    entry_rows: Vec<EntryRows>,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(flatten)]
    due: Due,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<Stamp>,
}

/// What changes in an export's row while it is written.
#[derive(Serialize)]
struct CheckpointRow {
    checkpoint: Option<Checkpoint>,
    entry_rows: Vec<EntryRows>,
    expected: Totals,
    written: Totals,
    updated_at: Timestamp,
    #[serde(flatten)]
    due: Due,
}

/// Where it is kept how far the writing of an export came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Key in the data bucket.
    pub key: String,
    /// The object's version.
    pub version: Option<String>,
}

/// Rows of grant entries that one attempt wrote: those from `first` on, up to where the next attempt's begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRows {
    /// The attempt.
    pub attempt: u64,
    /// The number of its first row.
    pub first: usize,
}

/// An export with the number of the attempt at writing it.
///
/// Whoever begins to write takes the next number and goes on where the last checkpoint was; only the last one may say how
/// far it came or that it is done. Nothing that an attempt writes has a name that another one would use. So a job that is
/// delivered twice at the same moment mixes nothing.
#[derive(Clone, Debug)]
pub struct ExportRecord {
    /// The export, without its manifests.
    pub export: Export,
    /// The attempt.
    pub attempt: u64,
    /// Where to go on.
    pub checkpoint: Option<Checkpoint>,
    /// Which attempt wrote which grant entries.
    pub entry_rows: Vec<EntryRows>,
}

impl From<ExportRow> for ExportRecord {
    fn from(row: ExportRow) -> Self {
        let export = Export {
            id: row.id,
            user_id: row.user_id,
            format: row.format,
            packages: row.packages,
            paths: row.paths,
            state: row.state,
            failure: row.failure,
            expires_in: row.expires_in,
            expires_at: row.expires_at,
            expected: row.expected,
            written: row.written,
            skipped: row.skipped,
            skipped_count: row.skipped_count,
            manifests: Vec::new(),
            token_ciphertext: row.token_ciphertext,
            token_hash: row.token_hash,
            followed: 0,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        Self { export, attempt: row.attempt, checkpoint: row.checkpoint, entry_rows: row.entry_rows }
    }
}

impl ExportRecord {
    /// An export of which nothing is written yet, after so many attempts.
    #[must_use]
    pub const fn unwritten(export: Export, attempt: u64) -> Self {
        Self { export, attempt, checkpoint: None, entry_rows: Vec::new() }
    }

    /// The same with `export` in place of what it was.
    #[must_use]
    pub fn with(&self, export: Export) -> Self {
        Self { export, ..self.clone() }
    }

    /// That the stored export still is in this state and attempt.
    #[must_use]
    pub fn unchanged(&self) -> Condition {
        Condition::All(vec![
            Condition::Equals("state".to_owned(), self.export.state.name().into()),
            Condition::Equals("attempt".to_owned(), self.attempt.into()),
        ])
    }

    /// When housekeeping must look at it.
    fn due_at(&self) -> Timestamp {
        let export = &self.export;
        match export.state {
            ExportState::Running => export.updated_at.plus(RUNNING_LIFE),
            ExportState::Ready => export.expires_at.unwrap_or(export.updated_at),
            ExportState::Failed | ExportState::Revoked => export.updated_at.plus(ENDED_LIFE),
        }
    }
}

fn export_key(user_id: &UserId, id: ExportId) -> Key {
    Key::new(user_id.as_str(), format!("export#{id}"))
}

fn followed_key(user_id: &UserId, id: ExportId) -> Key {
    Key::new(user_id.as_str(), format!("followed#{id}"))
}

fn record_of(item: Item) -> PortResult<ExportRecord> {
    row_of::<ExportRow>(item).map(ExportRecord::from)
}

impl Store {
    /// An export as it is now.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn export(&self, user_id: &UserId, id: ExportId) -> PortResult<Option<ExportRecord>> {
        let keys = [export_key(user_id, id), followed_key(user_id, id)];
        let mut found = self.tables.get_many(Table::Cart, &keys, true).await?;
        let (followed, export) = (found.pop().flatten(), found.pop().flatten());
        let mut record = export.map(record_of).transpose()?;
        if let Some(record) = &mut record {
            record.export.followed = followed_of(followed.as_ref());
        }
        Ok(record)
    }

    /// A page of a user's exports, newest first.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn exports_of(&self, user_id: &UserId, limit: u32, after: Option<PageKey>) -> PortResult<(Vec<Export>, Option<PageKey>)> {
        let query = Query {
            table: Table::Cart,
            index: None,
            partition: user_id.to_string(),
            range: Range::Prefix("export#".to_owned()),
            order: Order::Descending,
            limit,
            after,
            consistent: true,
        };
        let Page { items, next } = self.tables.query(query).await?;
        let found: PortResult<Vec<Export>> = items.into_iter().map(|item| record_of(item).map(|record| record.export)).collect();
        let mut found = found?;
        let keys: Vec<Key> = found.iter().map(|export| followed_key(user_id, export.id)).collect();
        let counts = self.tables.get_many(Table::Cart, &keys, true).await?;
        for (export, count) in found.iter_mut().zip(counts) {
            export.followed = followed_of(count.as_ref());
        }
        Ok((found, next))
    }

    /// Whose and which export has the token of this hash: as the index knows it, to be read again by its key.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn export_with_token(&self, hash: &str) -> PortResult<Option<(UserId, ExportId)>> {
        let query = Query {
            table: Table::Cart,
            index: Some(Index::Token),
            partition: hash.to_owned(),
            range: Range::All,
            order: Order::Ascending,
            limit: 1,
            after: None,
            consistent: false,
        };
        let found = self.tables.query(query).await?.items.pop().map(record_of).transpose()?;
        Ok(found.map(|record| (record.export.user_id, record.export.id)))
    }

    /// The write of a whole export.
    ///
    /// # Errors
    /// Only if the row has no JSON form.
    pub fn put_export(&self, record: &ExportRecord, stamp: Option<&Stamp>, condition: Condition) -> PortResult<Write> {
        let export = &record.export;
        let row = ExportRow {
            user_id: export.user_id.clone(),
            item: format!("export#{}", export.id),
            id: export.id,
            format: export.format,
            packages: export.packages.clone(),
            paths: export.paths.clone(),
            state: export.state,
            failure: export.failure.clone(),
            expires_in: export.expires_in,
            expires_at: export.expires_at,
            expected: export.expected,
            written: export.written,
            skipped: export.skipped.clone(),
            skipped_count: export.skipped_count,
            token_ciphertext: export.token_ciphertext.clone(),
            token_hash: export.token_hash.clone(),
            attempt: record.attempt,
            checkpoint: record.checkpoint.clone(),
            entry_rows: record.entry_rows.clone(),
            created_at: export.created_at,
            updated_at: export.updated_at,
            due: Due::at(record.due_at(), &export.id.to_string()),
            changed: stamp.cloned(),
        };
        Ok(Write::Put { table: Table::Cart, item: item_of(&row)?, condition: Some(condition) })
    }

    /// Stores `changed` in place of `before`; `false` if that is no longer what is stored.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn replace_export(&self, before: &ExportRecord, changed: &ExportRecord, stamp: Option<&Stamp>) -> PortResult<bool> {
        match self.tables.write(self.put_export(changed, stamp, before.unchanged())?).await {
            Ok(()) => Ok(true),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes the next attempt at writing a running export; `None` if somebody else did at the same moment.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn begin_attempt(&self, record: &ExportRecord) -> PortResult<Option<ExportRecord>> {
        let attempt = record.attempt + 1;
        let update = Update { set: [("attempt".to_owned(), attempt.into())].into(), ..Update::default() };
        let key = export_key(&record.export.user_id, record.export.id);
        match self.tables.write(Write::Update { table: Table::Cart, key, update, condition: Some(record.unchanged()) }).await {
            Ok(()) => Ok(Some(ExportRecord { attempt, ..record.clone() })),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps how far an attempt came: from there the next one goes on. `false` if it is not the last attempt any more.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn keep_checkpoint(&self, record: &ExportRecord, kept: &ExportRecord) -> PortResult<bool> {
        let export = &kept.export;
        let set = CheckpointRow {
            checkpoint: kept.checkpoint.clone(),
            entry_rows: kept.entry_rows.clone(),
            expected: export.expected,
            written: export.written,
            updated_at: export.updated_at,
            // Whoever comes forward is not stuck.
            due: Due::at(kept.due_at(), &export.id.to_string()),
        };
        let update = Update { set: item_of(&set)?, ..Update::default() };
        let key = export_key(&export.user_id, export.id);
        match self.tables.write(Write::Update { table: Table::Cart, key, update, condition: Some(record.unchanged()) }).await {
            Ok(()) => Ok(true),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Counts a followed grant link; no change that anybody is told of.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn count_follow(&self, user_id: &UserId, id: ExportId) -> PortResult<()> {
        let update = Update { add: [("followed".to_owned(), 1)].into(), ..Update::default() };
        self.tables.write(Write::Update { table: Table::Cart, key: followed_key(user_id, id), update, condition: None }).await
    }

    /// Removes the row of an export that still is what was read, and its count.
    ///
    /// # Errors
    /// Those of the tables; `PreconditionFailed` if it changed.
    pub async fn remove_export(&self, record: &ExportRecord) -> PortResult<()> {
        let (user_id, id) = (&record.export.user_id, record.export.id);
        let row = Write::Delete { table: Table::Cart, key: export_key(user_id, id), condition: Some(record.unchanged()) };
        let count = Write::Delete { table: Table::Cart, key: followed_key(user_id, id), condition: None };
        self.tables.transact(vec![row, count]).await
    }
}

fn followed_of(row: Option<&Item>) -> u64 {
    row.and_then(|item| item.get("followed")).and_then(serde_json::Value::as_u64).unwrap_or_default()
}
