//! [`InterleavedTables`]: tables on which what is asked at once really comes between.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    PortResult,
    ports::{Item, Key, Page, Query, Scan, Table, Tables, Write},
};
use tokio::task::yield_now;

use crate::MemoryTables;

/// Tables that let everybody else go first before each call: of callers that are joined on one thread, each does one step
/// at a time, in every run the same.
#[derive(Debug)]
pub struct InterleavedTables(Arc<MemoryTables>);

impl InterleavedTables {
    /// Over these tables.
    #[must_use]
    pub fn new(tables: Arc<MemoryTables>) -> Self {
        Self(tables)
    }
}

#[async_trait]
impl Tables for InterleavedTables {
    async fn get_many(&self, table: Table, keys: &[Key], consistent: bool) -> PortResult<Vec<Option<Item>>> {
        yield_now().await;
        self.0.get_many(table, keys, consistent).await
    }

    async fn query(&self, query: Query) -> PortResult<Page> {
        yield_now().await;
        self.0.query(query).await
    }

    async fn scan(&self, scan: Scan) -> PortResult<Page> {
        yield_now().await;
        self.0.scan(scan).await
    }

    async fn write(&self, write: Write) -> PortResult<()> {
        yield_now().await;
        self.0.write(write).await
    }

    async fn write_many(&self, writes: Vec<Write>) -> PortResult<()> {
        yield_now().await;
        self.0.write_many(writes).await
    }

    async fn transact(&self, writes: Vec<Write>) -> PortResult<()> {
        yield_now().await;
        self.0.transact(writes).await
    }
}
