//! Tables in one SQLite file: rows, their places in secondary indexes, and the change feed.
//!
//! One thread writes, and many waiting writes share one commit and so one fsync; reads have connections of their own and
//! never wait for it. A write, its index places and its feed entry are one SQLite transaction.

mod feed;
mod reader;
mod schema;
mod writer;

use std::path::Path;

use async_trait::async_trait;
use domain::{
    PortResult,
    change::Change,
    ports::{
        Item, Key, Page, Query, Scan, Table, Tables, Write,
        tables::{check_keys, check_query, check_scan, check_transaction, check_write, check_write_many},
    },
};
use tokio::sync::watch;

use self::{reader::Readers, writer::Writer};

/// How many writes of [`Tables::write_many`] share a transaction.
const CHUNK: usize = 100;

/// Whether the change feed is to keep a change.
pub type IsTold = fn(&Change) -> bool;

/// The port `Tables` over a SQLite file of its own.
///
/// Dropping it waits until the writes that were accepted are stored, and closes the file.
#[derive(Debug)]
pub struct SqliteTables {
    // Dropped in this order: the writer closes last and then folds the write-ahead log into the file.
    readers: Readers,
    writer: Writer,
}

impl SqliteTables {
    /// Opens the file, or makes it (readable by its owner only). Blocks while doing so.
    ///
    /// # Errors
    /// `Unavailable` if the file can't be opened, `Unsupported` if a newer version of the product wrote it.
    pub fn open(path: impl AsRef<Path>) -> PortResult<Self> {
        Self::open_telling(path, |_| true)
    }

    /// The same, for a feed that keeps only the changes from which something follows: what its readers would drop need not
    /// be written for them, and read by them.
    ///
    /// # Errors
    /// As [`SqliteTables::open`].
    pub fn open_telling(path: impl AsRef<Path>, is_told: IsTold) -> PortResult<Self> {
        let writer = Writer::start(path.as_ref(), is_told)?;
        Ok(Self { readers: Readers::new(path.as_ref()), writer })
    }

    /// Tells the sequence of the newest entry of the change feed, whenever there is a new one.
    #[must_use]
    pub fn newest_change(&self) -> watch::Receiver<i64> {
        self.writer.newest_change()
    }
}

#[async_trait]
impl Tables for SqliteTables {
    async fn get_many(&self, table: Table, keys: &[Key], _consistent: bool) -> PortResult<Vec<Option<Item>>> {
        const OPERATION: &str = "tables.get_many";
        check_keys(OPERATION, keys)?;
        if let [key] = keys {
            return Ok(vec![self.readers.get(OPERATION, table, key).await?]);
        }
        let keys = keys.to_vec();
        self.readers.run(OPERATION, move |connection| reader::get_many(connection, table, &keys)).await
    }

    async fn query(&self, query: Query) -> PortResult<Page> {
        let schema = check_query(&query)?;
        self.readers.run("tables.query", move |connection| reader::query(connection, &query, schema)).await
    }

    async fn scan(&self, scan: Scan) -> PortResult<Page> {
        check_scan(&scan)?;
        self.readers.run("tables.scan", move |connection| reader::scan(connection, &scan)).await
    }

    async fn write(&self, write: Write) -> PortResult<()> {
        const OPERATION: &str = "tables.write";
        check_write(OPERATION, &write)?;
        self.writer.apply(OPERATION, vec![write]).await
    }

    async fn write_many(&self, mut writes: Vec<Write>) -> PortResult<()> {
        const OPERATION: &str = "tables.write_many";
        check_write_many(OPERATION, &writes)?;
        while !writes.is_empty() {
            let rest = writes.split_off(writes.len().min(CHUNK));
            self.writer.apply(OPERATION, std::mem::replace(&mut writes, rest)).await?;
        }
        Ok(())
    }

    async fn transact(&self, writes: Vec<Write>) -> PortResult<()> {
        const OPERATION: &str = "tables.transact";
        check_transaction(OPERATION, &writes)?;
        self.writer.apply(OPERATION, writes).await
    }
}
