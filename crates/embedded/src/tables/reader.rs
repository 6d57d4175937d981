//! Reading: every listing is a range read of one B-tree.

use std::{path::Path, sync::Arc};

use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{
        Index, Item, Key, Order, Page, Query, Scan, Schema, Table,
        tables::{PageBuilder, bounds, segment_slots, slot},
    },
};
use rusqlite::{Connection, Params};
use tokio::sync::Semaphore;

use super::schema::{index_number, table_number};
use crate::sqlite::{self, Failure};

/// Greater than every text: no byte of UTF-8 is 0xff.
const END: &[u8] = &[0xff];

/// The file's readers for asynchronous callers, who wait for their turn without holding a thread.
#[derive(Debug)]
pub(super) struct Readers {
    readers: Arc<sqlite::Readers>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Self {
        Self { readers: Arc::new(sqlite::Readers::new(path)), turns: Arc::new(Semaphore::new(sqlite::Readers::COUNT)) }
    }

    /// One row, read on the thread that asks: that takes some microseconds, and the way to another thread takes more. Only
    /// where a lock would have to be waited for it is read there.
    pub(super) async fn get(&self, operation: &'static str, table: Table, key: &Key) -> PortResult<Option<Item>> {
        match self.readers.read_at_once(|connection| get(connection, table, key)) {
            Err(failure) if failure.is_busy() => {
                let key = key.clone();
                self.run(operation, move |connection| get(connection, table, &key)).await
            }
            read => read.map_err(|failure| failure.at(operation)),
        }
    }

    /// Runs `read` on one state of the file, off the asynchronous threads.
    pub(super) async fn run<T, F>(&self, operation: &'static str, read: F) -> PortResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let stopped =
            |source: Box<dyn std::error::Error + Send + Sync>| PortError::new(PortErrorKind::Unavailable, operation).because(source);
        // Held by the task itself: a caller that goes away must not let in one more reader than there are connections.
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|error| stopped(error.into()))?;
        let readers = Arc::clone(&self.readers);
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            readers.read(|transaction| read(transaction))
        });
        task.await.map_err(|error| stopped(error.into()))?.map_err(|failure: Failure| failure.at(operation))
    }
}

/// One row.
pub(super) fn get(connection: &Connection, table: Table, key: &Key) -> Result<Option<Item>, Failure> {
    let mut statement = connection.prepare_cached("SELECT body FROM item WHERE tbl = ?1 AND slot = ?2 AND partition = ?3 AND sort = ?4")?;
    let place = (table_number(table), slot(&key.partition), key.partition.as_bytes(), key.sort.as_bytes());
    let mut rows = statement.query(place)?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?))
}

/// Rows by key, all as of one moment.
pub(super) fn get_many(connection: &Connection, table: Table, keys: &[Key]) -> Result<Vec<Option<Item>>, Failure> {
    keys.iter().map(|key| get(connection, table, key)).collect()
}

const ASCENDING: &str = "
    SELECT body FROM item WHERE tbl = ?1 AND slot = ?2 AND partition = ?3 AND sort >= ?4 AND sort < ?5 ORDER BY sort LIMIT ?6";
const DESCENDING: &str = "
    SELECT body FROM item WHERE tbl = ?1 AND slot = ?2 AND partition = ?3 AND sort >= ?4 AND sort < ?5 ORDER BY sort DESC LIMIT ?6";
const INDEX_ASCENDING: &str = "
    SELECT item.body FROM place CROSS JOIN item ON item.id = place.item
    WHERE place.tbl = ?1 AND idx = ?2 AND place.partition = ?3 AND (place.sort, row_partition, row_sort) > (?4, ?5, ?6) AND place.sort < ?7
    ORDER BY place.sort, row_partition, row_sort LIMIT ?8";
const INDEX_DESCENDING: &str = "
    SELECT item.body FROM place CROSS JOIN item ON item.id = place.item
    WHERE place.tbl = ?1 AND idx = ?2 AND place.partition = ?3 AND (place.sort, row_partition, row_sort) < (?4, ?5, ?6) AND place.sort >= ?7
    ORDER BY place.sort DESC, row_partition DESC, row_sort DESC LIMIT ?8";
const SCAN: &str = "
    SELECT body FROM item WHERE tbl = ?1 AND (slot, partition, sort) > (?2, ?3, ?4) AND slot <= ?5
    ORDER BY slot, partition, sort LIMIT ?6";

/// A page of a partition.
pub(super) fn query(connection: &Connection, query: &Query, schema: Schema) -> Result<Page, Failure> {
    let (start, end) = bounds(&query.range);
    let end = end.unwrap_or_else(|| END.to_vec());
    match query.index {
        None => query_table(connection, query, schema, start, end),
        Some(index) => query_index(connection, query, (index, schema), &start, &end),
    }
}

fn query_table(connection: &Connection, query: &Query, schema: Schema, start: Vec<u8>, end: Vec<u8>) -> Result<Page, Failure> {
    let after = query.after.as_ref().map(|after| after.attribute(schema.sort).as_bytes().to_vec());
    let (sql, start, end) = match (query.order, after) {
        (Order::Ascending, None) => (ASCENDING, start, end),
        // The next text in order is the same one with a zero byte behind it.
        (Order::Ascending, Some(after)) => (ASCENDING, [after.as_slice(), &[0]].concat(), end),
        (Order::Descending, after) => (DESCENDING, start, after.unwrap_or(end)),
    };
    let first = (table_number(query.table), slot(&query.partition), query.partition.as_bytes(), start, end, more_than(query.limit));
    fill(connection, sql, first, query.limit, query.table, None)
}

fn query_index(
    connection: &Connection,
    query: &Query,
    (index, schema): (Index, Schema),
    start: &[u8],
    end: &[u8],
) -> Result<Page, Failure> {
    let after = query.after.as_ref().map(|after| (after.attribute(schema.sort), after.row(query.table)));
    let (sql, from, to) = match query.order {
        Order::Ascending => (INDEX_ASCENDING, start, end),
        Order::Descending => (INDEX_DESCENDING, end, start),
    };
    // No row's key is empty, so (`from`, empty, empty) is before every row whose sort attribute is `from`.
    let (from, partition, sort) = match &after {
        None => (from, "", ""),
        Some((from, key)) => (from.as_bytes(), key.partition.as_str(), key.sort.as_str()),
    };
    let place = (
        table_number(query.table),
        index_number(index),
        query.partition.as_bytes(),
        from,
        partition.as_bytes(),
        sort.as_bytes(),
        to,
        more_than(query.limit),
    );
    fill(connection, sql, place, query.limit, query.table, Some(index))
}

/// A page of a segment.
pub(super) fn scan(connection: &Connection, scan: &Scan) -> Result<Page, Failure> {
    let slots = segment_slots(scan.segment, scan.segments);
    let (from, key) = match &scan.after {
        None => (*slots.start(), Key::new("", "")),
        Some(after) => {
            let key = after.row(scan.table);
            (slot(&key.partition), key)
        }
    };
    let place = (table_number(scan.table), from, key.partition.as_bytes(), key.sort.as_bytes(), *slots.end(), more_than(scan.limit));
    fill(connection, SCAN, place, scan.limit, scan.table, None)
}

/// One more than the page holds, to see whether there is another page.
fn more_than(limit: u32) -> i64 {
    i64::from(limit) + 1
}

fn fill(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    limit: u32,
    table: Table,
    index: Option<Index>,
) -> Result<Page, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut page = PageBuilder::new(limit);
    while let Some(row) = rows.next()? {
        let item: Item = serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
        if !page.push(item) {
            break;
        }
    }
    Ok(page.finish(table, index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::schema::FILE;

    #[test]
    fn every_listing_is_a_range_read_in_the_order_of_its_tree() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let connection = FILE.open(&folder.path().join("tables.sqlite3")).expect("a new file");
        for (sql, tree) in
            [(ASCENDING, "item"), (DESCENDING, "item"), (INDEX_ASCENDING, "place"), (INDEX_DESCENDING, "place"), (SCAN, "item")]
        {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("valid SQL");
            let parameters = vec![rusqlite::types::Null; statement.parameter_count()];
            let rows = statement.query_map(rusqlite::params_from_iter(parameters), |row| row.get::<_, String>(3)).expect("a plan");
            let plan: Vec<String> = rows.map(|row| row.expect("a step")).collect();
            assert!(plan[0].starts_with(&format!("SEARCH {tree} USING")), "{plan:?}");
            assert!(!plan.iter().any(|step| step.contains("SCAN") || step.contains("TEMP B-TREE")), "{plan:?}");
        }
    }
}
