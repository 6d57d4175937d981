//! What is sent of a job.

use domain::{PortError, PortErrorKind, PortResult, job::Job, ports::chain_hash};
use serde_json::Value;

/// What a message may have, and a batch in all. SQS takes 1 MiB today
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>); queues that were
/// made with older tools, and younger partitions, take 256 KiB. Ours have a few KiB.
const LONGEST: usize = 256 * 1024;
/// How many messages make a batch.
const BATCH: usize = 10;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// The job as JSON.
    pub(super) body: String,
    /// Its place among others.
    pub(super) order: Option<Order>,
}

/// What a FIFO queue is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// Messages of one group keep their order.
    pub(super) group: String,
    /// A second message with this is the same one: it is made of all that the job says.
    pub(super) once: String,
}

impl Message {
    pub(super) fn of(job: &Job, operation: &'static str) -> PortResult<Self> {
        let defect = |error: serde_json::Error| PortError::new(PortErrorKind::InvalidArgument, operation).because(error);
        let value = serde_json::to_value(job).map_err(defect)?;
        let once = match &value {
            Value::Object(fields) => chain_hash(fields),
            // Unreachable: a job is an object.
            _ => String::new(),
        };
        let order = job.group().map(|group| Order { group, once });
        // JSON leaves these two as they are, and SQS takes no message with them.
        let body = value.to_string().replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff");
        if body.len() > LONGEST {
            return Err(PortError::new(PortErrorKind::InvalidArgument, operation).with("bytes", body.len()));
        }
        Ok(Self { body, order })
    }
}

/// In order, each as long as a batch may be.
pub(super) fn batches(messages: Vec<Message>) -> Vec<Vec<Message>> {
    let mut batches: Vec<Vec<Message>> = Vec::new();
    let mut bytes = 0;
    for message in messages {
        bytes += message.body.len();
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH && bytes <= LONGEST => batch.push(message),
            _ => {
                bytes = message.body.len();
                batches.push(vec![message]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: usize) -> Message {
        Message { body: "x".repeat(bytes), order: None }
    }

    #[test]
    fn a_batch_has_ten_messages_at_most() {
        let sizes = |messages| batches(messages).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(vec![message(1); 25]), [10, 10, 5]);
        assert!(sizes(Vec::new()).is_empty());
    }

    #[test]
    fn a_batch_is_not_longer_than_sqs_takes() {
        let parts = batches(vec![message(LONGEST - 1), message(1), message(1), message(LONGEST)]);
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1]);
    }

    #[test]
    fn a_job_without_a_group_has_no_order() {
        assert_eq!(Message::of(&Job::Sweep, "jobs.enqueue").expect("a message").order, None);
    }
}
