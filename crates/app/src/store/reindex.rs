//! The row of the index's rebuild: how far the last one came, and where it goes on. There is one row, so there is one
//! rebuild at a time.

use std::time::Duration;

use domain::{
    PortErrorKind, PortResult, Timestamp,
    change::{STAMP_ATTRIBUTE, Stamp},
    id::UserId,
    ports::{Condition, Item, Key, PageKey, Scan, Table, Update, Write},
    reindex::{Reindex, ReindexState},
};
use serde::{Deserialize, Serialize};

use super::{Store, item_of, row_of};

const KIND: &str = "job";
const ID: &str = "reindex";
/// A rebuild that came no further for so long is not waited for: its job lies among the dead letters.
const STUCK_AFTER: Duration = Duration::from_secs(3600);

/// Where a rebuild goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "lowercase")]
pub(crate) enum Place {
    /// Packages are counted.
    Count {
        /// Behind this row.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<PageKey>,
    },
    /// The new index is to be made.
    Begin,
    /// It is filled.
    Write {
        /// Behind this row.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<PageKey>,
    },
    /// It is full.
    Swap,
}

/// A rebuild with where it goes on, and the number of the attempt at it.
///
/// Whoever goes on with it takes the next number and holds the rebuild until `held_until`; only the last one may write the
/// row. So a job that is delivered twice at the same moment never begins an index that another one is filling.
#[derive(Clone, Debug)]
pub(crate) struct ReindexRecord {
    pub(crate) reindex: Reindex,
    pub(crate) place: Place,
    pub(crate) attempt: u64,
    pub(crate) held_until: Timestamp,
    /// How often a new index was begun: one may be lost with its process.
    pub(crate) begun: u32,
}

#[derive(Serialize, Deserialize)]
struct ReindexRow {
    kind: String,
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started_by: Option<UserId>,
    started_at: Timestamp,
    attempt: u64,
    held_until: Timestamp,
    #[serde(flatten)]
    progress: Progress,
}

/// What changes in the row while the index is built.
#[derive(Serialize, Deserialize)]
struct Progress {
    state: ReindexState,
    updated_at: Timestamp,
    done: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    failed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    place: Place,
    begun: u32,
}

impl From<ReindexRow> for ReindexRecord {
    fn from(row: ReindexRow) -> Self {
        let ReindexRow { started_by, started_at, attempt, held_until, progress, .. } = row;
        let Progress { state, updated_at, done, total, failed, failure, place, begun } = progress;
        let reindex = Reindex { state, started_by, started_at, updated_at, done, total, failed, failure };
        Self { reindex, place, attempt, held_until, begun }
    }
}

impl ReindexRecord {
    /// A rebuild that begins now, in place of the `last` one.
    pub(crate) fn new(last: Option<&Self>, started_by: Option<UserId>, now: Timestamp) -> Self {
        let reindex = Reindex {
            state: ReindexState::Running,
            started_by,
            started_at: now,
            updated_at: now,
            done: 0,
            total: None,
            failed: 0,
            failure: None,
        };
        let attempt = last.map_or(0, |last| last.attempt) + 1;
        Self { reindex, place: Place::Count { after: None }, attempt, held_until: now, begun: 0 }
    }

    /// Whether it runs, as far as anybody can tell.
    pub(crate) fn is_under_way(&self, now: Timestamp) -> bool {
        self.reindex.state == ReindexState::Running && now.since(self.reindex.updated_at) < STUCK_AFTER
    }

    fn progress(&self) -> Progress {
        let Reindex { state, updated_at, done, total, failed, failure, .. } = self.reindex.clone();
        Progress { state, updated_at, done, total, failed, failure, place: self.place.clone(), begun: self.begun }
    }
}

fn key() -> Key {
    Key::new(KIND, ID)
}

/// That the stored rebuild still is in this attempt.
fn in_attempt(attempt: u64) -> Condition {
    Condition::Equals("attempt".to_owned(), attempt.into())
}

impl Store {
    /// The last rebuild, if there ever was one.
    ///
    /// # Errors
    /// Those of the tables.
    pub(crate) async fn reindex(&self) -> PortResult<Option<ReindexRecord>> {
        let found = self.tables.get_many(Table::Settings, &[key()], true).await?.pop().flatten();
        Ok(found.map(row_of::<ReindexRow>).transpose()?.map(ReindexRecord::from))
    }

    /// The write that begins a rebuild, if `last` still is the last one. A stamp tells it.
    ///
    /// # Errors
    /// Only if the row has no JSON form.
    pub(crate) fn put_reindex(&self, last: Option<&ReindexRecord>, new: &ReindexRecord, stamp: Option<&Stamp>) -> PortResult<Write> {
        let row = ReindexRow {
            kind: KIND.to_owned(),
            id: ID.to_owned(),
            started_by: new.reindex.started_by.clone(),
            started_at: new.reindex.started_at,
            attempt: new.attempt,
            held_until: new.held_until,
            progress: new.progress(),
        };
        let mut item = item_of(&row)?;
        if let Some(stamp) = stamp {
            item.insert(STAMP_ATTRIBUTE.to_owned(), serde_json::to_value(stamp).unwrap_or_default());
        }
        let condition = last.map_or(Condition::Absent, |last| in_attempt(last.attempt));
        Ok(Write::Put { table: Table::Settings, item, condition: Some(condition) })
    }

    /// Takes the next attempt at a rebuild and holds it; `None` if somebody else did at the same moment.
    ///
    /// # Errors
    /// Those of the tables.
    pub(crate) async fn hold_reindex(&self, found: &ReindexRecord, until: Timestamp) -> PortResult<Option<ReindexRecord>> {
        let held = ReindexRecord { attempt: found.attempt + 1, held_until: until, ..found.clone() };
        let set = [("attempt".to_owned(), held.attempt.into()), ("held_until".to_owned(), until.to_string().into())];
        let update = Update { set: set.into(), ..Update::default() };
        Ok(self.change_reindex(found.attempt, update).await?.then_some(held))
    }

    /// Keeps how far a rebuild came, and until when it is held; `false` if somebody else went on with it meanwhile. No
    /// change that anybody is told of.
    ///
    /// # Errors
    /// Those of the tables.
    pub(crate) async fn keep_reindex(&self, record: &ReindexRecord) -> PortResult<bool> {
        let mut set = item_of(&record.progress())?;
        set.insert("held_until".to_owned(), record.held_until.to_string().into());
        let absent = |name: &&str| !set.contains_key(*name);
        let remove = ["total", "failure"].iter().filter(|name| absent(name)).map(|name| (*name).to_owned()).collect();
        self.change_reindex(record.attempt, Update { set, remove, ..Update::default() }).await
    }

    async fn change_reindex(&self, attempt: u64, update: Update) -> PortResult<bool> {
        let write = Write::Update { table: Table::Settings, key: key(), update, condition: Some(in_attempt(attempt)) };
        match self.tables.write(write).await {
            Ok(()) => Ok(true),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A page of all packages that are not deleted, in no order, and the place behind it.
    ///
    /// # Errors
    /// Those of the tables.
    pub(crate) async fn every_package(&self, limit: u32, after: Option<PageKey>) -> PortResult<(Vec<domain::PackageId>, Option<PageKey>)> {
        let page = self.tables.scan(Scan { table: Table::Packages, segment: 0, segments: 1, limit, after }).await?;
        let lives = |item: &&Item| item.get("item").is_some_and(|kind| kind == "package") && !item.contains_key("deleted_at");
        let ids = page.items.iter().filter(lives).filter_map(|item| item.get("package_id")?.as_str()?.parse().ok());
        Ok((ids.collect(), page.next))
    }
}
