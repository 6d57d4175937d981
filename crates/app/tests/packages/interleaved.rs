//! Tables that let everybody else go first before each call, so that what is asked at once really comes between.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    PortResult,
    ports::{Item, Key, Page, Query, Scan, Table, Tables, Write},
};
use testkit::MemoryTables;
use tokio::task::yield_now;

/// The tables, one step of each caller at a time.
pub(crate) struct Interleaved(pub(crate) Arc<MemoryTables>);

#[async_trait]
impl Tables for Interleaved {
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
