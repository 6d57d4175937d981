//! What AWS hands to workers: the records of streams, and the messages of queues.

use aws::events;
use domain::{
    Deadline,
    job::{Job, JobKind},
    ports::{Handler, Table},
};
use serde_json::{Value, json};

use crate::account::Deployment;

impl Deployment {
    /// All records of a table's stream, as Lambda hands them to a function.
    pub(crate) async fn stream(&self, table: Table) -> Vec<Value> {
        let found = self.streams("ListStreams", json!({ "TableName": self.names.of(table) })).await;
        let arn = &found["Streams"][0]["StreamArn"];
        let described = self.streams("DescribeStream", json!({ "StreamArn": arn })).await;
        let shard = &described["StreamDescription"]["Shards"][0]["ShardId"];
        let begin = json!({ "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
        let iterator = self.streams("GetShardIterator", begin).await["ShardIterator"].take();
        let mut answer = self.streams("GetRecords", json!({ "ShardIterator": iterator })).await;
        let mut records: Vec<Value> = answer["Records"].as_array_mut().map(std::mem::take).unwrap_or_default();
        records.iter_mut().for_each(|record| record["eventSourceARN"] = arn.clone());
        records
    }

    /// A call of the streams' JSON protocol; the emulator does not look at signatures.
    async fn streams(&self, operation: &str, input: Value) -> Value {
        let request = reqwest::Client::new().post(test_servers::ministack().url()).body(input.to_string());
        let credential = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0";
        let request = request.header("Authorization", credential).header("X-Amz-Target", format!("DynamoDBStreams_20120810.{operation}"));
        let answer = request.header("Content-Type", "application/x-amz-json-1.0").send().await.expect("an answer");
        serde_json::from_str(&answer.text().await.expect("a text")).expect("JSON")
    }

    /// The messages of a queue, as Lambda hands them to a function; they are gone from the queue.
    pub(crate) async fn queue(&self, kind: JobKind) -> Vec<Value> {
        let messages = self.messages(kind).await.into_iter().enumerate();
        messages.map(|(number, (body, group))| message(number, &body, group.as_deref())).collect()
    }

    /// Hands messages to a worker as Lambda does, whatever goes wrong meanwhile: those that it names come again, to another
    /// process, and then all is well. Answers with those that came again.
    pub(crate) async fn hand_over<H: Handler<Job>>(&self, messages: &[Value], worker: impl Fn() -> H) -> Vec<Value> {
        let left = named(messages, &worker()).await;
        self.proxy.heal();
        if !left.is_empty() {
            assert_eq!(named(&left, &worker()).await, Vec::<Value>::new(), "it fails again and again");
        }
        left
    }
}

/// The messages that a worker names, to come again.
async fn named(messages: &[Value], worker: &dyn Handler<Job>) -> Vec<Value> {
    let answer = events::jobs(event(messages), worker, Deadline::NONE).await.expect("an event");
    let failed = failed(&answer);
    messages.iter().filter(|message| failed.iter().any(|id| message["messageId"] == id.as_str())).cloned().collect()
}

fn message(number: usize, body: &str, group: Option<&str>) -> Value {
    let attributes = group.map_or_else(|| json!({}), |group| json!({ "MessageGroupId": group }));
    json!({ "messageId": format!("message-{number}"), "body": body, "attributes": attributes, "eventSource": "aws:sqs" })
}

/// An event of a queue with these jobs.
pub(crate) fn queued<'a>(jobs: impl IntoIterator<Item = &'a Job>) -> Vec<Value> {
    let bodies = jobs.into_iter().map(|job| serde_json::to_string(job).expect("JSON"));
    bodies.enumerate().map(|(number, body)| message(number, &body, None)).collect()
}

/// An event with these records.
pub(crate) fn event(records: &[Value]) -> Value {
    json!({ "Records": records })
}

/// What a function answered: the records that are to come again.
pub(crate) fn failed(answer: &Value) -> Vec<String> {
    let failures = answer["batchItemFailures"].as_array().expect("failures");
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().expect("an id").to_owned()).collect()
}
