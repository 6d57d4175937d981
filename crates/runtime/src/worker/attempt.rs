//! One attempt at a batch: bounded in time, panics caught, and what breaks a batch is found by handling its entries
//! one by one.

use std::{
    collections::BTreeSet,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use domain::{
    Deadline,
    ports::{Clock as _, Entry, Handler},
};
use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::system::SystemClock;

/// An entry with the group whose order it keeps.
#[derive(Clone)]
pub(super) struct Ordered<T> {
    pub(super) entry: Entry<T>,
    pub(super) group: Option<String>,
}

/// The limits of an attempt.
pub(super) struct Attempt<'a> {
    pub(super) worker: &'a str,
    /// For the batch, and again for each entry when they are handled one by one.
    pub(super) time_limit: Duration,
    /// No entry is begun that could go on after this.
    pub(super) until: Option<Instant>,
    pub(super) grace: Duration,
    pub(super) stop: &'a CancellationToken,
}

enum End {
    Told(BTreeSet<String>),
    /// Panicked, too slow, or stopped: nothing is known about its entries.
    Broken,
}

impl Attempt<'_> {
    /// Handles `batch` and tells which entries are not done.
    pub(super) async fn run<T: Clone + Send>(&self, handler: &dyn Handler<T>, batch: &[Ordered<T>]) -> BTreeSet<String> {
        match self.once(handler, batch.iter().map(|ordered| ordered.entry.clone()).collect()).await {
            End::Told(failed) => failed,
            End::Broken if batch.len() > 1 => self.one_by_one(handler, batch).await,
            End::Broken => batch.iter().map(|ordered| ordered.entry.id.clone()).collect(),
        }
    }

    async fn one_by_one<T: Clone + Send>(&self, handler: &dyn Handler<T>, batch: &[Ordered<T>]) -> BTreeSet<String> {
        let mut failed = BTreeSet::new();
        let mut broken_groups = BTreeSet::new();
        for Ordered { entry, group } in batch {
            let late = self.until.is_some_and(|until| Instant::now() + self.time_limit > until);
            let held_up = group.as_ref().is_some_and(|group| broken_groups.contains(group));
            let done = !late
                && !held_up
                && !self.stop.is_cancelled()
                && matches!(self.once(handler, vec![entry.clone()]).await, End::Told(failed) if failed.is_empty());
            if !done {
                failed.insert(entry.id.clone());
                broken_groups.extend(group.clone());
            }
        }
        failed
    }

    async fn once<T: Send>(&self, handler: &dyn Handler<T>, batch: Vec<Entry<T>>) -> End {
        let (worker, entries) = (self.worker, batch.len());
        let stopped = async {
            self.stop.cancelled().await;
            tokio::time::sleep(self.grace).await;
        };
        let deadline = Deadline::at(SystemClock.now().plus(self.time_limit));
        let handled = AssertUnwindSafe(handler.handle_until(batch, deadline)).catch_unwind();
        tokio::select! {
            biased;
            outcome = tokio::time::timeout(self.time_limit, handled) => match outcome {
                Ok(Ok(outcome)) => return End::Told(outcome.failed.into_iter().collect()),
                // What it said stands in the output of the panic hook.
                Ok(Err(_)) => tracing::error!(worker, entries, "a worker panicked"),
                Err(_) => tracing::error!(worker, entries, limit = ?self.time_limit, "a worker took too long"),
            },
            () = stopped => tracing::warn!(worker, entries, "a worker was stopped within a batch; its entries come again"),
        }
        End::Broken
    }
}
