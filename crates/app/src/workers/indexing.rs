//! Writes search documents: the event is only a hint, the rows are what counts.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    Deadline, PackageId, PortResult, Timestamp,
    job::Job,
    package::Package,
    ports::{Clock, Entry, Handler, Jobs, Outcome, SearchIndex, Tables},
    search::{Indexed, SearchDocument},
};

use crate::{cache::Cache, search::document::DocumentBuilder, store::Store};

/// So many documents go to the index at once: each may have some megabytes.
const DOCUMENTS: usize = 10;
/// So many rows of datasets are read at once.
const PAGE: u32 = 1_000;
/// No documents are begun if less time is left: a slow index may take two answers for them, and their rows a minute.
pub(super) const MARGIN: Duration = Duration::from_secs(60);
/// A package of more datasets is not read whole for each change of it.
const LARGE: u64 = 1_000;
/// So long a package of [`LARGE`] datasets is left alone after it was written; a larger one longer, in proportion.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// A package whose row is gone never comes back: nothing is newer. The greatest version that every index can keep.
pub(crate) const GONE: u64 = i64::MAX.unsigned_abs();

/// Makes documents of packages' rows.
#[derive(Clone)]
pub struct Documents {
    store: Store,
}

/// The worker.
#[derive(Clone)]
pub struct Indexing {
    documents: Documents,
    index: Arc<dyn SearchIndex>,
    jobs: Arc<dyn Jobs>,
    clock: Arc<dyn Clock>,
    /// What this worker wrote not long ago. An import makes a hint for every 49 datasets, and each would have all of them read.
    written: Arc<Cache<PackageId, Written>>,
}

/// A document that was written.
#[derive(Clone, Copy, Debug)]
struct Written {
    /// What it said besides datasets: who sees it above all. A change of that is written at once.
    versions: (u64, u64),
    /// Until then changes of its datasets wait.
    until: Timestamp,
    /// A hint comes when the wait is over: whatever is hinted at before is written then.
    put_off: bool,
}

/// What the index is to hold of a package.
enum Target {
    /// What a hint that is on its way will find.
    Later,
    Document(Box<SearchDocument>),
    Nothing(u64),
}

impl Documents {
    /// Over the rows.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The document of a package as its rows are now; `None` for one that is deleted or gone.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn document(&self, id: PackageId) -> PortResult<Option<SearchDocument>> {
        match self.target(id).await? {
            Target::Document(document) => Ok(Some(*document)),
            Target::Nothing(_) | Target::Later => Ok(None),
        }
    }

    async fn target(&self, id: PackageId) -> PortResult<Target> {
        // The package first: what changes while the rest is read raises `sequence`, and its own hint writes it again.
        match self.store.package(id).await? {
            Some(package) => self.target_of(&package).await,
            None => Ok(Target::Nothing(GONE)),
        }
    }

    async fn target_of(&self, package: &Package) -> PortResult<Target> {
        let id = package.id;
        if package.deleted_at.is_some() {
            return Ok(Target::Nothing(package.sequence));
        }
        let version = self.store.metadata(id, package.metadata_version).await?;
        let tags = version.map(|version| version.tags).unwrap_or_default();
        let mut builder = DocumentBuilder::new(package, &tags);
        let mut after = None;
        loop {
            let (datasets, next) = self.store.datasets_by_path(id, "", PAGE, after).await?;
            for dataset in &datasets {
                builder.dataset(&dataset.path, dataset.path.format(), dataset.size);
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(Target::Document(Box::new(builder.finish()))),
            }
        }
    }
}

impl Indexing {
    /// Over the tables, the index, the queue of the worker's own jobs, and the time. One per process: it remembers.
    pub fn new(tables: Arc<dyn Tables>, index: Arc<dyn SearchIndex>, jobs: Arc<dyn Jobs>, clock: Arc<dyn Clock>) -> Self {
        let written = Arc::new(Cache::lasting(2 * LONGEST_PAUSE));
        Self { documents: Documents::new(Store::new(tables)), index, jobs, clock, written }
    }

    /// What the index is to hold of a package, unless a later hint is to have it written. None is dropped but for a later one:
    /// an index that is being built may want the same once more.
    async fn target(&self, id: PackageId) -> PortResult<Target> {
        let Some(package) = self.documents.store.package(id).await? else { return Ok(Target::Nothing(GONE)) };
        let now = self.clock.now();
        let waits = |written: &Written| package.deleted_at.is_none() && written.versions == versions(&package) && now < written.until;
        if let Some(written) = self.written.get(&id, now).filter(waits) {
            if !written.put_off {
                // In whole seconds, as queues count them, and rather late: a hint that came early would be the last.
                let delay = Duration::from_secs(written.until.since(now).as_secs() + 1);
                self.jobs.enqueue(&Job::Index { package_id: id }, delay).await?;
                self.written.change(&id, |written| written.put_off = true);
            }
            return Ok(Target::Later);
        }
        let target = self.documents.target_of(&package).await?;
        if pause(package.datasets) > Duration::ZERO && matches!(target, Target::Document(_)) {
            let until = now.plus(pause(package.datasets));
            self.written.put(id, Written { versions: versions(&package), until, put_off: false }, now);
        }
        Ok(target)
    }

    /// Brings the index in step; answers with the packages that failed.
    async fn follow(&self, ids: &[PackageId]) -> Vec<PackageId> {
        let (mut failed, mut documents, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for id in ids {
            match self.target(*id).await {
                Ok(Target::Later) => {}
                Ok(Target::Document(document)) => documents.push(*document),
                Ok(Target::Nothing(sequence)) => gone.push((*id, sequence)),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, package = %id, "a package could not be read for the index");
                    failed.push(*id);
                }
            }
        }
        if !documents.is_empty() {
            let written = self.index.upsert_many(&documents).await;
            let left = left_over(documents.iter().map(|document| document.package_id), written);
            // What was not written waits for nothing.
            left.iter().for_each(|id| self.written.remove(id));
            failed.extend(left);
        }
        if !gone.is_empty() {
            let removed = self.index.remove_many(&gone).await;
            failed.extend(left_over(gone.iter().map(|(id, _)| *id), removed));
        }
        failed
    }
}

/// What changes with everything but datasets.
fn versions(package: &Package) -> (u64, u64) {
    (package.version, package.metadata_version)
}

/// How long a package of so many datasets is left alone.
fn pause(datasets: u64) -> Duration {
    let times = u32::try_from(datasets / LARGE).unwrap_or(u32::MAX);
    PAUSE.saturating_mul(times).min(LONGEST_PAUSE)
}

/// The packages that are not done.
pub(super) fn left_over(ids: impl Iterator<Item = PackageId>, written: PortResult<Vec<Indexed>>) -> Vec<PackageId> {
    match written {
        Ok(written) => {
            // One that the index does not speak of is not done.
            let verdicts = written.into_iter().map(Some).chain(std::iter::repeat(None));
            ids.zip(verdicts).filter(|(_, verdict)| !matches!(verdict, Some(Indexed::Applied | Indexed::Stale))).map(|(id, _)| id).collect()
        }
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the index did not take documents");
            ids.collect()
        }
    }
}

#[async_trait]
impl Handler<Job> for Indexing {
    async fn handle(&self, batch: Vec<Entry<Job>>) -> Outcome {
        self.handle_until(batch, Deadline::NONE).await
    }

    async fn handle_until(&self, batch: Vec<Entry<Job>>, deadline: Deadline) -> Outcome {
        let mut outcome = Outcome::default();
        let mut hints: BTreeMap<PackageId, Vec<String>> = BTreeMap::new();
        for entry in batch {
            if let Job::Index { package_id } = entry.body {
                hints.entry(package_id).or_default().push(entry.id);
            } else {
                tracing::error!(entry = entry.id, kind = entry.body.kind().name(), "not a job for the indexer");
                outcome.failed.push(entry.id);
            }
        }
        let ids: Vec<PackageId> = hints.keys().copied().collect();
        for (number, chunk) in ids.chunks(DOCUMENTS).enumerate() {
            // What is not begun comes again; something is begun in any case, or a time that is too short would stop all work.
            let late = number > 0 && deadline.is_within(MARGIN, self.clock.now());
            let failed = if late { chunk.to_vec() } else { self.follow(chunk).await };
            outcome.failed.extend(failed.iter().filter_map(|id| hints.remove(id)).flatten());
        }
        outcome
    }
}
