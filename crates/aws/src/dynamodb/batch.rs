//! Batches: DynamoDB takes 100 keys or 25 writes at once and hands back what it didn't get to.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest};
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{Item, Key, Table, Write},
};
use futures::{StreamExt, TryStreamExt, stream};

use crate::retry::pause;

use super::{
    DynamoTables,
    error::{failed, unbuildable},
    row::{Attributes, attributes_of, key_of, row_of},
};

const KEYS: usize = 100;
const WRITES: usize = 25;
/// How many batches are under way at once.
const SIDE_BY_SIDE: usize = 4;
/// How often a batch may come back without any progress.
const ATTEMPTS: u32 = 8;

impl DynamoTables {
    pub(super) async fn batch_get(&self, table: Table, keys: &[Key], consistent: bool) -> PortResult<Vec<Option<Item>>> {
        const OPERATION: &str = "tables.get_many";
        let batches: Vec<Vec<Attributes>> = keys.chunks(KEYS).map(|keys| keys.iter().map(|key| key_of(table, key)).collect()).collect();
        let answers: Vec<Vec<Attributes>> = stream::iter(batches.into_iter().map(|batch| self.get_batch(table, batch, consistent)))
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        let mut rows = HashMap::with_capacity(keys.len());
        for attributes in answers.into_iter().flatten() {
            let item = row_of(attributes, OPERATION)?;
            rows.insert(Key::of(table, &item)?, item);
        }
        Ok(keys.iter().map(|key| rows.remove(key)).collect())
    }

    async fn get_batch(&self, table: Table, mut keys: Vec<Attributes>, consistent: bool) -> PortResult<Vec<Attributes>> {
        const OPERATION: &str = "tables.get_many";
        let name = self.names.of(table);
        let mut rows = Vec::with_capacity(keys.len());
        let mut tries = 0;
        while !keys.is_empty() {
            let asked = keys.len();
            let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(consistent).build();
            let request = request.map_err(|error| unbuildable(error, OPERATION))?;
            let answer = self.client.batch_get_item().request_items(name, request).send().await;
            let answer = answer.map_err(|error| failed(&error, OPERATION))?;
            rows.extend(answer.responses.into_iter().flatten().flat_map(|(_, rows)| rows));
            keys = answer.unprocessed_keys.into_iter().flatten().flat_map(|(_, rest)| rest.keys).collect();
            wait_or_give_up(&mut tries, asked, keys.len(), OPERATION).await?;
        }
        Ok(rows)
    }

    pub(super) async fn batch_write(&self, writes: &[Write]) -> PortResult<()> {
        let entries = writes.iter().map(|write| self.batch_entry(write)).collect::<PortResult<Vec<_>>>()?;
        let batches: Vec<Vec<(String, WriteRequest)>> = entries.chunks(WRITES).map(<[_]>::to_vec).collect();
        stream::iter(batches.into_iter().map(|batch| self.write_batch(batch))).buffer_unordered(SIDE_BY_SIDE).try_collect().await
    }

    /// A put or delete (nothing else comes here) with the name of its table.
    fn batch_entry(&self, write: &Write) -> PortResult<(String, WriteRequest)> {
        const OPERATION: &str = "tables.write_many";
        let request = match write {
            Write::Put { item, .. } => {
                let put = PutRequest::builder().set_item(Some(attributes_of(item, OPERATION)?)).build();
                WriteRequest::builder().put_request(put.map_err(|error| unbuildable(error, OPERATION))?)
            }
            other => {
                let (table, key) = other.target()?;
                let delete = DeleteRequest::builder().set_key(Some(key_of(table, &key))).build();
                WriteRequest::builder().delete_request(delete.map_err(|error| unbuildable(error, OPERATION))?)
            }
        };
        Ok((self.names.of(write.target()?.0).to_owned(), request.build()))
    }

    async fn write_batch(&self, mut entries: Vec<(String, WriteRequest)>) -> PortResult<()> {
        const OPERATION: &str = "tables.write_many";
        let mut tries = 0;
        while !entries.is_empty() {
            let asked = entries.len();
            let mut by_table: HashMap<String, Vec<WriteRequest>> = HashMap::new();
            for (name, request) in entries {
                by_table.entry(name).or_default().push(request);
            }
            let answer = self.client.batch_write_item().set_request_items(Some(by_table)).send().await;
            let rest = answer.map_err(|error| failed(&error, OPERATION))?.unprocessed_items.into_iter().flatten();
            entries = rest.flat_map(|(name, requests)| requests.into_iter().map(move |request| (name.clone(), request))).collect();
            wait_or_give_up(&mut tries, asked, entries.len(), OPERATION).await?;
        }
        Ok(())
    }
}

/// After a batch of which `left` of `asked` came back: waits before the next try, or gives up where there is no progress.
async fn wait_or_give_up(tries: &mut u32, asked: usize, left: usize, operation: &'static str) -> PortResult<()> {
    *tries = if left < asked { 0 } else { *tries + 1 };
    if *tries == ATTEMPTS {
        return Err(PortError::new(PortErrorKind::RateLimited, operation).with("unprocessed", left));
    }
    if left > 0 {
        pause(*tries).await;
    }
    Ok(())
}
