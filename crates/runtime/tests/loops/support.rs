//! A worker, a queue and a feed that do what a test tells them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use datalake_runtime::worker::{ChangeFeed, DeadLetters, Delivery, JobQueue, Pace};
use domain::{
    PortResult,
    change::Change,
    ports::{Entry, Handler, Key, Outcome, Table},
};
use testkit::Faults;
use tokio::sync::Notify;

pub(super) fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Fast, so that a test with several failures takes milliseconds.
pub(super) fn pace() -> Pace {
    Pace {
        batch: 10,
        time_limit: Duration::from_millis(300),
        lease: Duration::from_secs(60),
        idle: Duration::from_millis(5),
        first_backoff: Duration::from_millis(2),
        longest_backoff: Duration::from_millis(10),
        attempts: 3,
        grace: Duration::from_millis(100),
    }
}

/// Runs a loop until `condition` holds, then `stop`s it; fails when it does not come to hold, or the loop does not end.
pub(super) async fn run_until(stop: &tokio_util::sync::CancellationToken, looped: impl Future<Output = ()>, condition: impl Fn() -> bool) {
    let watch = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stop.cancel();
    };
    let both = async { tokio::join!(looped, watch) };
    tokio::time::timeout(Duration::from_secs(20), both).await.expect("the condition holds and the loop ends");
}

/// A name that tests give to jobs and changes.
pub(super) trait Named {
    fn name(&self) -> String;
}

impl Named for String {
    fn name(&self) -> String {
        self.clone()
    }
}

impl Named for Change {
    fn name(&self) -> String {
        self.key.partition.clone()
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Does {
    Fail,
    Panic,
    Hang,
}

/// Does everything but what it was told to do otherwise.
#[derive(Default)]
pub(super) struct Worker {
    does: Mutex<BTreeMap<String, (Does, usize)>>,
    pub(super) broken: std::sync::atomic::AtomicBool,
    batches: Mutex<Vec<Vec<String>>>,
    done: Mutex<Vec<String>>,
    /// When set, every batch waits for it.
    gate: Option<Notify>,
}

impl Worker {
    /// Does so with `name`, for so many times.
    pub(super) fn told(self, name: &str, does: Does, times: usize) -> Self {
        locked(&self.does).insert(name.to_owned(), (does, times));
        self
    }

    /// Waits in every batch until it is let go.
    pub(super) fn gated() -> Self {
        Self { gate: Some(Notify::new()), ..Self::default() }
    }

    pub(super) fn let_go(&self) {
        self.gate.as_ref().expect("a gate").notify_one();
    }

    pub(super) fn done(&self) -> Vec<String> {
        locked(&self.done).clone()
    }

    pub(super) fn batches(&self) -> Vec<Vec<String>> {
        locked(&self.batches).clone()
    }

    fn next(&self, name: &str) -> Option<Does> {
        let mut does = locked(&self.does);
        let (does, times) = does.get_mut(name)?;
        *times = times.checked_sub(1)?;
        Some(*does)
    }
}

#[async_trait]
impl<T: Named + Send + Sync + 'static> Handler<T> for Worker {
    async fn handle(&self, batch: Vec<Entry<T>>) -> Outcome {
        locked(&self.batches).push(batch.iter().map(|entry| entry.body.name()).collect());
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        let mut failed = Vec::new();
        for entry in batch {
            let name = entry.body.name();
            match self.next(&name) {
                _ if self.broken.load(std::sync::atomic::Ordering::SeqCst) => failed.push(entry.id),
                None => locked(&self.done).push(name),
                Some(Does::Fail) => failed.push(entry.id),
                Some(Does::Panic) => panic!("the test ordered it"),
                Some(Does::Hang) => std::future::pending().await,
            }
        }
        Outcome { failed, ..Outcome::default() }
    }
}

/// Delivers each job until it is acknowledged.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<VecDeque<Delivery<String>>>,
    leased: Mutex<BTreeMap<String, Delivery<String>>>,
    acknowledged: Mutex<BTreeSet<String>>,
    released: Mutex<Vec<String>>,
    pub(super) faults: Faults,
}

impl Queue {
    /// Jobs by their names; what stands before a colon is the group.
    pub(super) fn of(names: &[&str]) -> Self {
        let queue = Self::default();
        for name in names {
            let group = name.split_once(':').map(|(group, _)| group.to_owned());
            let delivery = Delivery { receipt: format!("receipt of {name}"), attempt: 1, group, body: (*name).to_owned() };
            locked(&queue.waiting).push_back(delivery);
        }
        queue
    }

    pub(super) fn acknowledged(&self) -> Vec<String> {
        locked(&self.acknowledged).iter().map(|receipt| receipt.replace("receipt of ", "")).collect()
    }

    /// In the order of their releases.
    pub(super) fn released(&self) -> Vec<String> {
        locked(&self.released).iter().map(|receipt| receipt.replace("receipt of ", "")).collect()
    }
}

#[async_trait]
impl JobQueue<String> for Queue {
    async fn receive(&self, max: usize, _lease: Duration) -> PortResult<Vec<Delivery<String>>> {
        self.faults.check("queue.receive")?;
        let mut waiting = locked(&self.waiting);
        let count = max.min(waiting.len());
        let batch: Vec<_> = waiting.drain(..count).collect();
        locked(&self.leased).extend(batch.iter().map(|delivery| (delivery.receipt.clone(), delivery.clone())));
        Ok(batch)
    }

    async fn acknowledge(&self, receipts: &[String]) -> PortResult<()> {
        for receipt in receipts {
            assert!(locked(&self.leased).remove(receipt).is_some(), "{receipt} was not leased");
            locked(&self.acknowledged).insert(receipt.clone());
        }
        Ok(())
    }

    async fn release(&self, receipts: &[String]) -> PortResult<()> {
        for receipt in receipts {
            let mut delivery = locked(&self.leased).remove(receipt).expect("was leased");
            delivery.attempt += 1;
            locked(&self.waiting).push_back(delivery);
            locked(&self.released).push(receipt.clone());
        }
        Ok(())
    }

    async fn changed(&self) {
        std::future::pending().await
    }
}

/// Changes by their names, at the positions 1, 2, 3 …
#[derive(Default)]
pub(super) struct Feed {
    changes: Mutex<Vec<Change>>,
    position: Mutex<i64>,
    pub(super) faults: Faults,
}

pub(super) fn change(name: &str) -> Change {
    Change { table: Table::Packages, key: Key::new(name, "package"), old: None, new: None }
}

impl Feed {
    pub(super) fn of(names: &[&str]) -> Self {
        let feed = Self::default();
        feed.push(names);
        feed
    }

    pub(super) fn push(&self, names: &[&str]) {
        locked(&self.changes).extend(names.iter().map(|name| change(name)));
    }

    pub(super) fn acknowledged(&self) -> i64 {
        *locked(&self.position)
    }
}

#[async_trait]
impl ChangeFeed for Feed {
    async fn read(&self, after: i64, limit: usize) -> PortResult<Vec<(i64, Change)>> {
        self.faults.check("feed.read")?;
        let changes = locked(&self.changes);
        Ok((1..).zip(changes.iter().cloned()).skip_while(|(position, _)| *position <= after).take(limit).collect())
    }

    async fn position(&self) -> PortResult<i64> {
        self.faults.check("feed.position")?;
        Ok(self.acknowledged())
    }

    async fn acknowledge(&self, upto: i64) -> PortResult<()> {
        assert!(upto >= self.acknowledged(), "never backwards");
        *locked(&self.position) = upto;
        Ok(())
    }

    async fn changed(&self) {
        std::future::pending().await
    }
}

/// The list of dead letters.
#[derive(Default)]
pub(super) struct Letters {
    buried: Mutex<Vec<(String, u32)>>,
    pub(super) faults: Faults,
}

impl Letters {
    pub(super) fn buried(&self) -> Vec<(String, u32)> {
        locked(&self.buried).clone()
    }
}

#[async_trait]
impl DeadLetters<Change> for Letters {
    async fn bury(&self, entry: &Change, attempts: u32) -> PortResult<()> {
        self.faults.check("letters.bury")?;
        locked(&self.buried).push((entry.name(), attempts));
        Ok(())
    }
}
