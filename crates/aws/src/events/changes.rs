//! Changes out of the tables' streams.

use std::collections::HashMap;

use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use domain::{
    change::Change,
    ports::{Entry, Handler, Item, Key},
};
use serde_json::Value;

use super::{BATCH, EventError, decode};
use crate::TableNames;

const KIND: &str = "a table's stream";

/// Hands the records of a stream's event to `handler`, with the row before and after, and answers from which of them on
/// all are to come again.
///
/// A batch is of one shard and in its order. Lambda takes the lowest sequence number answered as the place to go on
/// from and repeats everything behind it
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>): so the first record that
/// failed is answered, alone, and what stands behind its batch is not begun. It is repeated for as long as the stream
/// keeps it: so `handler` fails only at what may go better next time. A record of no table of ours is passed over; nothing
/// follows from it.
///
/// # Errors
/// If the event is none of a stream: all its records come again.
pub async fn changes(event: Value, names: &TableNames, handler: &dyn Handler<Change>) -> Result<Value, EventError> {
    let event: Event = decode(event, KIND)?;
    let mut entries = Vec::with_capacity(event.records.len());
    for record in event.records {
        let sequence_number = record.change.sequence_number.clone().filter(|number| !number.is_empty());
        let id = sequence_number.ok_or(EventError::Lacks { kind: KIND, what: "a record's sequence number" })?;
        let source = record.event_source_arn.clone();
        match change_of(record, names) {
            Some(body) => entries.push(Entry { id, body }),
            None => tracing::error!(record = id, source, "a record of a stream is none of a table of this deployment"),
        }
    }
    let mut first_failed = None;
    for batch in entries.chunks(BATCH) {
        let failed = handler.handle(batch.to_vec()).await.failed;
        let first = batch.iter().find(|entry| failed.contains(&entry.id)).map(|entry| entry.id.clone());
        if first.is_some() {
            first_failed = first;
            break;
        }
    }
    let mut answer = DynamoDbEventResponse::default();
    if let Some(first) = first_failed {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(first);
        answer.batch_item_failures.push(failure);
    }
    serde_json::to_value(answer).map_err(|source| EventError::Shape { kind: KIND, source })
}

/// `None` for a record of no table of ours.
fn change_of(record: EventRecord, names: &TableNames) -> Option<Change> {
    // arn:aws:dynamodb:{region}:{account}:table/{name}/stream/{label}
    let arn = record.event_source_arn?;
    let table = names.table(arn.split_once(":table/")?.1.split('/').next()?)?;
    let mut key = row(record.change.keys);
    let schema = table.schema();
    let mut part = |name: &str| if let Some(Value::String(text)) = key.remove(name) { Some(text) } else { None };
    let key = Key { partition: part(schema.partition)?, sort: part(schema.sort)? };
    // A row has at least its key: an empty image is one that is not there.
    let image = |attributes: serde_dynamo::Item| (!attributes.is_empty()).then(|| row(attributes));
    Some(Change { table, key, old: image(record.change.old_image), new: image(record.change.new_image) })
}

/// The row. What no row of ours has (binary) reads as null: whoever needs that attribute finds it broken, and nobody else.
fn row(attributes: serde_dynamo::Item) -> Item {
    let attributes: HashMap<String, serde_dynamo::AttributeValue> = attributes.into();
    attributes.into_iter().map(|(name, value)| (name, serde_dynamo::from_attribute_value(value).unwrap_or_default())).collect()
}
