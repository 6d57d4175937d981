//! The change feed: what was written, in order, until every consumer has acknowledged it.

use domain::{
    PortError, PortErrorKind, PortResult,
    change::Change,
    ports::{Item, Key},
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    SqliteTables,
    schema::{table_number, table_of},
    writer::Task,
};
use crate::sqlite::Failure;

/// The feed for workers' loops: read behind the acknowledged position, handle, acknowledge; when there is nothing,
/// wait on [`SqliteTables::newest_change`].
impl SqliteTables {
    /// Makes a consumer known, from when on nothing is dropped that it has not acknowledged, and answers the sequence
    /// that it acknowledged last (for a new one: that before the oldest entry still kept).
    ///
    /// # Errors
    /// As [`domain::ports::Tables::write`].
    pub async fn subscribe(&self, consumer: &str) -> PortResult<i64> {
        self.writer.ask("tables.subscribe", Task::Subscribe(consumer.to_owned())).await
    }

    /// Entries behind `after` with their sequences, ascending, at most `limit` and about 4 MB.
    ///
    /// # Errors
    /// `Unavailable` if the file can't be read.
    pub async fn read_changes(&self, after: i64, limit: u32) -> PortResult<Vec<(i64, Change)>> {
        self.readers.run("tables.read_changes", move |connection| read(connection, after, limit)).await
    }

    /// Says that `consumer` has handled everything up to `upto`; what all consumers have handled is dropped. Going back
    /// is no error and does nothing.
    ///
    /// # Errors
    /// `NotFound` for a consumer that never subscribed; else as [`domain::ports::Tables::write`].
    pub async fn acknowledge(&self, consumer: &str, upto: i64) -> PortResult<()> {
        self.writer.ask("tables.acknowledge", Task::Acknowledge(consumer.to_owned(), upto)).await.map(drop)
    }
}

/// How many bytes of rows one reading holds before it ends early.
const READ_LIMIT_BYTES: usize = 4 * 1024 * 1024;

fn read(connection: &Connection, after: i64, limit: u32) -> Result<Vec<(i64, Change)>, Failure> {
    const READ: &str = "SELECT sequence, tbl, partition, sort, old, new FROM feed WHERE sequence > ?1 ORDER BY sequence LIMIT ?2";
    let mut statement = connection.prepare_cached(READ)?;
    let mut rows = statement.query(params![after, limit])?;
    let mut changes = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let text = |column: usize| -> Result<String, Failure> {
            String::from_utf8(row.get(column)?).map_err(|error| broken().because(error).into())
        };
        let image =
            |body: Option<String>| -> Result<Option<Item>, Failure> { Ok(body.map(|body| serde_json::from_str(&body)).transpose()?) };
        let (old, new): (Option<String>, Option<String>) = (row.get(4)?, row.get(5)?);
        bytes += old.as_ref().map_or(0, String::len) + new.as_ref().map_or(0, String::len);
        let table = table_of(row.get(1)?).ok_or_else(broken)?;
        let change = Change { table, key: Key::new(text(2)?, text(3)?), old: image(old)?, new: image(new)? };
        changes.push((row.get(0)?, change));
        if bytes > READ_LIMIT_BYTES {
            break;
        }
    }
    Ok(changes)
}

fn broken() -> PortError {
    PortError::new(PortErrorKind::Unexpected, "tables.read_changes")
}

/// Appends an entry, in the transaction of its write.
pub(super) fn append(connection: &Connection, change: &Change, old: Option<&str>, new: Option<&str>) -> Result<(), Failure> {
    const APPEND: &str = "INSERT INTO feed (tbl, partition, sort, old, new) VALUES (?1, ?2, ?3, ?4, ?5)";
    let (partition, sort) = (change.key.partition.as_bytes(), change.key.sort.as_bytes());
    connection.prepare_cached(APPEND)?.execute(params![table_number(change.table), partition, sort, old, new])?;
    Ok(())
}

/// The sequence of the newest entry that there ever was; 0 before the first.
pub(super) fn newest(connection: &Connection) -> Result<i64, Failure> {
    let mut statement = connection.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'feed'")?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?.unwrap_or_default())
}

/// See [`SqliteTables::subscribe`].
pub(super) fn subscribe(connection: &Connection, consumer: &str) -> Result<i64, Failure> {
    let oldest: Option<i64> = connection.query_row("SELECT min(sequence) FROM feed", [], |row| row.get(0))?;
    let start = match oldest {
        Some(oldest) => oldest - 1,
        None => newest(connection)?,
    };
    connection.execute("INSERT INTO consumer (name, upto) VALUES (?1, ?2) ON CONFLICT DO NOTHING", params![consumer, start])?;
    Ok(connection.query_row("SELECT upto FROM consumer WHERE name = ?1", [consumer], |row| row.get(0))?)
}

/// See [`SqliteTables::acknowledge`]. Answers the position.
pub(super) fn acknowledge(connection: &Connection, consumer: &str, upto: i64) -> Result<i64, Failure> {
    const MOVE: &str = "UPDATE consumer SET upto = max(upto, min(?2, ?3)) WHERE name = ?1 RETURNING upto";
    const TRIM: &str = "DELETE FROM feed WHERE sequence <= (SELECT min(upto) FROM consumer)";
    // Beyond the newest there is nothing to acknowledge, and what comes next must not be taken as handled.
    let newest = newest(connection)?;
    let position = connection.prepare_cached(MOVE)?.query_row(params![consumer, upto, newest], |row| row.get(0)).optional()?;
    let unknown = || PortError::new(PortErrorKind::NotFound, "tables.acknowledge").with("consumer", consumer);
    let position = position.ok_or_else(unknown)?;
    connection.prepare_cached(TRIM)?.execute([])?;
    Ok(position)
}
