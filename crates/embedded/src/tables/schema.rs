//! The tables of the file.

use domain::ports::{Index, Table};

use crate::sqlite::Layout;

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

/// The file of rows, places and feed.
pub(super) const FILE: Layout = Layout { operation: "tables.open", steps: &[LAYOUT], secure_delete: false };

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
