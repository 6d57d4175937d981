//! Records of the tables' streams.

use std::sync::Arc;

use aws::{TableNames, events::changes};
use domain::{
    PortErrorKind,
    change::Change,
    job::{Job, JobKind},
    ports::Handler,
};
use serde_json::{Value, json};
use testkit::MemoryJobs;

use crate::support::{Worker, failures, fixture};

fn id(number: u32) -> String {
    format!("44215845000000000174504390{number:02}")
}

async fn handle(event: Value, handler: &dyn Handler<Change>) -> Value {
    changes(event, &TableNames::default(), handler).await.expect("an event of a stream")
}

fn changes_of(worker: &Worker<Change>) -> Vec<Change> {
    worker.batches().into_iter().flatten().map(|(_, change)| change).collect()
}

#[tokio::test]
async fn rows_come_with_what_they_were_and_numbers_exactly() {
    let worker = Worker::failing(&[]);
    assert_eq!(handle(fixture("stream"), &worker).await, json!({ "batchItemFailures": [] }));
    assert_eq!(worker.ids(), [1, 2, 3, 4].map(id));
    insta::assert_json_snapshot!(changes_of(&worker));
}

#[tokio::test]
async fn events_that_were_recorded_are_read_as_well() {
    let worker = Worker::failing(&[]);
    assert_eq!(handle(fixture("stream_recorded"), &worker).await, json!({ "batchItemFailures": [] }));
    insta::assert_json_snapshot!(changes_of(&worker));
}

#[tokio::test]
async fn from_the_first_failed_record_on_all_come_again() {
    let worker = Worker::failing(&[&id(4), &id(2)]);
    let answer = handle(fixture("stream"), &worker).await;
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": id(2) }] }));
}

#[tokio::test]
async fn behind_a_failed_batch_nothing_is_begun() {
    let one = fixture("stream")["Records"][0].clone();
    let record = |number: u32| {
        let mut record = one.clone();
        record["dynamodb"]["SequenceNumber"] = json!(format!("{number:026}"));
        record
    };
    let event = json!({ "Records": (0..250).map(record).collect::<Vec<_>>() });
    let worker = Worker::failing(&[&format!("{:026}", 150)]);
    assert_eq!(failures(&handle(event, &worker).await), [format!("{:026}", 150)]);
    assert_eq!(worker.batches().iter().map(Vec::len).collect::<Vec<_>>(), [100, 100]);
}

#[tokio::test]
async fn a_record_that_is_none_of_ours_holds_up_nobody() {
    type Damage = fn(&mut Value);
    let damages: [(&str, Damage); 4] = [
        ("another deployment's table", |record| {
            record["eventSourceARN"] = json!("arn:aws:dynamodb:eu-west-1:1:table/lake-packages/stream/x")
        }),
        ("no table at all", |record| record["eventSourceARN"] = json!("arn:aws:sqs:eu-west-1:1:data-lake-packages")),
        ("half a key", |record| record["dynamodb"]["Keys"] = json!({ "package_id": { "S": "pkg_1" } })),
        ("a key that is no text", |record| record["dynamodb"]["Keys"]["item"] = json!({ "N": "1" })),
    ];
    for (what, damage) in damages {
        let mut event = fixture("stream");
        damage(&mut event["Records"][2]);
        let worker = Worker::failing(&[]);
        assert_eq!(failures(&handle(event, &worker).await), [""; 0], "{what}");
        assert_eq!(worker.ids(), [1, 2, 4].map(id), "{what}");
    }
}

/// No row of ours has binary attributes; somebody may have written one by hand.
#[tokio::test]
async fn a_change_that_can_never_be_told_is_set_aside_and_holds_up_nobody() {
    let jobs = Arc::new(MemoryJobs::default());
    let worker = function_changes::handler(function_changes::Deps { jobs: jobs.clone() });
    handle(fixture("stream"), &worker).await;
    let all = jobs.take();
    for (attribute, set_aside) in [("changed", true), ("photograph", false)] {
        let mut event = fixture("stream");
        event["Records"][0]["dynamodb"]["NewImage"][attribute] = json!({ "B": "AAEC" });
        assert_eq!(failures(&handle(event, &worker).await), [""; 0]);
        let told = jobs.take();
        assert_eq!(matches!(&told[0], Job::Untold { change } if change.new.is_some()), set_aside, "{told:?}");
        let others = told.iter().filter(|job| !matches!(job, Job::Untold { .. }));
        assert!(others.clone().all(|job| all.contains(job)) && told.contains(all.last().expect("jobs")), "{told:?}");
        assert_eq!(told == all, !set_aside);
    }
}

#[tokio::test]
async fn what_is_no_event_of_a_stream_fails_as_a_whole() {
    let mut nameless = fixture("stream");
    nameless["Records"][3]["dynamodb"]["SequenceNumber"] = json!("");
    for event in [json!({}), fixture("queue"), nameless] {
        let worker = Worker::failing(&[]);
        assert!(changes(event, &TableNames::default(), &worker).await.is_err());
        assert!(worker.batches().is_empty());
    }
}

/// A stream delivers at least once; the same change makes the same jobs, whose repetition the workers know.
#[tokio::test]
async fn what_follows_from_a_change_is_the_same_each_time() {
    let jobs = Arc::new(MemoryJobs::default());
    let worker = function_changes::handler(function_changes::Deps { jobs: jobs.clone() });
    assert_eq!(handle(fixture("stream"), &worker).await, json!({ "batchItemFailures": [] }));
    let first = jobs.take();
    insta::assert_json_snapshot!(first);
    assert_eq!(first.iter().filter(|job| job.kind() == JobKind::Audit).count(), 2, "each action once; a cart's row without a stamp never");
    handle(fixture("stream"), &worker).await;
    assert_eq!(jobs.take(), first);
    // A later record first, then all.
    let mut later = fixture("stream");
    later["Records"].as_array_mut().expect("a list").drain(..1);
    handle(later, &worker).await;
    assert!(jobs.take().iter().all(|job| first.contains(job)));
}

#[tokio::test]
async fn a_queue_that_does_not_answer_holds_the_stream() {
    let jobs = Arc::new(MemoryJobs::default());
    let worker = function_changes::handler(function_changes::Deps { jobs: jobs.clone() });
    // All of the batch, then the first of it alone.
    for _ in 0..2 {
        jobs.faults.fail_next(PortErrorKind::Unavailable);
    }
    assert_eq!(failures(&handle(fixture("stream"), &worker).await), [id(1)]);
    assert_eq!(failures(&handle(fixture("stream"), &worker).await), Vec::<&str>::new());
}
