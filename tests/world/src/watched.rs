//! Tables that tell when something was written that processes remember for a minute.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use domain::{
    PortResult,
    ports::{Item, Key, Page, Query, Scan, Table, Tables, Write},
};

/// Tables, and whether settings or rules were written.
pub(crate) struct Watched {
    tables: Arc<dyn Tables>,
    configured: Arc<AtomicBool>,
}

impl Watched {
    pub(crate) fn new(tables: Arc<dyn Tables>, configured: Arc<AtomicBool>) -> Self {
        Self { tables, configured }
    }

    fn note(&self, writes: &[Write]) {
        if writes.iter().any(|write| write.target().is_ok_and(|(table, _)| table == Table::Settings)) {
            self.configured.store(true, Ordering::SeqCst);
        }
    }
}

#[async_trait]
impl Tables for Watched {
    async fn get_many(&self, table: Table, keys: &[Key], consistent: bool) -> PortResult<Vec<Option<Item>>> {
        self.tables.get_many(table, keys, consistent).await
    }

    async fn query(&self, query: Query) -> PortResult<Page> {
        self.tables.query(query).await
    }

    async fn scan(&self, scan: Scan) -> PortResult<Page> {
        self.tables.scan(scan).await
    }

    async fn write(&self, write: Write) -> PortResult<()> {
        self.note(std::slice::from_ref(&write));
        self.tables.write(write).await
    }

    async fn write_many(&self, writes: Vec<Write>) -> PortResult<()> {
        self.note(&writes);
        self.tables.write_many(writes).await
    }

    async fn transact(&self, writes: Vec<Write>) -> PortResult<()> {
        self.note(&writes);
        self.tables.transact(writes).await
    }
}
