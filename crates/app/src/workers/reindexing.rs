//! Builds the search index anew from the rows, beside the one that answers.
//!
//! The whole goes in steps: packages are counted, a new index is begun, pages of packages are written into it, it takes the
//! old one's place. A row keeps which step is next, so a run that dies loses a step, and the next job goes on; only if it dies
//! between taking the place and saying so, all is done once more. What
//! changes meanwhile is written into both indexes by the port; the rows are read after the new index was begun, so nothing
//! falls between.

use std::{sync::Arc, time::Duration};

use domain::{
    Deadline, PackageId, PortError, PortErrorKind, PortResult,
    job::Job,
    ports::{Clock, Jobs, PageKey, SearchRebuild, Tables},
    reindex::{Reindex, ReindexState},
    search::SearchDocument,
};

use super::indexing::{Documents, MARGIN, left_over};
use crate::store::{Place, ReindexRecord, Store};

/// So many packages are written in a step: each may have a million datasets to read, and no step may outlast its worker.
const PAGE: u32 = 10;
/// So many rows are counted in a step.
const COUNTED: u32 = 1_000;
/// After so long a run makes way for what else there is for its worker, and goes on behind it.
const RUN: Duration = Duration::from_secs(15);
/// A run holds the rebuild for so long, unless it ends before: longer than any home lets a worker work, which is 15 minutes.
const HOLD: Duration = Duration::from_secs(16 * 60);
/// A job can't be put off for longer, in any home.
const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);
/// An index that is lost so often is lost to something else than a restart.
const BEGINNINGS: u32 = 10;
/// More packages than these, and than one of ten, must not be missing in the new index.
const FEW: u64 = 10;

const AGAIN: &str = "A part of the data lake does not answer. It is tried again.";
const DEFECT: &str = "Something went wrong inside the data lake. It is logged.";
const LOST: &str = "The new index was lost again and again.";
const TOO_MANY: &str = "Too many packages could not be written.";

/// The worker.
#[derive(Clone)]
pub struct Reindexing {
    store: Store,
    documents: Documents,
    index: Arc<dyn SearchRebuild>,
    jobs: Arc<dyn Jobs>,
    clock: Arc<dyn Clock>,
}

/// What a run leaves to be done, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing.
    Nothing,
    /// The rest, by a job that is not to come before.
    After(Duration),
}

/// What is behind a step.
enum Next {
    /// The next one.
    Step(Place),
    /// The next one, in a run of its own.
    Run(Place),
    /// Nothing: the new index answers.
    End,
}

/// Why a step was not done.
enum Stop {
    /// It may work a little later.
    Later(PortError),
    /// The index that was being built is gone: it is begun anew.
    Lost,
    /// It will not work; the sentence is for people.
    ForGood(&'static str),
}

impl From<PortError> for Stop {
    fn from(error: PortError) -> Self {
        match error.kind() {
            PortErrorKind::Unavailable | PortErrorKind::RateLimited => Self::Later(error),
            _ => {
                tracing::error!(error = &error as &dyn std::error::Error, "the index can't be built anew");
                Self::ForGood(DEFECT)
            }
        }
    }
}

/// `NotFound` of the index says that none is being built.
fn of_index(error: PortError) -> Stop {
    if error.is(PortErrorKind::NotFound) { Stop::Lost } else { error.into() }
}

impl Reindexing {
    /// Over the tables, the index, the queue of hints, and the time.
    pub fn new(tables: Arc<dyn Tables>, index: Arc<dyn SearchRebuild>, jobs: Arc<dyn Jobs>, clock: Arc<dyn Clock>) -> Self {
        let store = Store::new(tables);
        Self { documents: Documents::new(store.clone()), store, index, jobs, clock }
    }

    /// Begins a rebuild that nobody asked for, also in place of one that runs. Who calls this goes on with [`Self::run_until`],
    /// or has a job do it.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn begin(&self) -> PortResult<()> {
        let last = self.store.reindex().await?;
        let new = ReindexRecord::new(last.as_ref(), None, self.clock.now());
        self.store.tables.write(self.store.put_reindex(last.as_ref(), &new, None)?).await
    }

    /// Begins a rebuild if the index is empty and there are packages: it was lost.
    ///
    /// # Errors
    /// Those of tables and index.
    pub async fn begin_if_lost(&self) -> PortResult<()> {
        if !self.index.ids(None, 1).await?.is_empty() {
            return Ok(());
        }
        let mut after = None;
        loop {
            let (ids, next) = self.store.every_package(COUNTED, after).await?;
            if !ids.is_empty() {
                return self.begin().await;
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Has a job go on with a rebuild that runs, if there is one. Only for whoever knows that nobody else is at it.
    ///
    /// # Errors
    /// Those of tables and queue.
    pub async fn resume(&self) -> PortResult<()> {
        let Some(found) = self.store.reindex().await?.filter(|found| found.reindex.state == ReindexState::Running) else {
            return Ok(());
        };
        self.store.keep_reindex(&ReindexRecord { held_until: self.clock.now(), ..found }).await?;
        self.jobs.enqueue(&Job::Reindex, Duration::ZERO).await
    }

    /// The last rebuild, if there ever was one.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn last(&self) -> PortResult<Option<Reindex>> {
        Ok(self.store.reindex().await?.map(|record| record.reindex))
    }

    /// Goes on with the rebuild that runs as far as there is time before `deadline`, and no longer than others can wait.
    ///
    /// # Errors
    /// What another try may help: the job is to come again.
    pub async fn run_until(&self, deadline: Deadline) -> PortResult<Rest> {
        let now = self.clock.now();
        let Some(found) = self.store.reindex().await?.filter(|found| found.reindex.state == ReindexState::Running) else {
            return Ok(Rest::Nothing);
        };
        if found.held_until > now {
            return Ok(Rest::After(found.held_until.since(now).min(LONGEST_DELAY)));
        }
        let Some(mut record) = self.store.hold_reindex(&found, now.plus(HOLD)).await? else {
            return Ok(Rest::After(LONGEST_DELAY));
        };
        let stop_at = now.plus(RUN);
        loop {
            let next = match self.step(&mut record).await {
                Ok(next) => next,
                Err(Stop::Lost) if record.begun < BEGINNINGS => Next::Step(Place::Begin),
                Err(Stop::Lost) => return self.give_up(record, LOST).await,
                Err(Stop::ForGood(why)) => return self.give_up(record, why).await,
                Err(Stop::Later(error)) => return self.put_off(record, error).await,
            };
            let now = self.clock.now();
            record.reindex.updated_at = now;
            record.reindex.failure = None;
            let over = now >= stop_at || deadline.is_within(MARGIN, now);
            let ends_run = match next {
                Next::Step(place) => {
                    record.place = place;
                    over
                }
                Next::Run(place) => {
                    record.place = place;
                    true
                }
                Next::End => {
                    record.reindex.state = ReindexState::Done;
                    true
                }
            };
            if ends_run {
                record.held_until = now;
            }
            if !self.store.keep_reindex(&record).await? || record.reindex.state == ReindexState::Done {
                return Ok(Rest::Nothing);
            }
            if ends_run {
                return Ok(Rest::After(Duration::ZERO));
            }
        }
    }

    async fn step(&self, record: &mut ReindexRecord) -> Result<Next, Stop> {
        match record.place.clone() {
            Place::Count { after } => {
                let (ids, next) = self.store.every_package(COUNTED, after).await?;
                record.reindex.total = Some(record.reindex.total.unwrap_or(0) + ids.len() as u64);
                // Hints that came meanwhile have their turn before the index is written.
                Ok(next.map_or(Next::Run(Place::Begin), |next| Next::Step(Place::Count { after: Some(next) })))
            }
            Place::Begin => {
                self.index.begin().await?;
                record.begun += 1;
                (record.reindex.done, record.reindex.failed) = (0, 0);
                Ok(Next::Step(Place::Write { after: None }))
            }
            Place::Write { after } => self.write_page(&mut record.reindex, after).await,
            Place::Swap => {
                let Reindex { done, failed, .. } = record.reindex;
                // Where the index was lost there is nothing better to keep.
                if failed > FEW && failed > done / 10 && !self.index.ids(None, 1).await?.is_empty() {
                    return Err(Stop::ForGood(TOO_MANY));
                }
                self.index.swap().await.map_err(of_index)?;
                Ok(Next::End)
            }
        }
    }

    async fn write_page(&self, reindex: &mut Reindex, after: Option<PageKey>) -> Result<Next, Stop> {
        let (ids, next) = self.store.every_package(PAGE, after).await?;
        let failed = self.write(&ids).await?;
        // Each comes again on its own, and lies among the dead letters if that does not help.
        let hints: Vec<Job> = failed.iter().map(|id| Job::Index { package_id: *id }).collect();
        if !hints.is_empty() {
            self.jobs.enqueue_many(&hints).await?;
        }
        reindex.done += ids.len() as u64;
        reindex.failed += failed.len() as u64;
        // Some were made since they were counted.
        reindex.total = reindex.total.map(|total| total.max(reindex.done));
        Ok(Next::Step(next.map_or(Place::Swap, |next| Place::Write { after: Some(next) })))
    }

    /// Writes packages into the new index; answers with those that failed. One that can't be read stops none of the others.
    async fn write(&self, ids: &[PackageId]) -> Result<Vec<PackageId>, Stop> {
        let (mut failed, mut documents) = (Vec::new(), Vec::<SearchDocument>::new());
        for id in ids {
            match self.documents.document(*id).await.map_err(|error| (error.kind(), error)) {
                Ok(document) => documents.extend(document),
                Err((PortErrorKind::Unavailable | PortErrorKind::RateLimited, error)) => return Err(Stop::Later(error)),
                Err((_, error)) => {
                    tracing::error!(error = &error as &dyn std::error::Error, package = %id, "a package can't be read for the index");
                    failed.push(*id);
                }
            }
        }
        if documents.is_empty() {
            return Ok(failed);
        }
        let written = self.index.upsert_many(&documents).await.map_err(of_index)?;
        let left = left_over(documents.iter().map(|document| document.package_id), Ok(written));
        if left.len() > 1 && left.len() == documents.len() {
            // It is not the documents.
            let error = PortError::new(PortErrorKind::Unavailable, "reindexing.write");
            return Err(Stop::Later(error.because("the new index took no document")));
        }
        failed.extend(left);
        Ok(failed)
    }

    async fn give_up(&self, mut record: ReindexRecord, why: &str) -> PortResult<Rest> {
        let now = self.clock.now();
        record.reindex = Reindex { state: ReindexState::Failed, failure: Some(why.to_owned()), updated_at: now, ..record.reindex };
        record.held_until = now;
        self.store.keep_reindex(&record).await?;
        Ok(Rest::Nothing)
    }

    /// The job comes again. Whoever looks meanwhile is told why nothing moves.
    async fn put_off(&self, mut record: ReindexRecord, error: PortError) -> PortResult<Rest> {
        record.reindex.failure = Some(AGAIN.to_owned());
        record.held_until = self.clock.now();
        if let Err(error) = self.store.keep_reindex(&record).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a rebuild of the index stays held");
        }
        Err(error)
    }
}
