//! The loop from the change feed to a worker.

use std::{sync::atomic::Ordering, time::Duration};

use crate::support::{Does, Feed, Letters, Worker, pace, run_until};
use datalake_runtime::worker::{Pace, feed_changes};
use domain::PortErrorKind;
use tokio_util::sync::CancellationToken;

async fn run(feed: &Feed, worker: &Worker, letters: &Letters, pace: &Pace, until: impl Fn() -> bool) {
    let stop = CancellationToken::new();
    run_until(&stop, feed_changes("test", feed, worker, letters, pace, &stop), until).await;
}

#[tokio::test]
async fn changes_are_handled_in_order_and_acknowledged() {
    let (feed, worker, letters) = (Feed::of(&["a", "b", "c"]), Worker::default(), Letters::default());
    run(&feed, &worker, &letters, &Pace { batch: 2, ..pace() }, || feed.acknowledged() == 3).await;
    assert_eq!(worker.done(), ["a", "b", "c"]);
    assert_eq!(worker.batches(), [vec!["a", "b"], vec!["c"]]);
}

#[tokio::test]
async fn changes_that_come_later_are_found_without_a_wake_up() {
    let (feed, worker, letters) = (Feed::of(&["a"]), Worker::default(), Letters::default());
    let stop = CancellationToken::new();
    let push = async {
        while feed.acknowledged() < 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        feed.push(&["b"]);
    };
    let pace = pace();
    let looped = async { tokio::join!(feed_changes("test", &feed, &worker, &letters, &pace, &stop), push).0 };
    run_until(&stop, looped, || feed.acknowledged() == 2).await;
}

#[tokio::test]
async fn what_is_behind_a_failing_change_goes_on_and_nothing_is_acknowledged_past_it() {
    let (feed, letters) = (Feed::of(&["a", "b", "c", "d"]), Letters::default());
    let worker = Worker::default().told("b", Does::Fail, usize::MAX);
    let patient = Pace { batch: 2, attempts: u32::MAX, ..pace() };
    run(&feed, &worker, &letters, &patient, || worker.done().len() == 3 && worker.batches().len() > 4).await;
    assert_eq!(worker.done(), ["a", "c", "d"]);
    assert_eq!(feed.acknowledged(), 1);
}

#[tokio::test]
async fn after_a_restart_the_failing_change_comes_again() {
    let (feed, letters) = (Feed::of(&["a", "b", "c"]), Letters::default());
    let failing = Worker::default().told("b", Does::Fail, usize::MAX);
    let patient = Pace { attempts: u32::MAX, ..pace() };
    run(&feed, &failing, &letters, &patient, || failing.done().len() == 2).await;
    let healthy = Worker::default();
    run(&feed, &healthy, &letters, &patient, || feed.acknowledged() == 3).await;
    assert_eq!(healthy.done(), ["b", "c"]);
}

#[tokio::test]
async fn a_poisoned_change_becomes_a_dead_letter_after_its_attempts() {
    let (feed, letters) = (Feed::of(&["a", "poison", "c"]), Letters::default());
    let worker = Worker::default().told("poison", Does::Fail, usize::MAX);
    run(&feed, &worker, &letters, &pace(), || feed.acknowledged() == 3).await;
    assert_eq!(letters.buried(), [("poison".to_owned(), 3)]);
    assert_eq!(worker.done(), ["a", "c"]);
}

#[tokio::test]
async fn a_change_that_panics_takes_no_other_down() {
    let (feed, letters) = (Feed::of(&["a", "poison", "c"]), Letters::default());
    let worker = Worker::default().told("poison", Does::Panic, usize::MAX);
    run(&feed, &worker, &letters, &pace(), || feed.acknowledged() == 3).await;
    assert_eq!(letters.buried(), [("poison".to_owned(), 3)]);
    assert!(worker.done().contains(&"a".to_owned()) && worker.done().contains(&"c".to_owned()));
}

#[tokio::test]
async fn while_nothing_goes_through_nothing_is_given_up() {
    let names: Vec<String> = (0..25).map(|number| number.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (feed, worker, letters) = (Feed::of(&names), Worker::default(), Letters::default());
    worker.broken.store(true, Ordering::SeqCst);
    let stop = CancellationToken::new();
    let heal = async {
        while worker.batches().len() < 30 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!((letters.buried(), feed.acknowledged()), (vec![], 0));
        worker.broken.store(false, Ordering::SeqCst);
    };
    let pace = pace();
    let looped = async { tokio::join!(feed_changes("test", &feed, &worker, &letters, &pace, &stop), heal).0 };
    run_until(&stop, looped, || feed.acknowledged() == 25).await;
    assert_eq!(letters.buried(), []);
    assert_eq!(worker.done().len(), 25);
}

#[tokio::test]
async fn a_batch_full_of_poison_is_proven_by_what_comes_behind() {
    let (feed, letters) = (Feed::of(&["p1", "p2", "good"]), Letters::default());
    let worker = Worker::default().told("p1", Does::Fail, usize::MAX).told("p2", Does::Fail, usize::MAX);
    run(&feed, &worker, &letters, &Pace { batch: 2, ..pace() }, || feed.acknowledged() == 3).await;
    let mut buried: Vec<String> = letters.buried().into_iter().map(|(name, _)| name).collect();
    buried.sort();
    assert_eq!(buried, ["p1", "p2"]);
    assert!(worker.batches().iter().all(|batch| batch.len() <= 2));
}

#[tokio::test]
async fn a_change_is_not_lost_when_the_dead_letters_cannot_be_written() {
    let (feed, letters) = (Feed::of(&["a", "poison"]), Letters::default());
    let worker = Worker::default().told("poison", Does::Fail, usize::MAX);
    letters.faults.fail_next(PortErrorKind::Unavailable);
    letters.faults.fail_next(PortErrorKind::Unavailable);
    run(&feed, &worker, &letters, &pace(), || feed.acknowledged() == 2).await;
    assert_eq!(letters.buried(), [("poison".to_owned(), 5)]);
}

#[tokio::test]
async fn the_loop_outlives_a_feed_that_fails_for_a_while() {
    let (feed, worker, letters) = (Feed::of(&["a"]), Worker::default(), Letters::default());
    for _ in 0..3 {
        feed.faults.fail_next(PortErrorKind::Unavailable);
    }
    run(&feed, &worker, &letters, &pace(), || feed.acknowledged() == 1).await;
}

#[tokio::test]
async fn a_stop_within_a_batch_loses_nothing() {
    let (feed, letters) = (Feed::of(&["a", "b"]), Letters::default());
    let hanging = Worker::default().told("b", Does::Hang, 9);
    let slow = Pace { time_limit: Duration::from_secs(60), grace: Duration::from_millis(5), ..pace() };
    run(&feed, &hanging, &letters, &slow, || hanging.batches().len() == 1).await;
    assert_eq!((feed.acknowledged(), letters.buried()), (0, vec![]));
    let worker = Worker::default();
    run(&feed, &worker, &letters, &slow, || feed.acknowledged() == 2).await;
    assert_eq!(worker.done(), ["a", "b"]);
}
