//! The contract of `Jobs`, held by queues of SQS.

#![cfg(feature = "sqs")]

mod support;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use aws_sdk_sqs::{
    Client,
    config::{ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeSerializationInterceptorContextMut},
    error::BoxError,
    operation::send_message::SendMessageInput,
    types::{DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, QueueAttributeName},
};
use datalake_aws::sqs::SqsJobs;
use domain::{
    PortErrorKind,
    job::{Job, JobKind},
    ports::Jobs,
};
use testkit::{
    builders::{audit_record, package_id},
    jobs::{JobsHarness, Received},
};

use self::support::account;

/// What only SQS promises, over each server.
macro_rules! checks {
    ($($check:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $check() {
            if left_out() {
                return;
            }
            super::$check(&*make().await).await;
        }
    )+};
}

/// ministack deviates from AWS:
/// - a standard queue keeps order and delivers once; SQS promises neither
///   (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html>);
/// - it answers with all messages that are there, SQS with those of some of its servers
///   (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>).
mod ministack {
    use super::*;

    testkit::jobs_suite!(make, unless = left_out);

    fn left_out() -> bool {
        test_servers::left_out("ministack")
    }

    async fn make() -> Box<Queues> {
        Box::new(Queues::at(&test_servers::ministack().url()).await)
    }

    checks!(
        a_delay_is_kept_by_the_queue,
        a_record_that_is_sent_twice_is_delivered_once,
        records_of_one_action_on_two_resources_are_two,
        many_records_of_several_chains_keep_their_order,
        any_character_arrives,
        what_is_too_long_is_refused_with_all_of_its_batch,
        a_kind_without_a_queue_is_unsupported,
        a_delay_that_would_break_an_order_is_unsupported,
        a_queue_that_is_not_there_is_a_defect_of_the_deployment,
    );
}

/// moto deviates from AWS like ministack.
mod moto {
    use super::*;

    testkit::jobs_suite!(make, unless = left_out);

    fn left_out() -> bool {
        test_servers::left_out("moto")
    }

    async fn make() -> Box<Queues> {
        Box::new(Queues::at(&test_servers::moto().url()).await)
    }

    checks!(
        a_delay_is_kept_by_the_queue,
        a_record_that_is_sent_twice_is_delivered_once,
        records_of_one_action_on_two_resources_are_two,
        many_records_of_several_chains_keep_their_order,
        any_character_arrives,
        what_is_too_long_is_refused_with_all_of_its_batch,
        a_kind_without_a_queue_is_unsupported,
        a_delay_that_would_break_an_order_is_unsupported,
        a_queue_that_is_not_there_is_a_defect_of_the_deployment,
    );
}

/// A queue for each kind, as Terraform makes them, and the other end of each.
struct Queues {
    client: Client,
    urls: BTreeMap<JobKind, String>,
    /// As in a function.
    plain: SqsJobs,
    /// The same, but time is counted by the test.
    timed: SqsJobs,
    timer: Timer,
    /// What was taken from a queue, and when it would have come.
    taken: Mutex<Vec<(Duration, JobKind, Received)>>,
}

impl Queues {
    async fn at(url: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let account = account(url).await;
        let client = Client::new(account.config());
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut urls = BTreeMap::new();
        for kind in JobKind::ALL {
            let name = format!("check-{number}-{}", kind.name());
            let request = client.create_queue();
            let request = match kind {
                JobKind::Audit => request.queue_name(format!("{name}.fifo")).attributes(QueueAttributeName::FifoQueue, "true"),
                _ => request.queue_name(name),
            };
            urls.insert(kind, request.send().await.expect("a queue").queue_url.expect("its address"));
        }
        let timer = Timer::default();
        let config = aws_sdk_sqs::config::Builder::from(account.config()).interceptor(timer.clone()).build();
        let queues = || urls.clone().into_iter().collect();
        let (plain, timed) = (SqsJobs::new(client.clone(), queues()), SqsJobs::new(Client::from_conf(config), queues()));
        Self { client, urls, plain, timed, timer, taken: Mutex::default() }
    }

    /// Everything that can be had, taken off the queue.
    async fn drain(&self, kind: JobKind) -> Vec<Message> {
        let url = &self.urls[&kind];
        let mut all = Vec::new();
        loop {
            let request = self.client.receive_message().queue_url(url).max_number_of_messages(10).message_attribute_names("All");
            let messages = request.send().await.expect("messages").messages.unwrap_or_default();
            if messages.is_empty() {
                return all;
            }
            let entries = messages.iter().enumerate().map(|(number, message)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(number.to_string());
                entry.set_receipt_handle(message.receipt_handle.clone()).build().expect("an entry")
            });
            self.client.delete_message_batch().queue_url(url).set_entries(Some(entries.collect())).send().await.expect("deleted");
            all.extend(messages);
        }
    }

    /// All jobs of a kind that can be had.
    async fn received(&self, kind: JobKind) -> Vec<Job> {
        self.drain(kind).await.iter().map(job).collect()
    }
}

fn job(message: &Message) -> Job {
    serde_json::from_str(message.body().expect("a body")).expect("a job")
}

#[async_trait]
impl JobsHarness for Queues {
    fn jobs(&self) -> &dyn Jobs {
        &self.timed
    }

    async fn receive(&self, kind: JobKind, max: usize, _lease: Duration) -> Vec<Received> {
        let messages = self.drain(kind).await;
        let now = *self.timer.passed();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.extend(messages.iter().map(|message| {
            let received = Received { receipt: message.receipt_handle().unwrap_or_default().to_owned(), job: job(message) };
            (Timer::due(message), kind, received)
        }));
        let mut left = max;
        let now_due = taken.extract_if(.., |(due, of, _)| {
            let takes = left > 0 && *due <= now && *of == kind;
            left -= usize::from(takes);
            takes
        });
        now_due.map(|(_, _, received)| received).collect()
    }

    async fn pass(&self, time: Duration) {
        *self.timer.passed() += time;
    }
}

/// Nobody waits a quarter of an hour for a message that is delayed by it: the delay that a queue is told is taken out of
/// the request and kept with the message, and the test counts the time. [`a_delay_is_kept_by_the_queue`] waits for real.
#[derive(Clone, Debug, Default)]
struct Timer(Arc<Mutex<Duration>>);

impl Timer {
    fn passed(&self) -> MutexGuard<'_, Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn due(message: &Message) -> Duration {
        let due = message.message_attributes().and_then(|attributes| attributes.get("due")?.string_value());
        Duration::from_secs(due.map_or(0, |due| due.parse().expect("seconds")))
    }
}

impl Intercept for Timer {
    fn name(&self) -> &'static str {
        "Timer"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(input) = context.input_mut().downcast_mut::<SendMessageInput>()
            && let Some(seconds) = input.delay_seconds.take()
        {
            let due = self.passed().as_secs() + u64::try_from(seconds)?;
            let due = MessageAttributeValue::builder().data_type("Number").string_value(due.to_string()).build()?;
            input.message_attributes.get_or_insert_default().insert("due".to_owned(), due);
        }
        Ok(())
    }
}

fn audit(number: u64, resource: &str) -> Job {
    Job::Audit { record: audit_record(number, resource) }
}

async fn a_delay_is_kept_by_the_queue(queues: &Queues) {
    const DELAY: Duration = Duration::from_secs(2);
    let begin = Instant::now();
    queues.plain.enqueue(&Job::Sweep, DELAY).await.expect("enqueues");
    let url = &queues.urls[&JobKind::Housekeeping];
    loop {
        let answer = queues.client.receive_message().queue_url(url).wait_time_seconds(1).send().await.expect("messages");
        if let Some(message) = answer.messages().first() {
            assert_eq!(job(message), Job::Sweep);
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "the message never came");
    }
    // The server's own clock may be a little ahead of this one.
    assert!(begin.elapsed() > DELAY.mul_f64(0.9), "it came after {:?}", begin.elapsed());
}

async fn a_record_that_is_sent_twice_is_delivered_once(queues: &Queues) {
    let records = [audit(1, "pkg_1"), audit(2, "pkg_1")];
    queues.plain.enqueue_many(&records).await.expect("enqueues");
    queues.plain.enqueue_many(&records).await.expect("enqueues again");
    queues.plain.enqueue(&records[0], Duration::ZERO).await.expect("enqueues again");
    assert_eq!(queues.received(JobKind::Audit).await, records);
}

async fn records_of_one_action_on_two_resources_are_two(queues: &Queues) {
    let records = [audit(1, "pkg_1"), audit(1, "pkg_2")];
    queues.plain.enqueue_many(&records).await.expect("enqueues");
    let received = queues.received(JobKind::Audit).await;
    assert_eq!(received.len(), 2);
    assert!(records.iter().all(|record| received.contains(record)));
}

async fn many_records_of_several_chains_keep_their_order(queues: &Queues) {
    let records: Vec<Job> = (1..=37).map(|number| audit(number, &format!("pkg_{}", number % 5))).collect();
    queues.plain.enqueue_many(&records).await.expect("enqueues");
    let received = queues.received(JobKind::Audit).await;
    assert_eq!(received.len(), records.len());
    for chain in 0..domain::audit::CHAINS {
        let of_chain = |jobs: &[Job]| jobs.iter().filter(|job| job.group() == Some(chain.to_string())).cloned().collect::<Vec<_>>();
        assert_eq!(of_chain(&received), of_chain(&records), "chain {chain}");
    }
}

async fn any_character_arrives(queues: &Queues) {
    let records = [audit(1, "\u{0}\u{1}\u{7f}\t\r\n\u{fffd}\u{fffe}\u{ffff}\u{10ffff}\"\\ü"), audit(2, "\u{1}")];
    queues.plain.enqueue(&records[0], Duration::ZERO).await.expect("enqueues");
    queues.plain.enqueue_many(&records[1..]).await.expect("enqueues");
    let received = queues.received(JobKind::Audit).await;
    assert!(records.iter().all(|record| received.contains(record)), "{received:?}");
}

async fn what_is_too_long_is_refused_with_all_of_its_batch(queues: &Queues) {
    let long = audit(2, &"x".repeat(300 * 1024));
    for error in [
        queues.plain.enqueue(&long, Duration::ZERO).await.expect_err("too long"),
        queues.plain.enqueue_many(&[Job::Sweep, audit(1, "pkg_1"), long]).await.expect_err("too long"),
    ] {
        assert!(error.is(PortErrorKind::InvalidArgument), "{error}");
    }
    for kind in JobKind::ALL {
        assert_eq!(queues.received(kind).await, [], "{kind:?}");
    }
}

async fn a_kind_without_a_queue_is_unsupported(queues: &Queues) {
    let only = [(JobKind::Housekeeping, queues.urls[&JobKind::Housekeeping].clone())];
    let jobs = SqsJobs::new(queues.client.clone(), only.into_iter().collect());
    let absent = Job::Index { package_id: package_id(1) };
    for error in [
        jobs.enqueue(&absent, Duration::ZERO).await.expect_err("no queue"),
        jobs.enqueue_many(&[Job::Sweep, absent]).await.expect_err("no queue"),
    ] {
        assert!(error.is(PortErrorKind::Unsupported), "{error}");
    }
    assert_eq!(queues.received(JobKind::Housekeeping).await, [], "nothing is sent if not everything can be");
}

async fn a_delay_that_would_break_an_order_is_unsupported(queues: &Queues) {
    let error = queues.plain.enqueue(&audit(1, "pkg_1"), Duration::from_secs(1)).await.expect_err("a FIFO queue has no delays");
    assert!(error.is(PortErrorKind::Unsupported), "{error}");
    assert_eq!(queues.received(JobKind::Audit).await, []);
}

async fn a_queue_that_is_not_there_is_a_defect_of_the_deployment(queues: &Queues) {
    let absent = format!("{}-absent", queues.urls[&JobKind::Housekeeping]);
    let jobs = SqsJobs::new(queues.client.clone(), [(JobKind::Housekeeping, absent)].into_iter().collect());
    for error in [
        jobs.enqueue(&Job::Sweep, Duration::ZERO).await.expect_err("no queue"),
        jobs.enqueue_many(&[Job::Sweep]).await.expect_err("no queue"),
    ] {
        assert!(error.is(PortErrorKind::Unexpected), "{error}");
    }
}
