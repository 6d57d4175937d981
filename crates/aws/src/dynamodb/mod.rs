//! Tables in DynamoDB.

mod batch;
mod error;
mod expression;
mod retry;
mod row;

use std::sync::Arc;

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    types::{ConditionCheck, Delete, Put, TransactWriteItem, Update as TransactUpdate},
};
use domain::{
    PortResult,
    ports::{
        Item, Key, Order, Page, Query, Range, Scan, Table, Tables, Update, Write,
        tables::{check_keys, check_query, check_scan, check_transaction, check_write, check_write_many},
    },
};

use crate::account::Account;

pub use crate::table_names::TableNames;

use self::{
    error::{cancelled, failed, unbuildable},
    expression::Expression,
    retry::{if_refused, retried},
    row::{attributes_of, key_of, page_key_of, row_of, start_key_of},
};

impl Account {
    /// The tables of the deployment with this prefix.
    #[must_use]
    pub fn tables(&self, prefix: &str) -> Arc<DynamoTables> {
        Arc::new(DynamoTables::new(DynamoTables::client(self), TableNames::with_prefix(prefix)))
    }
}

/// The port `Tables` over DynamoDB.
#[derive(Clone, Debug)]
pub struct DynamoTables {
    client: Client,
    names: TableNames,
}

impl DynamoTables {
    /// Over a client made by [`Self::client`].
    #[must_use]
    pub fn new(client: Client, names: TableNames) -> Self {
        Self { client, names }
    }

    /// A client of this account.
    #[must_use]
    pub fn client(account: &Account) -> Client {
        Client::new(account.config())
    }

    /// Opens a connection while the first event is on its way: a read of nothing, in the background.
    pub fn open(self: &Arc<Self>) {
        let tables = Arc::clone(self);
        tokio::spawn(async move {
            let nothing = Key::new("connection", "open");
            if let Err(error) = tables.get_many(Table::Settings, &[nothing], false).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the tables do not answer yet");
            }
        });
    }

    async fn put(&self, (table, item, expression): (Table, &Item, Expression), repeatable: bool) -> PortResult<()> {
        let request = self.client.put_item().table_name(self.names.of(table)).set_item(Some(attributes_of(item, WRITE)?));
        let request = request
            .set_condition_expression(expression.condition)
            .set_expression_attribute_names(expression.names)
            .set_expression_attribute_values(expression.values);
        let sent = if repeatable { request.send().await } else { request.customize().config_override(once()).send().await };
        sent.map(drop).map_err(|error| failed(&error, WRITE))
    }

    async fn update(&self, (table, key, expression): (Table, &Key, Expression), repeatable: bool) -> PortResult<()> {
        let request = self.client.update_item().table_name(self.names.of(table)).set_key(Some(key_of(table, key)));
        let request = request
            .set_update_expression(expression.update)
            .set_condition_expression(expression.condition)
            .set_expression_attribute_names(expression.names)
            .set_expression_attribute_values(expression.values);
        let sent = if repeatable { request.send().await } else { request.customize().config_override(once()).send().await };
        sent.map(drop).map_err(|error| failed(&error, WRITE))
    }

    async fn delete(&self, (table, key, expression): (Table, &Key, Expression), repeatable: bool) -> PortResult<()> {
        let request = self.client.delete_item().table_name(self.names.of(table)).set_key(Some(key_of(table, key)));
        let request = request
            .set_condition_expression(expression.condition)
            .set_expression_attribute_names(expression.names)
            .set_expression_attribute_values(expression.values);
        let sent = if repeatable { request.send().await } else { request.customize().config_override(once()).send().await };
        sent.map(drop).map_err(|error| failed(&error, WRITE))
    }

    /// One write as an entry of a transaction.
    fn entry(&self, write: &Write) -> PortResult<TransactWriteItem> {
        let expression = Expression::of(write, TRANSACT)?;
        let (table, key) = write.target()?;
        let (name, key) = (self.names.of(table), key_of(table, &key));
        let entry = TransactWriteItem::builder();
        // The four builders have the same methods and no trait in common.
        macro_rules! build {
            ($builder:expr) => {
                $builder
                    .table_name(name)
                    .set_expression_attribute_names(expression.names)
                    .set_expression_attribute_values(expression.values)
                    .build()
                    .map_err(|error| unbuildable(error, TRANSACT))?
            };
        }
        let conditional = expression.condition;
        Ok(match write {
            Write::Put { item, .. } => {
                let item = attributes_of(item, TRANSACT)?;
                entry.put(build!(Put::builder().set_item(Some(item)).set_condition_expression(conditional)))
            }
            Write::Update { .. } => {
                let builder = TransactUpdate::builder().set_key(Some(key)).set_update_expression(expression.update);
                entry.update(build!(builder.set_condition_expression(conditional)))
            }
            Write::Delete { .. } => entry.delete(build!(Delete::builder().set_key(Some(key)).set_condition_expression(conditional))),
            Write::Check { .. } => {
                entry.condition_check(build!(ConditionCheck::builder().set_key(Some(key)).set_condition_expression(conditional)))
            }
        }
        .build())
    }
}

const WRITE: &str = "tables.write";
const TRANSACT: &str = "tables.transact";

/// Says that the SDK must not repeat a request.
fn once() -> Builder {
    Builder::new().retry_config(RetryConfig::disabled())
}

/// Whether doing the write twice is the same as doing it once. The SDK repeats a request whose answer got lost: a sum
/// would count twice, and a condition that the first try made false would refuse a write that has happened.
fn is_repeatable(write: &Write) -> bool {
    match write {
        Write::Put { condition, .. } | Write::Delete { condition, .. } => condition.is_none(),
        Write::Update { update: Update { add, .. }, condition, .. } => condition.is_none() && add.is_empty(),
        Write::Check { .. } => true,
    }
}

#[async_trait]
impl Tables for DynamoTables {
    async fn get_many(&self, table: Table, keys: &[Key], consistent: bool) -> PortResult<Vec<Option<Item>>> {
        check_keys("tables.get_many", keys)?;
        self.batch_get(table, keys, consistent).await
    }

    async fn query(&self, query: Query) -> PortResult<Page> {
        const OPERATION: &str = "tables.query";
        let schema = check_query(&query)?;
        let mut expression = Expression::default();
        let partition = format!("{} = {}", expression.name(schema.partition), expression.text(&query.partition));
        let condition = match &query.range {
            Range::All => partition,
            Range::Prefix(prefix) => {
                format!("{partition} AND begins_with({}, {})", expression.name(schema.sort), expression.text(prefix))
            }
            Range::Between(first, last) => {
                let (first, last) = (expression.text(first), expression.text(last));
                format!("{partition} AND {} BETWEEN {first} AND {last}", expression.name(schema.sort))
            }
        };
        let request = self
            .client
            .query()
            .table_name(self.names.of(query.table))
            .set_index_name(query.index.map(|index| index.name().to_owned()))
            .key_condition_expression(condition)
            .set_expression_attribute_names(expression.names)
            .set_expression_attribute_values(expression.values)
            .scan_index_forward(query.order == Order::Ascending)
            .limit(query.limit.cast_signed())
            .set_exclusive_start_key(query.after.as_ref().map(start_key_of))
            .consistent_read(query.consistent);
        let answer = request.send().await.map_err(|error| failed(&error, OPERATION))?;
        let items = answer.items.unwrap_or_default().into_iter().map(|item| row_of(item, OPERATION)).collect::<PortResult<_>>()?;
        Ok(Page { items, next: page_key_of(answer.last_evaluated_key) })
    }

    async fn scan(&self, scan: Scan) -> PortResult<Page> {
        const OPERATION: &str = "tables.scan";
        check_scan(&scan)?;
        let request = self
            .client
            .scan()
            .table_name(self.names.of(scan.table))
            .segment(scan.segment.cast_signed())
            .total_segments(scan.segments.cast_signed())
            .limit(scan.limit.cast_signed())
            .set_exclusive_start_key(scan.after.as_ref().map(start_key_of))
            // An eventually consistent scan may miss rows that were there before it began.
            .consistent_read(true);
        let answer = request.send().await.map_err(|error| failed(&error, OPERATION))?;
        let items = answer.items.unwrap_or_default().into_iter().map(|item| row_of(item, OPERATION)).collect::<PortResult<_>>()?;
        Ok(Page { items, next: page_key_of(answer.last_evaluated_key) })
    }

    async fn write(&self, write: Write) -> PortResult<()> {
        let (table, key) = check_write(WRITE, &write)?;
        let expression = Expression::of(&write, WRITE)?;
        let repeatable = is_repeatable(&write);
        retried(|| async {
            let expression = expression.clone();
            let done = match &write {
                Write::Put { item, .. } => self.put((table, item, expression), repeatable).await,
                Write::Update { .. } => self.update((table, &key, expression), repeatable).await,
                Write::Delete { .. } | Write::Check { .. } => self.delete((table, &key, expression), repeatable).await,
            };
            // Refused before anything happened, so another try is safe whatever the write is.
            done.map_err(|error| if_refused(error, repeatable))
        })
        .await
    }

    async fn write_many(&self, writes: Vec<Write>) -> PortResult<()> {
        check_write_many("tables.write_many", &writes)?;
        self.batch_write(&writes).await
    }

    async fn transact(&self, writes: Vec<Write>) -> PortResult<()> {
        check_transaction(TRANSACT, &writes)?;
        let entries = writes.iter().map(|write| self.entry(write)).collect::<PortResult<Vec<_>>>()?;
        // The SDK gives each call a token, so what it repeats itself happens once.
        retried(|| async {
            let sent = self.client.transact_write_items().set_transact_items(Some(entries.clone())).send().await;
            sent.map(drop).map_err(|error| if_refused(cancelled(&error, TRANSACT), true))
        })
        .await
    }
}
