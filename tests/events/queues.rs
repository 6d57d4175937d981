//! Messages of queues: partial failures, order, poison.

use std::sync::Arc;

use aws::events::jobs;
use domain::{
    Deadline,
    job::Job,
    ports::{Handler, Table},
};
use serde_json::{Value, json};
use testkit::{MemoryAuditLog, MemoryTables, builders::audit_record};

use crate::support::{Worker, failures, fixture};

/// The id of a message of the fixtures.
fn id(number: u32) -> String {
    format!("059f36b4-87a3-44ab-83d2-66197{number:07}")
}

async fn handle(event: Value, handler: &dyn Handler<Job>) -> Value {
    jobs(event, handler, Deadline::NONE).await.expect("an event of a queue")
}

fn message(id: &str, group: Option<&str>, job: &Job) -> Value {
    let mut message = fixture("queue")["Records"][0].clone();
    message["messageId"] = json!(id);
    message["body"] = json!(serde_json::to_string(job).expect("JSON"));
    if let Some(group) = group {
        message["attributes"]["MessageGroupId"] = json!(group);
    }
    message
}

#[tokio::test]
async fn what_is_no_job_fails_alone_and_the_rest_is_done() {
    let worker = Worker::failing(&[&id(5)]);
    let answer = handle(fixture("queue"), &worker).await;
    insta::assert_json_snapshot!(answer);
    assert_eq!(worker.ids(), [id(1), id(5), id(7)]);
}

#[tokio::test]
async fn behind_a_failed_job_its_group_waits_and_no_other_does() {
    // 0: 1, 3, 7; 1: 2, 4 (no job), 5; 2: 6.
    let worker = Worker::failing(&[&id(3)]);
    let answer = handle(fixture("ordered_queue"), &worker).await;
    insta::assert_json_snapshot!(answer);
    assert_eq!(worker.ids().len(), 6, "all but what is no job");
    let answer = handle(fixture("ordered_queue"), &Worker::failing(&[])).await;
    assert_eq!(failures(&answer), [id(4)], "what never becomes a job holds up nobody");
    let answer = handle(fixture("ordered_queue"), &Worker::failing(&[&id(1), &id(2), &id(6)])).await;
    assert_eq!(failures(&answer), [1, 2, 3, 4, 5, 6, 7].map(id));
}

#[tokio::test]
async fn events_that_were_recorded_are_read_as_well() {
    let worker = Worker::failing(&[]);
    assert_eq!(failures(&handle(fixture("queue_recorded"), &worker).await), ["48e948c0-d5b2-4644-952c-b17b6bd217f0"]);
    assert_eq!(worker.ids(), ["5df69d79-f72f-48df-9605-5af140334547"]);
    let worker = Worker::failing(&["3b76b2c5-ec9d-4040-9919-dca475559e68"]);
    let answer = handle(fixture("ordered_queue_recorded"), &worker).await;
    assert_eq!(failures(&answer), ["3b76b2c5-ec9d-4040-9919-dca475559e68", "df13a7f2-7dac-427d-bf95-8bfc58f4aca1"]);
}

#[tokio::test]
async fn a_large_event_comes_in_batches_that_the_port_allows() {
    let job = Job::Sweep;
    let ids: Vec<String> = (0..250).map(|number| format!("m{number}")).collect();
    let event = json!({ "Records": ids.iter().map(|id| message(id, None, &job)).collect::<Vec<_>>() });
    let worker = Worker::failing(&["m7", "m249"]);
    assert_eq!(failures(&handle(event, &worker).await), ["m7", "m249"]);
    assert_eq!(worker.batches().iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
    assert_eq!(worker.ids(), ids);
}

#[tokio::test]
async fn an_empty_event_asks_nobody() {
    let worker = Worker::<Job>::failing(&[]);
    assert_eq!(handle(json!({ "Records": [] }), &worker).await, json!({ "batchItemFailures": [] }));
    assert!(worker.batches().is_empty());
}

#[tokio::test]
async fn what_is_no_event_of_a_queue_fails_as_a_whole() {
    let mut nameless = fixture("queue");
    nameless["Records"][0]["messageId"] = Value::Null;
    for event in [json!({}), json!([1]), json!({ "Records": "none" }), nameless] {
        let worker = Worker::failing(&[]);
        assert!(jobs(event, &worker, Deadline::NONE).await.is_err());
        assert!(worker.batches().is_empty());
    }
}

/// Twice, and the second time in another order, as a queue may: a record has one place in its chain.
#[tokio::test]
async fn audit_records_that_come_twice_and_out_of_order_stand_once() {
    let (tables, log) = (Arc::new(MemoryTables::new()), Arc::new(MemoryAuditLog::default()));
    let worker = function_logging::handler(function_logging::Deps { tables: tables.clone(), audit_log: log.clone() });
    let records: Vec<_> = (1..=4).map(|number| audit_record(number, "pkg_01KGA7PN000000000000000007")).collect();
    let messages: Vec<Value> = records
        .iter()
        .map(|record| {
            let job = Job::Audit { record: record.clone() };
            message(&record.id.to_string(), job.group().as_deref(), &job)
        })
        .collect();
    let reversed: Vec<Value> = messages.iter().rev().cloned().collect();
    for records in [messages, reversed] {
        assert_eq!(handle(json!({ "Records": records }), &worker).await, json!({ "batchItemFailures": [] }));
    }
    let logged: Vec<_> = log.records().into_iter().map(|chained| (chained.sequence, chained.record.id)).collect();
    assert_eq!(logged, (1..).zip(records.iter().map(|record| record.id)).collect::<Vec<_>>());
    assert!(!tables.rows(Table::Settings).is_empty(), "the chain's head");
}

/// A record that is too long never gets into the log: those behind it in the same chain do not follow it to the dead letters.
#[tokio::test]
async fn what_can_never_be_done_holds_up_nobody() {
    let (tables, log) = (Arc::new(MemoryTables::new()), Arc::new(MemoryAuditLog::default()));
    let worker = function_logging::handler(function_logging::Deps { tables, audit_log: log.clone() });
    let mut records = [1, 2, 3].map(|number| audit_record(number, "one"));
    records[1].reason = Some("x".repeat(10_000));
    let jobs = records.map(|record| Job::Audit { record });
    let messages = ["first", "too long", "third"].iter().zip(&jobs).map(|(id, job)| message(id, job.group().as_deref(), job));
    let event = json!({ "Records": messages.collect::<Vec<_>>() });
    assert_eq!(failures(&handle(event, &worker).await), ["too long"]);
    assert_eq!(log.records().len(), 2);
}

#[tokio::test]
async fn a_log_that_does_not_answer_sends_a_chains_records_back() {
    let (tables, log) = (Arc::new(MemoryTables::new()), Arc::new(MemoryAuditLog::default()));
    let worker = function_logging::handler(function_logging::Deps { tables, audit_log: log.clone() });
    log.faults.fail_next(domain::PortErrorKind::Unavailable);
    let jobs = [(1, "one"), (2, "one")].map(|(number, resource)| Job::Audit { record: audit_record(number, resource) });
    let messages = ["first", "second"].iter().zip(&jobs).map(|(id, job)| message(id, job.group().as_deref(), job));
    let event = json!({ "Records": messages.collect::<Vec<_>>() });
    assert_eq!(failures(&handle(event.clone(), &worker).await), ["first", "second"]);
    assert_eq!(failures(&handle(event, &worker).await), Vec::<&str>::new());
    assert_eq!(log.records().len(), 2);
}
