//! What is due, and how rows go: by housekeeping alone.

use domain::{
    PortErrorKind, PortResult, Timestamp,
    dataset::Dataset,
    ports::{Condition, Index, Item, Key, Order, Page, PageKey, Query, Range, Table, Update, Write},
};

use super::{Due, Store};

const DUE_AT: &str = "due_at";
/// A row with this attribute is being removed for good, with all that hangs on it: nothing brings it back.
const PURGING: &str = "purging";
/// Rows of a page of the index, and of a purge.
const PAGE: u32 = 500;

/// A row that is due, as read from the table itself.
#[derive(Clone, Debug)]
pub struct DueRow {
    /// Its key.
    pub key: Key,
    due_at: String,
}

impl DueRow {
    /// That the row still is the one that was due.
    #[must_use]
    pub fn unchanged(&self) -> Condition {
        Condition::Equals(DUE_AT.to_owned(), self.due_at.as_str().into())
    }
}

/// The condition that nobody began to remove a row for good.
pub(crate) fn not_being_purged() -> Condition {
    Condition::Lacks(PURGING.to_owned())
}

impl Store {
    /// The names of the shards of the index of due rows.
    pub fn due_shards() -> impl Iterator<Item = String> {
        Due::shards()
    }

    /// A page of the rows that are due at `now`, as the index knows them: it lags, so each is read again.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn due(&self, table: Table, shard: &str, now: Timestamp, after: Option<PageKey>) -> PortResult<(Vec<Key>, Option<PageKey>)> {
        let query = Query {
            table,
            index: Some(Index::Due),
            partition: shard.to_owned(),
            range: Range::Between("0".to_owned(), now.to_string()),
            order: Order::Ascending,
            limit: PAGE,
            after,
            consistent: false,
        };
        let Page { items, next } = self.tables.query(query).await?;
        let keys: PortResult<Vec<Key>> = items.iter().map(|item| Key::of(table, item)).collect();
        Ok((keys?, next))
    }

    /// The row, if it really is due at `now`.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn really_due(&self, table: Table, key: &Key, now: Timestamp) -> PortResult<Option<DueRow>> {
        let found = self.tables.get_many(table, std::slice::from_ref(key), true).await?.pop().flatten();
        let due_at = found.as_ref().and_then(|item| item.get(DUE_AT)).and_then(|value| value.as_str());
        // Both are times as the product writes them, whose texts are in the order of times.
        Ok(due_at.filter(|due_at| **due_at <= *now.to_string()).map(|due_at| DueRow { key: key.clone(), due_at: due_at.to_owned() }))
    }

    /// Removes a due row, unless it changed meanwhile.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn remove_due(&self, table: Table, row: &DueRow) -> PortResult<()> {
        self.unless_changed(Write::Delete { table, key: row.key.clone(), condition: Some(row.unchanged()) }).await
    }

    /// Changes a due row and takes it out of the index, unless it changed meanwhile.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn settle_due(&self, table: Table, row: &DueRow, set: Item) -> PortResult<()> {
        let update = Update { set, remove: vec!["due_shard".to_owned(), DUE_AT.to_owned()], ..Update::default() };
        self.unless_changed(Write::Update { table, key: row.key.clone(), update, condition: Some(row.unchanged()) }).await
    }

    /// Marks a due row as one that is being removed for good, if it still is as it was and `condition` holds; whether it is
    /// marked now. From then on nobody can restore it, so that what hangs on it can go.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn begin_purge(&self, table: Table, row: &DueRow, condition: Condition) -> PortResult<bool> {
        let update = Update { set: [(PURGING.to_owned(), true.into())].into(), ..Update::default() };
        let condition = Some(Condition::All(vec![row.unchanged(), condition]));
        match self.tables.write(Write::Update { table, key: row.key.clone(), update, condition }).await {
            Ok(()) => Ok(true),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether a row is being removed for good.
    pub(super) async fn is_being_purged(&self, table: Table, key: Key) -> PortResult<bool> {
        let found = self.tables.get_many(table, &[key], true).await?.pop().flatten();
        Ok(found.is_some_and(|item| item.contains_key(PURGING)))
    }

    async fn unless_changed(&self, write: Write) -> PortResult<()> {
        match self.tables.write(write).await {
            Err(error) if !error.is(PortErrorKind::PreconditionFailed) => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes the rows of datasets whose bytes are gone.
    ///
    /// # Errors
    /// Those of the tables; some may be gone then.
    pub async fn remove_datasets(&self, datasets: &[Dataset]) -> PortResult<()> {
        let key = |dataset: &Dataset| Key::new(dataset.package_id.to_string(), format!("ds#{}", dataset.id));
        let gone = datasets.iter().map(|dataset| Write::Delete { table: Table::Datasets, key: key(dataset), condition: None });
        self.tables.write_many(gone.collect()).await
    }

    /// Removes all rows of a partition whose sort key begins with `prefix`.
    ///
    /// # Errors
    /// Those of the tables; some may be gone then.
    pub async fn remove_rows(&self, table: Table, partition: &str, prefix: &str) -> PortResult<()> {
        let mut after: Option<PageKey> = None;
        loop {
            after = self.remove_page(table, partition, Range::Prefix(prefix.to_owned()), None, after).await?;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Removes a page of a partition's rows, but never the one with sort key `keep`, and tells where the next page begins.
    ///
    /// # Errors
    /// Those of the tables; some may be gone then.
    pub async fn remove_some(
        &self,
        table: Table,
        partition: &str,
        keep: Option<&str>,
        after: Option<PageKey>,
    ) -> PortResult<Option<PageKey>> {
        self.remove_page(table, partition, Range::All, keep, after).await
    }

    async fn remove_page(
        &self,
        table: Table,
        partition: &str,
        range: Range,
        keep: Option<&str>,
        after: Option<PageKey>,
    ) -> PortResult<Option<PageKey>> {
        let query = Query {
            table,
            index: None,
            partition: partition.to_owned(),
            range,
            order: Order::Ascending,
            limit: PAGE,
            after,
            consistent: true,
        };
        let Page { items, next } = self.tables.query(query).await?;
        let keys: PortResult<Vec<Key>> = items.iter().map(|item| Key::of(table, item)).collect();
        let going = keys?.into_iter().filter(|key| keep != Some(key.sort.as_str()));
        self.tables.write_many(going.map(|key| Write::Delete { table, key, condition: None }).collect()).await?;
        Ok(next)
    }
}
