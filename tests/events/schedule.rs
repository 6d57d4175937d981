//! What the scheduler says, beside what the housekeeping queue does.

use aws::events::{jobs_or_schedule, schedule};
use domain::{Deadline, job::Job};
use serde_json::json;

use crate::support::{Worker, failures, fixture};

#[tokio::test]
async fn the_schedules_input_is_a_sweep() {
    assert_eq!(schedule(&fixture("schedule")).expect("the scheduler's"), Some(Job::Sweep));
    let worker = Worker::failing(&[]);
    let answer = jobs_or_schedule(fixture("schedule"), &worker, Deadline::NONE).await.expect("done");
    assert_eq!(answer, json!({}));
    assert_eq!(worker.batches(), [[("schedule".to_owned(), Job::Sweep)]]);
}

#[tokio::test]
async fn a_sweep_that_failed_is_told_so_that_it_comes_again() {
    let worker = Worker::failing(&["schedule"]);
    assert!(jobs_or_schedule(fixture("schedule"), &worker, Deadline::NONE).await.is_err());
}

#[tokio::test]
async fn a_queues_event_is_told_from_the_schedulers() {
    assert_eq!(schedule(&fixture("queue")).expect("a queue's"), None);
    let worker = Worker::failing(&[]);
    let answer = jobs_or_schedule(fixture("queue"), &worker, Deadline::NONE).await.expect("done");
    assert_eq!((failures(&answer).len(), worker.ids().len()), (4, 3));
}

#[tokio::test]
async fn nothing_else_is_done_for_whoever_can_invoke_the_function() {
    let package = json!({ "job": "package_deleted", "package_id": "pkg_01KGA7PN000000000000000007" });
    for event in [package, json!({ "job": "dance" }), json!({}), json!("sweep"), json!(null)] {
        let worker = Worker::failing(&[]);
        assert!(jobs_or_schedule(event.clone(), &worker, Deadline::NONE).await.is_err(), "{event}");
        assert!(worker.batches().is_empty());
    }
}
