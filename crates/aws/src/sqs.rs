//! Jobs in queues of Amazon SQS, one a kind.

mod message;

use std::{collections::BTreeMap, error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_sdk_sqs::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{BatchResultErrorEntry, SendMessageBatchRequestEntry},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use domain::{
    PortError, PortErrorKind, PortResult,
    job::{Job, JobKind},
    ports::Jobs,
};
use futures::future::try_join_all;

use self::message::{Message, batches};
use crate::{account::Account, failure, retry::pause};

const ENQUEUE: &str = "jobs.enqueue";
const ENQUEUE_MANY: &str = "jobs.enqueue_many";
/// What a queue can delay.
const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);
/// How often what a queue did not take of a batch is sent.
const ATTEMPTS: u32 = 4;

impl Account {
    /// The queues of a deployment, by what they are for.
    #[must_use]
    pub fn jobs(&self, queues: impl IntoIterator<Item = (JobKind, String)>) -> Arc<SqsJobs> {
        Arc::new(SqsJobs::new(Client::new(self.config()), queues.into_iter().collect()))
    }
}

/// The queues that a process may send to, by URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueUrls(BTreeMap<JobKind, String>);

impl FromIterator<(JobKind, String)> for QueueUrls {
    fn from_iter<I: IntoIterator<Item = (JobKind, String)>>(queues: I) -> Self {
        Self(queues.into_iter().collect())
    }
}

/// The port `Jobs` over SQS. A kind without a queue is `Unsupported`.
///
/// Jobs of a group (audit records of a chain) go to a FIFO queue: it keeps their order and takes a message once that is
/// sent twice within five minutes. Where SQS itself takes only a part of a batch, what is sent again stands behind what
/// was taken; a record carries its own time. A FIFO queue has no delay for a single message, so that is `Unsupported`.
#[derive(Clone, Debug)]
pub struct SqsJobs {
    client: Client,
    queues: QueueUrls,
}

impl SqsJobs {
    /// Over a client that follows the account's policy of time limits and repetitions.
    #[must_use]
    pub fn new(client: Client, queues: QueueUrls) -> Self {
        Self { client, queues }
    }

    fn queue(&self, kind: JobKind, operation: &'static str) -> PortResult<&str> {
        let url = self.queues.0.get(&kind).map(String::as_str);
        url.ok_or_else(|| PortError::new(PortErrorKind::Unsupported, operation).with("kind", kind.name()))
    }

    /// One batch after the other, so that order is kept.
    async fn send_all(&self, url: &str, messages: Vec<Message>) -> PortResult<()> {
        for batch in batches(messages) {
            self.send_batch(url, batch).await?;
        }
        Ok(())
    }

    /// Sends what is left until the queue has all of it.
    async fn send_batch(&self, url: &str, batch: Vec<Message>) -> PortResult<()> {
        let mut left = batch.into_iter().enumerate().map(|(number, message)| entry(number, message)).collect::<PortResult<Vec<_>>>()?;
        let mut tries = 1;
        loop {
            let answer = self.client.send_message_batch().queue_url(url).set_entries(Some(left.clone())).send().await;
            let refused = answer.map_err(|error| failed(&error, ENQUEUE_MANY))?.failed;
            let Some(first) = refused.first() else { return Ok(()) };
            let error = refusal(first).with("refused", refused.len());
            if !error.is_temporary() || tries == ATTEMPTS {
                return Err(error);
            }
            left.retain(|entry| refused.iter().any(|refused| refused.id == entry.id));
            pause(tries).await;
            tries += 1;
        }
    }
}

#[async_trait]
impl Jobs for SqsJobs {
    async fn enqueue(&self, job: &Job, delay: Duration) -> PortResult<()> {
        let seconds = seconds(job, delay)?;
        let Message { body, order } = Message::of(job, ENQUEUE)?;
        let request = self.client.send_message().queue_url(self.queue(job.kind(), ENQUEUE)?).message_body(body);
        let request = match order {
            Some(order) => request.message_group_id(order.group).message_deduplication_id(order.once),
            None => request.delay_seconds(seconds),
        };
        request.send().await.map(drop).map_err(|error| failed(&error, ENQUEUE))
    }

    async fn enqueue_many(&self, jobs: &[Job]) -> PortResult<()> {
        let mut by_queue: BTreeMap<&str, Vec<Message>> = BTreeMap::new();
        // All of them before the first is sent: what can't be sent is a defect, and then nothing is.
        for job in jobs {
            by_queue.entry(self.queue(job.kind(), ENQUEUE_MANY)?).or_default().push(Message::of(job, ENQUEUE_MANY)?);
        }
        try_join_all(by_queue.into_iter().map(|(url, messages)| self.send_all(url, messages))).await.map(drop)
    }
}

/// The delay in whole seconds, never shorter than asked for.
fn seconds(job: &Job, delay: Duration) -> PortResult<i32> {
    if delay > LONGEST_DELAY {
        return Err(PortError::new(PortErrorKind::InvalidArgument, ENQUEUE).with("delay", delay.as_secs()));
    }
    if !delay.is_zero() && job.group().is_some() {
        return Err(PortError::new(PortErrorKind::Unsupported, ENQUEUE).with("kind", job.kind().name()).because("no delay keeps order"));
    }
    let whole = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    Ok(i32::try_from(whole).unwrap_or(i32::MAX))
}

fn entry(number: usize, Message { body, order }: Message) -> PortResult<SendMessageBatchRequestEntry> {
    let entry = SendMessageBatchRequestEntry::builder().id(number.to_string()).message_body(body);
    let entry = match order {
        Some(order) => entry.message_group_id(order.group).message_deduplication_id(order.once),
        None => entry,
    };
    entry.build().map_err(|error| PortError::new(PortErrorKind::Unexpected, ENQUEUE_MANY).because(error))
}

/// Why the queue didn't take one message of a batch.
fn refusal(refused: &BatchResultErrorEntry) -> PortError {
    let kind = match kind_of(refused.code(), 0) {
        PortErrorKind::Unexpected if refused.sender_fault() => PortErrorKind::InvalidArgument,
        PortErrorKind::Unexpected => PortErrorKind::Unavailable,
        kind => kind,
    };
    PortError::new(kind, ENQUEUE_MANY).with("code", refused.code()).because(refused.message().unwrap_or_default())
}

fn failed<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>, operation: &'static str) -> PortError {
    failure::failed(error, operation, kind_of)
}

fn kind_of(code: &str, status: u16) -> PortErrorKind {
    match code {
        // A queue that isn't there is a defect of the deployment.
        "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue" => PortErrorKind::Unexpected,
        "InvalidMessageContents" => PortErrorKind::InvalidArgument,
        "KmsDisabled" | "KmsInvalidState" => PortErrorKind::Unavailable,
        _ => failure::kind_of(code, status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, sender_fault: bool) -> PortError {
        let entry = BatchResultErrorEntry::builder().id("0").code(code).sender_fault(sender_fault).build();
        refusal(&entry.expect("an entry"))
    }

    #[test]
    fn a_refused_message_is_sent_again_unless_it_is_the_senders_fault() {
        assert!(refused("InternalError", false).is_temporary());
        assert!(refused("NeverHeardOf", false).is_temporary());
        assert!(refused("KmsThrottled", true).is_temporary());
        assert!(refused("InvalidMessageContents", true).is(PortErrorKind::InvalidArgument));
        assert!(refused("NeverHeardOf", true).is(PortErrorKind::InvalidArgument));
    }

    #[test]
    fn a_delay_is_never_rounded_down() {
        assert_eq!(seconds(&Job::Sweep, Duration::ZERO).expect("a delay"), 0);
        assert_eq!(seconds(&Job::Sweep, Duration::from_millis(1)).expect("a delay"), 1);
        assert_eq!(seconds(&Job::Sweep, LONGEST_DELAY).expect("a delay"), 900);
        assert!(seconds(&Job::Sweep, LONGEST_DELAY + Duration::from_nanos(1)).is_err());
    }
}
