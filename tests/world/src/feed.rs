//! What waits in streams and queues, handed to the workers that the deployment's event source mappings name.
//!
//! The mappings themselves are switched off, for they would take what the tests look at before it is handled (an export
//! that runs), and wait where these tests would have to wait with them. A worker gets the event that Lambda would hand it
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>, <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>).

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use datalake_tests_stack::{Account, REGION};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;

const MAPPINGS: &str = "/2015-03-31/event-source-mappings";
/// Whatever is on its way comes within this time.
const PATIENCE: Duration = Duration::from_secs(300);

/// The sources of the deployment's events, and who handles them.
pub(crate) struct Feed {
    account: Account,
    streams: Vec<Stream>,
    queues: Vec<Queue>,
}

struct Stream {
    arn: String,
    function: String,
    batch: usize,
    /// Where each shard was read to.
    iterators: Mutex<Vec<String>>,
}

struct Queue {
    arn: String,
    url: String,
    function: String,
}

impl Feed {
    /// Reads the mappings back, and switches them off.
    pub(crate) async fn taken_over(account: Account) -> Result<Self> {
        let listed = account.rest("lambda", Method::GET, MAPPINGS, None).await?;
        let (mut streams, mut queues) = (Vec::new(), Vec::new());
        for mapping in listed["EventSourceMappings"].as_array().context("mappings")? {
            let text = |name: &str| mapping[name].as_str().with_context(|| format!("a mapping's {name}")).map(str::to_owned);
            let (arn, function) = (text("EventSourceArn")?, text("FunctionArn")?);
            let off = json!({ "Enabled": false });
            account.rest("lambda", Method::PUT, &format!("{MAPPINGS}/{}", text("UUID")?), Some(&off)).await?;
            if arn.contains(":dynamodb:") {
                let batch = mapping["BatchSize"].as_u64().and_then(|batch| usize::try_from(batch).ok()).context("a mapping's batch")?;
                streams.push(Stream { arn, function, batch, iterators: Mutex::default() });
            } else {
                let name = arn.rsplit(':').next().unwrap_or_default();
                let found = account.json("sqs", "AmazonSQS.GetQueueUrl", &json!({ "QueueName": name })).await?;
                let url = found["QueueUrl"].as_str().context("a queue's URL")?.to_owned();
                queues.push(Queue { arn, url, function });
            }
        }
        ensure!(!streams.is_empty() && !queues.is_empty(), "the deployment has no event source mappings");
        let feed = Self { account, streams, queues };
        feed.forget().await?;
        Ok(feed)
    }

    /// Hands everything on until nothing follows any more.
    pub(crate) async fn drain(&self) -> Result<()> {
        let begin = Instant::now();
        loop {
            let mut found = BTreeMap::new();
            for stream in &self.streams {
                found.insert(&stream.arn, self.hand_on_changes(stream).await?);
            }
            for queue in &self.queues {
                found.insert(&queue.arn, self.hand_on_messages(queue).await? + self.waiting(queue).await?);
            }
            found.retain(|_, found| *found > 0);
            if found.is_empty() {
                return Ok(());
            }
            ensure!(begin.elapsed() < PATIENCE, "something always follows: {found:?}");
        }
    }

    /// Lets go of everything that waits.
    pub(crate) async fn forget(&self) -> Result<()> {
        for stream in &self.streams {
            *stream.iterators.lock().await = self.iterators(stream, "LATEST").await?;
        }
        for queue in &self.queues {
            self.account.json("sqs", "AmazonSQS.PurgeQueue", &json!({ "QueueUrl": queue.url })).await?;
        }
        Ok(())
    }

    async fn iterators(&self, stream: &Stream, from: &str) -> Result<Vec<String>> {
        let described = self.streams_call("DescribeStream", &json!({ "StreamArn": stream.arn })).await?;
        let mut iterators = Vec::new();
        for shard in described["StreamDescription"]["Shards"].as_array().context("shards")? {
            let input = json!({ "StreamArn": stream.arn, "ShardId": shard["ShardId"], "ShardIteratorType": from });
            let found = self.streams_call("GetShardIterator", &input).await?;
            iterators.push(found["ShardIterator"].as_str().context("an iterator")?.to_owned());
        }
        Ok(iterators)
    }

    async fn streams_call(&self, operation: &str, input: &Value) -> Result<Value> {
        self.account.json("dynamodb", &format!("DynamoDBStreams_20120810.{operation}"), input).await
    }

    async fn hand_on_changes(&self, stream: &Stream) -> Result<usize> {
        let mut handed_on = 0;
        for iterator in &mut *stream.iterators.lock().await {
            let page = self.streams_call("GetRecords", &json!({ "ShardIterator": iterator })).await?;
            let mut records = page["Records"].as_array().cloned().unwrap_or_default();
            if let Some(next) = page["NextShardIterator"].as_str() {
                next.clone_into(iterator);
            }
            for record in &mut records {
                record["eventSourceARN"] = stream.arn.clone().into();
                record["eventSource"] = "aws:dynamodb".into();
                record["awsRegion"] = REGION.into();
            }
            handed_on += records.len();
            for batch in records.chunks(stream.batch) {
                let answer = self.invoke(&stream.function, &json!({ "Records": batch })).await?;
                ensure!(failures(&answer).is_empty(), "changes that could not be told: {answer}");
            }
        }
        Ok(handed_on)
    }

    async fn hand_on_messages(&self, queue: &Queue) -> Result<usize> {
        let mut handed_on = 0;
        loop {
            let input = json!({ "QueueUrl": queue.url, "MaxNumberOfMessages": 10, "AttributeNames": ["All"], "WaitTimeSeconds": 0 });
            let received = self.account.json("sqs", "AmazonSQS.ReceiveMessage", &input).await?;
            let messages = received["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                return Ok(handed_on);
            }
            handed_on += messages.len();
            let records: Vec<Value> = messages.iter().map(|message| record(queue, message)).collect();
            let answer = self.invoke(&queue.function, &json!({ "Records": records })).await?;
            ensure!(failures(&answer).is_empty(), "{} failed at {records:?}: {answer}", queue.function);
            for message in &messages {
                let input = json!({ "QueueUrl": queue.url, "ReceiptHandle": message["ReceiptHandle"] });
                self.account.json("sqs", "AmazonSQS.DeleteMessage", &input).await?;
            }
        }
    }

    /// So many messages wait, those included that are to be seen later.
    async fn waiting(&self, queue: &Queue) -> Result<usize> {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"];
        let input = json!({ "QueueUrl": queue.url, "AttributeNames": names });
        let found = self.account.json("sqs", "AmazonSQS.GetQueueAttributes", &input).await?;
        Ok(names.iter().filter_map(|name| found["Attributes"][name].as_str()?.parse::<usize>().ok()).sum())
    }

    /// Invokes a function and waits for its answer.
    pub(crate) async fn invoke(&self, function: &str, event: &Value) -> Result<Value> {
        let name = percent_encoding::utf8_percent_encode(function, percent_encoding::NON_ALPHANUMERIC);
        let path = format!("/2015-03-31/functions/{name}/invocations");
        let answer = self.account.rest("lambda", Method::POST, &path, Some(event)).await?;
        if answer.get("errorMessage").is_some() {
            bail!("{function} failed: {answer}");
        }
        Ok(answer)
    }
}

fn failures(answer: &Value) -> &[Value] {
    answer["batchItemFailures"].as_array().map_or(&[], Vec::as_slice)
}

/// A message as Lambda hands it over.
fn record(queue: &Queue, message: &Value) -> Value {
    json!({
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": REGION,
    })
}
