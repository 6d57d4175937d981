//! Events that come twice, late and out of order, while the account misbehaves: from requests over streams and queues to
//! the audit log, every action is told once.

use app::workers::{changes::Changes, logging::Logging};
use aws::events;
use datalake_tests_faults::Fault;
use domain::{
    PackageId,
    audit::AuditRecord,
    job::{Job, JobKind},
    ports::Table,
};
use serde_json::{Value, json};

use crate::{
    chains::assert_same,
    events::{event, failed},
    lake::Lake,
    left_out,
};

/// Makes packages and changes some. Answers with their ids.
pub(crate) async fn work(lake: &Lake) -> Vec<PackageId> {
    let mut ids = Vec::new();
    for number in 0..6 {
        let made = lake.create(&format!("Package {number}"), None).await;
        assert_eq!(made.status, 201, "{made:?}");
        ids.push(made.body["id"].as_str().expect("an id").parse().expect("an id"));
    }
    for id in &ids[..3] {
        let path = format!("/packages/{id}/metadata");
        let merged = lake.ask(("PATCH", &path), Some(&json!({ "tags": { "topic": "more faults" } })), None).await;
        assert_eq!(merged.status, 200, "{merged:?}");
    }
    ids
}

/// Hands records to the worker of changes as Lambda does: what was answered as failed comes again with all behind it.
pub(crate) async fn deliver(lake: &Lake, records: &[Value]) {
    let mut left = records;
    for _ in 0..20 {
        let worker = Changes::new(lake.deployment.jobs());
        let answer = events::changes(event(left), &lake.deployment.names, &worker).await.expect("an event");
        let Some(first) = failed(&answer).into_iter().next() else { return };
        let place = left.iter().position(|record| record["dynamodb"]["SequenceNumber"] == first.as_str()).expect("a record of the batch");
        left = &left[place..];
        lake.deployment.proxy.heal();
    }
    panic!("it fails again and again");
}

/// Hands messages to the worker of the audit log.
async fn log(lake: &Lake, messages: &[Value]) {
    lake.deployment.hand_over(messages, || Logging::new(lake.deployment.tables(), lake.deployment.audit_log())).await;
}

fn records(messages: &[Value]) -> Vec<AuditRecord> {
    let record = |message: &Value| match serde_json::from_str(message["body"].as_str().expect("a body")) {
        Ok(Job::Audit { record }) => record,
        other => panic!("not a record: {other:?}"),
    };
    messages.iter().map(record).collect()
}

#[tokio::test]
async fn every_action_is_told_once_however_often_its_change_comes() {
    if left_out() {
        return;
    }
    let lake = Lake::new().await;
    let ids = work(&lake).await;
    let mut changes = lake.deployment.stream(Table::Packages).await;
    changes.extend(lake.deployment.stream(Table::Metadata).await);
    assert!(changes.len() >= 12, "{}", changes.len());

    // Lost on the way, refused, taken in part, and then again without a fault; at last in the wrong order.
    for fault in [Fault::Lost, Fault::Broken, Fault::Partly] {
        lake.deployment.proxy.always_to("SendMessageBatch", fault);
        deliver(&lake, &changes).await;
        lake.deployment.proxy.heal();
    }
    deliver(&lake, &changes).await;
    changes.reverse();
    deliver(&lake, &changes).await;

    let audit = lake.deployment.queue(JobKind::Audit).await;
    let told = records(&audit);
    let mut actions: Vec<(String, String)> = told.iter().map(|record| (record.id.to_string(), record.resource.clone())).collect();
    actions.sort_unstable();
    let count = actions.len();
    actions.dedup();
    assert_eq!(actions.len(), count, "an action is told twice");
    for (number, id) in ids.iter().enumerate() {
        let of_package = told.iter().filter(|record| record.resource == id.to_string()).count();
        assert_eq!(of_package, if number < 3 { 2 } else { 1 }, "package {number}");
    }
    let hints: Vec<Value> = lake.deployment.queue(JobKind::Search).await;
    for id in &ids {
        let hint = Job::Index { package_id: *id };
        assert!(
            hints.iter().any(|message| serde_json::from_str::<Job>(message["body"].as_str().expect("a body")).ok() == Some(hint.clone()))
        );
    }
}

#[tokio::test]
async fn every_record_has_one_place_in_its_chain_however_often_it_comes() {
    if left_out() {
        return;
    }
    let lake = Lake::new().await;
    work(&lake).await;
    deliver(&lake, &lake.deployment.stream(Table::Packages).await).await;
    let mut messages = lake.deployment.queue(JobKind::Audit).await;
    let expected = records(&messages);
    assert_eq!(expected.len(), 9);

    let faults = [
        ("PutLogEvents", Fault::Throttled),
        ("PutLogEvents", Fault::Lost),
        ("PutItem", Fault::Lost),
        ("PutItem", Fault::Throttled),
        ("BatchWriteItem", Fault::Partly),
        ("BatchGetItem", Fault::Broken),
    ];
    for (operation, fault) in faults {
        lake.deployment.proxy.always_to(operation, fault);
        log(&lake, &messages).await;
        lake.deployment.proxy.heal();
        // Nobody knows in which order they come again.
        messages.rotate_left(2);
    }
    messages.reverse();
    log(&lake, &messages).await;
    assert_same(&lake.deployment.logged().await, &expected);
}

/// Two functions at once, each with some of the messages of one chain and some that both have.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_side_by_side_give_no_place_away_twice() {
    if left_out() {
        return;
    }
    let lake = Lake::new().await;
    work(&lake).await;
    deliver(&lake, &lake.deployment.stream(Table::Packages).await).await;
    let messages = lake.deployment.queue(JobKind::Audit).await;
    for _ in 0..3 {
        lake.deployment.proxy.once_to("PutItem", Fault::Lost);
        lake.deployment.proxy.once_to("PutLogEvents", Fault::Lost);
    }
    tokio::join!(log(&lake, &messages), log(&lake, &messages[3..]), log(&lake, &messages[..6]));
    assert_same(&lake.deployment.logged().await, &records(&messages));
}
