//! The rows of a data lake's SQLite files: how many there are, and how long SQLite takes to write those again that came.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use rusqlite::{Connection, OpenFlags, params_from_iter, types::Value};

/// The files that keep rows, below the data folder.
const FILES: [&str; 4] = ["tables.sqlite3", "jobs.sqlite3", "users.sqlite3", "objects/objects.sqlite"];
/// Rows of a transaction.
const TRANSACTION: usize = 100;
/// Transactions whose rows are read at once, while no time is taken.
const AHEAD: usize = 200;

/// How many rows each table of each file has.
pub(crate) struct Tally(BTreeMap<(&'static str, String), u64>);

impl Tally {
    /// Of the files below a data folder.
    pub(crate) fn of(folder: &Path) -> Result<Self> {
        let mut rows = BTreeMap::new();
        for file in FILES {
            let connection = open(&folder.join(file))?;
            for table in tables(&connection)? {
                let count: i64 = connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
                rows.insert((file, table), count.unsigned_abs());
            }
        }
        Ok(Self(rows))
    }

    fn of_table(&self, file: &'static str, table: &str) -> u64 {
        self.0.get(&(file, table.to_owned())).copied().unwrap_or_default()
    }
}

/// Writes the rows that are there now and were not `before`, values and indexes alike, into fresh files of the same tables
/// below `scratch`, as durably as the product does. Answers with the time of the writing alone, and the number of rows.
pub(crate) fn write_again(folder: &Path, before: &Tally, scratch: &Path) -> Result<(Duration, u64)> {
    let now = Tally::of(folder)?;
    fs::create_dir_all(scratch)?;
    let (mut time, mut rows) = (Duration::ZERO, 0);
    for file in FILES {
        let source = open(&folder.join(file))?;
        let path = scratch.join(file.replace('/', "-"));
        let mut copy = make_alike(&source, &path)?;
        for table in tables(&source)? {
            let came = now.of_table(file, &table).saturating_sub(before.of_table(file, &table));
            time += write_table(&source, &mut copy, &table, came)?;
            rows += came;
        }
    }
    fs::remove_dir_all(scratch)?;
    Ok((time, rows))
}

fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).with_context(|| path.display().to_string())?;
    connection.busy_timeout(Duration::from_secs(10))?;
    Ok(connection)
}

/// The tables of a file but for SQLite's own.
fn tables(connection: &Connection) -> Result<Vec<String>> {
    let mut statement =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// A file with the same tables and indexes, opened as the product opens its own.
fn make_alike(source: &Connection, path: &Path) -> Result<Connection> {
    let copy = Connection::open(path)?;
    copy.pragma_update(None, "journal_mode", "WAL")?;
    copy.pragma_update(None, "synchronous", "FULL")?;
    // Rows come table by table here: what they refer to may be there already in the source.
    copy.pragma_update(None, "foreign_keys", false)?;
    copy.set_prepared_statement_cache_capacity(64);
    let mut statement =
        source.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC")?;
    for sql in statement.query_map([], |row| row.get::<_, String>(0))? {
        copy.execute_batch(&sql?)?;
    }
    Ok(copy)
}

/// Writes the last `count` rows of a table, in the order in which they were written where the table knows it.
fn write_table(source: &Connection, copy: &mut Connection, table: &str, count: u64) -> Result<Duration> {
    let offset: i64 = source.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
    let offset = offset - i64::try_from(count)?;
    let mut select = source.prepare(&format!("SELECT * FROM {table} LIMIT -1 OFFSET {offset}"))?;
    let columns = select.column_count();
    let places = vec!["?"; columns].join(", ");
    let insert = format!("INSERT INTO {table} VALUES ({places})");
    let mut rows = select.query([])?;
    let mut time = Duration::ZERO;
    loop {
        let mut ahead: Vec<Vec<Value>> = Vec::with_capacity(AHEAD * TRANSACTION);
        while ahead.len() < AHEAD * TRANSACTION {
            let Some(row) = rows.next()? else { break };
            ahead.push((0..columns).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?);
        }
        if ahead.is_empty() {
            return Ok(time);
        }
        let began = Instant::now();
        for chunk in ahead.chunks(TRANSACTION) {
            let transaction = copy.transaction()?;
            let mut statement = transaction.prepare_cached(&insert)?;
            for row in chunk {
                statement.execute(params_from_iter(row))?;
            }
            drop(statement);
            transaction.commit()?;
        }
        time += began.elapsed();
    }
}
