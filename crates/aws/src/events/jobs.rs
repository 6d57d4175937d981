//! Jobs out of queues.

use std::collections::BTreeSet;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{
    Deadline,
    job::Job,
    ports::{Entry, Handler},
};
use serde_json::Value;

use super::{BATCH, EventError, decode};

const KIND: &str = "a queue";
/// The attribute of a message in a queue that keeps order.
const GROUP: &str = "MessageGroupId";

/// Hands the messages of a queue's event to `handler`, which is ended at `deadline`, and answers which of them are to come again.
///
/// The event source mapping must ask for `ReportBatchItemFailures`
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>).
///
/// Where a queue keeps order, whatever stands behind a failed job of its group comes again with it. A message that is no
/// job, or one that can never be done, holds up nobody: the queue puts it among its dead letters.
///
/// # Errors
/// If the event is none of a queue: all its messages come again.
pub async fn jobs(event: Value, handler: &dyn Handler<Job>, deadline: Deadline) -> Result<Value, EventError> {
    let event: SqsEvent = decode(event, KIND)?;
    let messages = event.records.iter().map(Message::read).collect::<Result<Vec<_>, _>>()?;
    let (mut failed, mut hopeless) = (BTreeSet::new(), BTreeSet::new());
    for batch in messages.chunks(BATCH) {
        let entry = |message: &Message| Some(Entry { id: message.id.clone(), body: message.job.clone()? });
        let entries: Vec<Entry<Job>> = batch.iter().filter_map(entry).collect();
        if !entries.is_empty() {
            let outcome = handler.handle_until(entries, deadline).await;
            failed.extend(outcome.failed);
            hopeless.extend(outcome.hopeless);
        }
    }
    let mut held_up = BTreeSet::new();
    let mut answer = SqsBatchResponse::default();
    for Message { id, group, job } in messages {
        let behind_a_failed_one = group.as_ref().is_some_and(|group| held_up.contains(group));
        if job.is_none() || hopeless.contains(&id) || behind_a_failed_one {
            answer.add_failure(id);
        } else if failed.contains(&id) {
            held_up.extend(group);
            answer.add_failure(id);
        }
    }
    serde_json::to_value(answer).map_err(|source| EventError::Shape { kind: KIND, source })
}

struct Message {
    id: String,
    group: Option<String>,
    job: Option<Job>,
}

impl Message {
    fn read(message: &SqsMessage) -> Result<Self, EventError> {
        // Without its id a message can't be told from the others.
        let id = message.message_id.clone().ok_or(EventError::Lacks { kind: KIND, what: "a message's id" })?;
        let job = serde_json::from_str(message.body.as_deref().unwrap_or_default());
        if let Err(error) = &job {
            // Where it broke, not what it says: a body may hold personal data.
            tracing::error!(message = id, line = error.line(), column = error.column(), "a message is no job");
        }
        Ok(Self { id, group: message.attributes.get(GROUP).cloned(), job: job.ok() })
    }
}
