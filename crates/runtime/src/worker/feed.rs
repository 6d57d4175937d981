//! From the change feed to a worker: in order, and a poisoned entry stops nothing behind it.
//!
//! An entry that fails is kept and tried again with backoff, while what is behind it goes on. It is given up only when it
//! failed often enough *and* others went through meanwhile: when nothing goes through, it is the backend that fails, and
//! everything is tried until that holds. The feed is acknowledged up to the first entry that is still failing, so a
//! restart repeats and never loses.

use std::{collections::BTreeSet, time::Instant};

use domain::{
    PortResult,
    change::Change,
    ports::{Entry, Handler},
};
use tokio_util::sync::CancellationToken;

use super::{
    ChangeFeed, DeadLetters, Pace,
    attempt::{Attempt, Ordered},
};

/// Feeds `handler` from `feed` until `stop`; a batch that is being handled then has `pace.grace` to end.
pub async fn feed_changes(
    worker: &str,
    feed: &dyn ChangeFeed,
    handler: &dyn Handler<Change>,
    dead_letters: &dyn DeadLetters<Change>,
    pace: &Pace,
    stop: &CancellationToken,
) {
    let mut looped = Loop { worker, feed, handler, dead_letters, pace, stop, state: None, failures: 0 };
    while !stop.is_cancelled() {
        match looped.round().await {
            Ok(true) => {}
            Ok(false) => looped.wait().await,
            Err(error) => {
                looped.failures = looped.failures.saturating_add(1);
                {
                    // In a block of its own: what a log line borrows must not live across the wait.
                    let (failures, error) = (looped.failures, &error as &(dyn std::error::Error + 'static));
                    tracing::error!(worker, error, failures, "the change feed can't be read or acknowledged");
                }
                let backoff = pace.backoff(looped.failures);
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(backoff) => {}
                }
            }
        }
    }
}

struct Loop<'a> {
    worker: &'a str,
    feed: &'a dyn ChangeFeed,
    handler: &'a dyn Handler<Change>,
    dead_letters: &'a dyn DeadLetters<Change>,
    pace: &'a Pace,
    stop: &'a CancellationToken,
    /// `None` until the feed told where it stands.
    state: Option<State>,
    /// Of the feed itself, in a row.
    failures: u32,
}

struct State {
    acknowledged: i64,
    read: i64,
    failing: Vec<Failing>,
    /// When the failing ones are tried again.
    retry_at: Instant,
    /// Rounds in a row in which something failed.
    failed_rounds: u32,
}

struct Failing {
    position: i64,
    change: Change,
    attempts: u32,
    /// Something else went through since this one first failed: it is not the backend.
    others_went_through: bool,
}

impl Loop<'_> {
    /// Handles what there is; `false` if there was nothing.
    async fn round(&mut self) -> PortResult<bool> {
        let mut state = match self.state.take() {
            Some(state) => state,
            None => State::at(self.feed.position().await?),
        };
        let result = self.advance(&mut state).await;
        self.state = Some(state);
        if result.is_ok() {
            self.failures = 0;
        }
        result
    }

    async fn advance(&self, state: &mut State) -> PortResult<bool> {
        let retry = !state.failing.is_empty() && Instant::now() >= state.retry_at;
        // When as many fail as fit into a batch, only a retry goes on, with one new entry as a probe.
        let room = self.pace.batch.saturating_sub(state.failing.len()).max(usize::from(retry));
        let new = if room > 0 { self.feed.read(state.read, room).await? } else { Vec::new() };
        if new.is_empty() && !retry {
            return Ok(false);
        }
        let last = new.last().map_or(state.read, |(position, _)| *position);
        let mut entries: Vec<Failing> = if retry { std::mem::take(&mut state.failing) } else { Vec::new() };
        entries.extend(new.into_iter().map(|(position, change)| Failing { position, change, attempts: 0, others_went_through: false }));
        let failed = self.handle(&entries).await;
        state.read = last;
        self.keep_failed(state, entries, &failed).await;
        self.acknowledge(state).await?;
        Ok(true)
    }

    async fn handle(&self, entries: &[Failing]) -> BTreeSet<i64> {
        let started = Instant::now();
        let attempt =
            Attempt { worker: self.worker, time_limit: self.pace.time_limit, until: None, grace: self.pace.grace, stop: self.stop };
        let mut failed = BTreeSet::new();
        for chunk in entries.chunks(self.pace.batch.max(1)) {
            let batch: Vec<Ordered<Change>> = chunk
                .iter()
                .map(|entry| Ordered { entry: Entry { id: entry.position.to_string(), body: entry.change.clone() }, group: None })
                .collect();
            failed.extend(attempt.run(self.handler, &batch).await.iter().filter_map(|id| id.parse::<i64>().ok()));
        }
        tracing::debug!(
            worker = self.worker,
            received = entries.len(),
            done = entries.len() - failed.len(),
            failed = failed.len(),
            milliseconds = started.elapsed().as_millis(),
            "handled changes"
        );
        failed
    }

    /// Notes what failed, gives up what is poisoned.
    async fn keep_failed(&self, state: &mut State, entries: Vec<Failing>, failed: &BTreeSet<i64>) {
        let went_through = entries.iter().any(|entry| !failed.contains(&entry.position));
        for waiting in &mut state.failing {
            waiting.others_went_through |= went_through;
        }
        // A batch that was cut short by the stop says nothing about its entries; they come again after the restart.
        let counts = u32::from(!self.stop.is_cancelled());
        let mut newly_failed = false;
        for mut entry in entries.into_iter().filter(|entry| failed.contains(&entry.position)) {
            newly_failed = true;
            entry.attempts = entry.attempts.saturating_add(counts);
            entry.others_went_through |= went_through;
            if !(entry.attempts >= self.pace.attempts && entry.others_went_through && self.bury(&entry).await) {
                state.failing.push(entry);
            }
        }
        state.failing.sort_by_key(|entry| entry.position);
        if newly_failed {
            state.failed_rounds = state.failed_rounds.saturating_add(1);
            state.retry_at = Instant::now() + self.pace.backoff(state.failed_rounds);
        } else if state.failing.is_empty() {
            state.failed_rounds = 0;
        }
    }

    /// Whether the entry is in the list of dead letters now.
    async fn bury(&self, entry: &Failing) -> bool {
        let (worker, position, attempts) = (self.worker, entry.position, entry.attempts);
        match self.dead_letters.bury(&entry.change, attempts).await {
            Ok(()) => {
                tracing::error!(
                    worker,
                    position,
                    attempts,
                    table = entry.change.table.name(),
                    "a change was given up and is a dead letter"
                );
                true
            }
            Err(error) => {
                tracing::error!(worker, position, %error, "a dead letter can't be kept; the change is tried again");
                false
            }
        }
    }

    async fn acknowledge(&self, state: &mut State) -> PortResult<()> {
        let upto = state.failing.first().map_or(state.read, |first| (first.position - 1).min(state.read));
        if upto > state.acknowledged {
            self.feed.acknowledge(upto).await?;
            state.acknowledged = upto;
        }
        Ok(())
    }

    async fn wait(&self) {
        let until_retry = self.state.as_ref().filter(|state| !state.failing.is_empty());
        let until_retry = until_retry.map_or(self.pace.idle, |state| state.retry_at.saturating_duration_since(Instant::now()));
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.feed.changed() => {}
            () = tokio::time::sleep(until_retry.min(self.pace.idle)) => {}
        }
    }
}

impl State {
    fn at(position: i64) -> Self {
        Self { acknowledged: position, read: position, failing: Vec::new(), retry_at: Instant::now(), failed_rounds: 0 }
    }
}
