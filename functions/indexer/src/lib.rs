//! Writes search documents, and builds the index anew.

use std::{sync::Arc, time::Duration};

use app::workers::{
    indexing::Indexing,
    reindexing::{Reindexing, Rest},
};
use async_trait::async_trait;
use domain::{
    Deadline, PortResult,
    job::Job,
    ports::{Clock, Entry, Handler, Jobs, Outcome, SearchIndex, SearchRebuild, Tables},
};

/// The ports that this function uses; its policy in the cloud has the same list.
pub struct Deps {
    /// Packages, tags, datasets; the row of the index's rebuild.
    pub tables: Arc<dyn Tables>,
    /// The index.
    pub index: Arc<dyn SearchIndex>,
    /// The same index, to be built anew.
    pub rebuild: Arc<dyn SearchRebuild>,
    /// The function's own queue, for what a run has no time for.
    pub jobs: Arc<dyn Jobs>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// With less time than this no rebuild is gone on with behind hints.
const REBUILD_MARGIN: Duration = Duration::from_secs(90);

/// The worker for jobs of the kind `search`.
pub fn handler(deps: Deps) -> impl Handler<Job> + Clone + 'static {
    let Deps { tables, index, rebuild, jobs, clock } = deps;
    let indexing = Indexing::new(Arc::clone(&tables), index, Arc::clone(&jobs), Arc::clone(&clock));
    Worker { indexing, reindexing: Reindexing::new(tables, rebuild, Arc::clone(&jobs), Arc::clone(&clock)), jobs, clock }
}

#[derive(Clone)]
struct Worker {
    indexing: Indexing,
    reindexing: Reindexing,
    jobs: Arc<dyn Jobs>,
    clock: Arc<dyn Clock>,
}

impl Worker {
    /// Goes on with a rebuild, and has the rest done by another job. Where that can't be enqueued this one comes again.
    async fn go_on(&self, deadline: Deadline) -> PortResult<()> {
        match self.reindexing.run_until(deadline).await? {
            Rest::Nothing => Ok(()),
            Rest::After(delay) => self.jobs.enqueue(&Job::Reindex, delay).await,
        }
    }
}

#[async_trait]
impl Handler<Job> for Worker {
    async fn handle(&self, batch: Vec<Entry<Job>>) -> Outcome {
        self.handle_until(batch, Deadline::NONE).await
    }

    /// Hints first: each is waited for. However often a rebuild is among the jobs, it goes on once.
    async fn handle_until(&self, batch: Vec<Entry<Job>>, deadline: Deadline) -> Outcome {
        let (rebuilds, hints): (Vec<_>, Vec<_>) = batch.into_iter().partition(|entry| entry.body == Job::Reindex);
        let hinted = !hints.is_empty();
        let mut outcome = if hints.is_empty() { Outcome::default() } else { self.indexing.handle_until(hints, deadline).await };
        if rebuilds.is_empty() {
            return outcome;
        }
        // With what hints left of the time no step may be begun that the worker would not outlive, for all of them would come
        // again. A batch without hints has all of it.
        let late = hinted && deadline.is_within(REBUILD_MARGIN, self.clock.now());
        let went_on = if late { self.jobs.enqueue(&Job::Reindex, Duration::ZERO).await } else { self.go_on(deadline).await };
        if let Err(error) = went_on {
            tracing::warn!(error = &error as &dyn std::error::Error, "a rebuild of the index is to be tried again");
            outcome.failed.extend(rebuilds.into_iter().map(|entry| entry.id));
        }
        outcome
    }
}
