//! Writes search documents: the event is only a hint, the rows are what counts.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    Deadline, PackageId, PortResult,
    job::Job,
    ports::{Clock, Entry, Handler, Outcome, SearchIndex, Tables},
    search::{Indexed, SearchDocument},
};

use crate::{search::document::DocumentBuilder, store::Store};

/// So many documents go to the index at once: each may have some megabytes.
pub(super) const DOCUMENTS: usize = 10;
/// So many rows of datasets are read at once.
const PAGE: u32 = 1_000;
/// No documents are begun if less time is left: a slow index may take two answers for them, and their rows a minute.
pub(super) const MARGIN: Duration = Duration::from_secs(60);
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
    clock: Arc<dyn Clock>,
}

/// What the index is to hold of a package.
enum Target {
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
            Target::Nothing(_) => Ok(None),
        }
    }

    async fn target(&self, id: PackageId) -> PortResult<Target> {
        // The package first: what changes while the rest is read raises `sequence`, and its own hint writes it again.
        let Some(package) = self.store.package(id).await? else { return Ok(Target::Nothing(GONE)) };
        if package.deleted_at.is_some() {
            return Ok(Target::Nothing(package.sequence));
        }
        let version = self.store.metadata(id, package.metadata_version).await?;
        let tags = version.map(|version| version.tags).unwrap_or_default();
        let mut builder = DocumentBuilder::new(&package, &tags);
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
    /// Over the tables, the index and the time.
    pub fn new(tables: Arc<dyn Tables>, index: Arc<dyn SearchIndex>, clock: Arc<dyn Clock>) -> Self {
        Self { documents: Documents::new(Store::new(tables)), index, clock }
    }

    /// Brings the index in step; answers with the packages that failed.
    async fn follow(&self, ids: &[PackageId]) -> Vec<PackageId> {
        let (mut failed, mut documents, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for id in ids {
            match self.documents.target(*id).await {
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
            failed.extend(left_over(documents.iter().map(|document| document.package_id), written));
        }
        if !gone.is_empty() {
            let removed = self.index.remove_many(&gone).await;
            failed.extend(left_over(gone.iter().map(|(id, _)| *id), removed));
        }
        failed
    }
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
