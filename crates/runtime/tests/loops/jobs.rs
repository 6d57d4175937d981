//! The loop from a queue to a worker.

use std::{sync::Arc, time::Duration};

use crate::support::{Does, Queue, Worker, pace, run_until};
use datalake_runtime::worker::{Pace, Workers, enqueue_regularly, feed_jobs};
use domain::{PortErrorKind, job::Job};
use testkit::MemoryJobs;
use tokio_util::sync::CancellationToken;

async fn run(queue: &Queue, worker: &Worker, pace: &Pace, until: impl Fn() -> bool) {
    let stop = CancellationToken::new();
    run_until(&stop, feed_jobs("test", queue, worker, pace, &stop), until).await;
}

#[tokio::test]
async fn done_jobs_are_acknowledged_and_failed_ones_come_again() {
    let (queue, worker) = (Queue::of(&["a", "b", "c"]), Worker::default().told("b", Does::Fail, 2));
    run(&queue, &worker, &pace(), || queue.acknowledged().len() == 3).await;
    assert_eq!(queue.released(), ["b", "b"]);
    assert_eq!(worker.done(), ["a", "c", "b"]);
}

#[tokio::test]
async fn a_job_that_panics_takes_no_other_down() {
    let (queue, worker) = (Queue::of(&["a", "b", "c"]), Worker::default().told("b", Does::Panic, 3));
    run(&queue, &worker, &pace(), || queue.acknowledged().len() == 3).await;
    assert_eq!(worker.batches()[..4], [vec!["a", "b", "c"], vec!["a"], vec!["b"], vec!["c"]]);
}

#[tokio::test]
async fn a_job_that_hangs_takes_no_other_down() {
    let (queue, worker) = (Queue::of(&["a", "b"]), Worker::default().told("a", Does::Hang, 2));
    let pace = Pace { time_limit: Duration::from_millis(20), ..pace() };
    run(&queue, &worker, &pace, || queue.acknowledged().len() == 2).await;
    assert_eq!(queue.released(), ["a"]);
}

#[tokio::test]
async fn behind_a_broken_job_its_group_waits_and_others_go_on() {
    let queue = Queue::of(&["x:1", "x:2", "y:1", "none"]);
    let worker = Worker::default().told("x:1", Does::Panic, 2);
    run(&queue, &worker, &pace(), || queue.acknowledged().len() == 4).await;
    assert_eq!(queue.released(), ["x:1", "x:2"]);
    assert_eq!(worker.done(), ["y:1", "none", "x:1", "x:2"]);
}

#[tokio::test]
async fn no_job_is_begun_that_could_outlast_its_lease() {
    let queue = Queue::of(&["a", "b"]);
    let worker = Worker::default().told("a", Does::Panic, 1);
    let pace = Pace { lease: Duration::from_millis(10), ..pace() };
    run(&queue, &worker, &pace, || queue.acknowledged().len() == 2).await;
    assert_eq!(queue.released(), ["a", "b"], "after the batch broke there was no time to look for the culprit");
}

#[tokio::test]
async fn the_loop_outlives_a_queue_that_fails_for_a_while() {
    let (queue, worker) = (Queue::of(&["a"]), Worker::default());
    for _ in 0..3 {
        queue.faults.fail_next(PortErrorKind::Unavailable);
    }
    run(&queue, &worker, &pace(), || queue.acknowledged().len() == 1).await;
}

#[tokio::test]
async fn batches_are_no_larger_than_told() {
    let (queue, worker) = (Queue::of(&["a", "b", "c", "d", "e"]), Worker::default());
    run(&queue, &worker, &Pace { batch: 2, ..pace() }, || queue.acknowledged().len() == 5).await;
    assert_eq!(worker.batches(), [vec!["a", "b"], vec!["c", "d"], vec!["e"]]);
}

#[tokio::test]
async fn a_batch_that_ends_within_the_grace_is_acknowledged() {
    let (queue, worker) = (Queue::of(&["a"]), Worker::gated());
    let pace = Pace { time_limit: Duration::from_secs(60), grace: Duration::from_secs(60), ..pace() };
    let stop = CancellationToken::new();
    let let_go = async {
        stop.cancelled().await;
        worker.let_go();
    };
    let looped = async { tokio::join!(feed_jobs("test", &queue, &worker, &pace, &stop), let_go).0 };
    run_until(&stop, looped, || worker.batches().len() == 1).await;
    assert_eq!(queue.acknowledged(), ["a"]);
}

#[tokio::test]
async fn a_batch_that_outlasts_the_grace_is_given_back() {
    let (queue, worker) = (Queue::of(&["a", "b"]), Worker::default().told("a", Does::Hang, 9));
    let pace = Pace { time_limit: Duration::from_secs(60), grace: Duration::from_millis(5), ..pace() };
    run(&queue, &worker, &pace, || worker.batches().len() == 1).await;
    assert_eq!(queue.released(), ["a", "b"]);
    assert_eq!(worker.batches().len(), 1);
}

#[tokio::test]
async fn regular_jobs_are_enqueued_also_after_a_failure() {
    let (jobs, stop) = (MemoryJobs::default(), CancellationToken::new());
    jobs.faults.fail_next(PortErrorKind::Unavailable);
    let looped = enqueue_regularly(&jobs, &Job::Sweep, Duration::from_millis(2), &stop);
    run_until(&stop, looped, || jobs.waiting().len() >= 2).await;
    assert!(jobs.take().iter().all(|job| *job == Job::Sweep));
}

#[tokio::test]
async fn a_loop_that_panics_starts_again_and_all_end_at_shutdown() {
    let started = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let workers = Workers::new(CancellationToken::new());
    let count = started.clone();
    workers.spawn("test", move |stop| {
        let before = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move {
            assert!(before > 0, "the test ordered it");
            stop.cancelled().await;
        }
    });
    let both = async {
        while started.load(std::sync::atomic::Ordering::SeqCst) < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), both).await.expect("starts again");
    assert!(workers.shutdown(Duration::from_secs(20)).await);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_ever() {
    let workers = Workers::new(CancellationToken::new());
    workers.spawn("test", |_| std::future::pending());
    assert!(!workers.shutdown(Duration::from_millis(5)).await);
}
