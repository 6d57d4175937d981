//! A table's stream, read as Lambda reads it.

use async_trait::async_trait;
use datalake_aws::{TableNames, dynamodb::DynamoTables, events};
use domain::{
    change::Change,
    ports::{Entry, Handler, Outcome, Table, Tables},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use testkit::tables::feed::FeedFixture;

use crate::support;

/// The stream of the suite's table. A place is the number of entries up to it; what was acknowledged is kept here, in
/// Lambda's stead.
pub(crate) struct StreamFixture {
    tables: Arc<DynamoTables>,
    names: TableNames,
    url: String,
    http: reqwest::Client,
    /// The stream and its only shard.
    stream: (String, String),
    /// The stream's own names of entries.
    sequence: Vec<String>,
    acknowledged: i64,
}

impl StreamFixture {
    pub(crate) async fn at(url: &str) -> Self {
        let (tables, names) = support::tables(url).await;
        let (http, stream) = (reqwest::Client::new(), Default::default());
        let mut fixture = Self { tables, names, url: url.to_owned(), http, stream, sequence: Vec::new(), acknowledged: 0 };
        let found = fixture.call("ListStreams", json!({ "TableName": fixture.names.of(Table::Settings) })).await;
        fixture.stream.0 = text(&found["Streams"][0]["StreamArn"]);
        let described = fixture.call("DescribeStream", json!({ "StreamArn": fixture.stream.0 })).await;
        let shards = described["StreamDescription"]["Shards"].as_array().expect("shards");
        assert_eq!(shards.len(), 1);
        fixture.stream.1 = text(&shards[0]["ShardId"]);
        fixture
    }

    /// A call of the service's JSON protocol; neither server looks at the signature.
    async fn call(&self, operation: &str, input: Value) -> Value {
        let credential = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0";
        let request = self.http.post(&self.url).header("Authorization", credential).header("X-Amz-Date", "20260101T000000Z");
        let request = request.header("Content-Type", "application/x-amz-json-1.0");
        let request = request.header("X-Amz-Target", format!("DynamoDBStreams_20120810.{operation}")).body(input.to_string());
        let answer = request.send().await.expect("an answer").text().await.expect("a text");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert!(answer.get("__type").is_none(), "{operation}: {answer}");
        answer
    }

    async fn iterator(&self, after: usize) -> String {
        let (arn, shard) = &self.stream;
        let mut input = json!({ "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
        if let Some(sequence_number) = after.checked_sub(1).map(|index| &self.sequence[index]) {
            input["ShardIteratorType"] = json!("AFTER_SEQUENCE_NUMBER");
            input["SequenceNumber"] = json!(sequence_number);
        }
        text(&self.call("GetShardIterator", input).await["ShardIterator"])
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[async_trait]
impl FeedFixture for StreamFixture {
    fn tables(&self) -> &dyn Tables {
        &*self.tables
    }

    async fn read(&mut self, after: i64, limit: u32) -> Vec<(i64, Change)> {
        let after = usize::try_from(after).expect("a place");
        let iterator = self.iterator(after).await;
        let mut records = self.call("GetRecords", json!({ "ShardIterator": iterator, "Limit": limit })).await["Records"].take();
        for (index, record) in records.as_array_mut().expect("records").iter_mut().enumerate() {
            let sequence_number = text(&record["dynamodb"]["SequenceNumber"]);
            match self.sequence.get(after + index) {
                Some(known) => assert_eq!(*known, sequence_number),
                None => self.sequence.push(sequence_number),
            }
            // What Lambda adds.
            record["eventSourceARN"] = json!(self.stream.0);
        }
        let seen = Seen::default();
        let answer = events::changes(json!({ "Records": records }), &self.names, &seen).await.expect("an event");
        assert_eq!(answer, json!({ "batchItemFailures": [] }));
        let changes = seen.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        changes.into_iter().enumerate().map(|(index, change)| (i64::try_from(after + index + 1).expect("a place"), change)).collect()
    }

    async fn position(&mut self) -> i64 {
        self.acknowledged
    }

    async fn acknowledge(&mut self, upto: i64) {
        self.acknowledged = self.acknowledged.max(upto);
    }

    async fn restart(&mut self) {
        self.http = reqwest::Client::new();
    }
}

#[derive(Default)]
struct Seen(Mutex<Vec<Change>>);

#[async_trait]
impl Handler<Change> for Seen {
    async fn handle(&self, batch: Vec<Entry<Change>>) -> Outcome {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(batch.into_iter().map(|entry| entry.body));
        Outcome::default()
    }
}
