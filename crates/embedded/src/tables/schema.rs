//! The file: its tables, and how connections to it are set up.

use std::{fs::OpenOptions, path::Path, time::Duration};

use domain::{
    PortError, PortErrorKind,
    ports::{Index, Table},
};
use rusqlite::{Connection, OpenFlags};

use super::error::Failure;

/// The version of the file's layout.
const VERSION: i64 = 1;

/// Keys are blobs, so that they compare by their UTF-8 bytes and a bound may be between two texts.
const LAYOUT: &str = "
    CREATE TABLE item (
        id INTEGER PRIMARY KEY,
        tbl INTEGER NOT NULL,
        slot INTEGER NOT NULL,
        partition BLOB NOT NULL,
        sort BLOB NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (tbl, slot, partition, sort)
    ) STRICT;
    CREATE TABLE place (
        tbl INTEGER NOT NULL,
        idx INTEGER NOT NULL,
        partition BLOB NOT NULL,
        sort BLOB NOT NULL,
        row_partition BLOB NOT NULL,
        row_sort BLOB NOT NULL,
        item INTEGER NOT NULL,
        PRIMARY KEY (tbl, idx, partition, sort, row_partition, row_sort)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE feed (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        tbl INTEGER NOT NULL,
        partition BLOB NOT NULL,
        sort BLOB NOT NULL,
        old TEXT,
        new TEXT
    ) STRICT;
    CREATE TABLE consumer (
        name TEXT PRIMARY KEY,
        upto INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// Opens the connection that writes, and makes or checks the layout.
pub(super) fn open_writer(path: &Path) -> Result<Connection, Failure> {
    make_private(path)?;
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: a commit is on the disk before its caller is told.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.set_prepared_statement_cache_capacity(64);
    let transaction = connection.transaction()?;
    let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        0 => {
            transaction.execute_batch(LAYOUT)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        VERSION => {}
        newer => return Err(PortError::new(PortErrorKind::Unsupported, "tables.open").with("layout", newer).into()),
    }
    transaction.commit()?;
    Ok(connection)
}

/// Opens a connection that reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, Failure> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Makes the file for its owner only; SQLite gives its companions the same mode.
fn make_private(path: &Path) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(path);
    opened.map(drop).map_err(|error| PortError::new(PortErrorKind::Unavailable, "tables.open").because(error).into())
}

/// The table's number in the file. Never change one.
pub(super) const fn table_number(table: Table) -> i64 {
    match table {
        Table::Packages => 1,
        Table::Metadata => 2,
        Table::Datasets => 3,
        Table::Cart => 4,
        Table::Keys => 5,
        Table::Settings => 6,
    }
}

/// The table of a number in the file.
pub(super) fn table_of(number: i64) -> Option<Table> {
    Table::ALL.into_iter().find(|table| table_number(*table) == number)
}

/// The index's number in the file. Never change one.
pub(super) const fn index_number(index: Index) -> i64 {
    match index {
        Index::Owner => 1,
        Index::Due => 2,
        Index::Token => 3,
        Index::User => 4,
    }
}
