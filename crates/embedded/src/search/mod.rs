//! The search index on tantivy.
//!
//! Below the index's directory lies one directory per generation; the file `current` names the live one. A rebuild fills
//! the next generation while the live one answers, and then `current` is replaced. Versions of documents and
//! remembered removals are documents of the index themselves: they are decided and committed with what they protect.

mod collect;
mod directory;
mod excluded;
mod generation;
mod inspect;
mod lower;
mod read;
mod schema;
mod statistics;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use async_trait::async_trait;
use domain::{
    PackageId, PortError, PortErrorKind, PortResult,
    ports::{SearchIndex, SearchRebuild},
    search::{Indexed, SearchDocument, SearchRequest, SearchResults, Statistics, SuggestRequest, VisibilityFilter},
};
use tantivy::TantivyError;

pub use self::inspect::inspect;
use self::{
    directory::Home,
    generation::{Entry, Generation},
};

/// A window of hits ends here at the latest, as in the other home.
const WINDOW: usize = 10_000;

/// A search index in a directory of its own. Clones share it.
#[derive(Clone)]
pub struct TantivyIndex {
    inner: Arc<Inner>,
}

struct Inner {
    home: Home,
    fresh: bool,
    live: RwLock<Arc<Generation>>,
    /// The generation that is being built. The lock is held by every write, so that none slips between two generations.
    building: Mutex<Option<Arc<Generation>>>,
}

impl TantivyIndex {
    /// Opens the index below `directory`, an empty one if there is none or it can't be read: it follows the tables and
    /// can always be built anew. Blocks.
    ///
    /// # Errors
    /// `Unavailable` if the directory can't be used, or is used by another process.
    pub fn open(directory: impl Into<PathBuf>) -> PortResult<Self> {
        let home = Home::new(directory.into());
        let (live, fresh) = home.open().map_err(|error| port_error("search.open", error))?;
        let inner = Inner { home, fresh, live: RwLock::new(Arc::new(live)), building: Mutex::new(None) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whether it began empty when it was opened, so that it must be rebuilt from the tables.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.inner.fresh
    }

    async fn blocking<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Inner) -> PortResult<T> + Send + 'static,
    ) -> PortResult<T> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&inner))
            .await
            .map_err(|error| PortError::new(PortErrorKind::Unexpected, operation).because(error))?
    }
}

impl Inner {
    fn live(&self) -> Arc<Generation> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn building(&self) -> MutexGuard<'_, Option<Arc<Generation>>> {
        self.building.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes to the live index and to the one that is being built; what failed in either is to be tried again.
    fn write(&self, entries: &[Entry<'_>]) -> Vec<Indexed> {
        let building = self.building();
        let built = building.as_ref().map(|building| building.write(entries));
        let mut outcomes = self.live().write(entries);
        for (outcome, built) in outcomes.iter_mut().zip(built.into_iter().flatten()) {
            if built == Indexed::Failed {
                *outcome = Indexed::Failed;
            }
        }
        outcomes
    }

    fn begin(&self) -> tantivy::Result<()> {
        let mut building = self.building();
        if let Some(unfinished) = building.take() {
            unfinished.close();
            self.home.remove(unfinished.directory());
        }
        let next = self.home.create_next()?;
        self.live().copy_removals_to(&next)?;
        *building = Some(Arc::new(next));
        Ok(())
    }

    fn swap(&self) -> PortResult<()> {
        let mut building = self.building();
        let Some(next) = building.as_ref().map(Arc::clone) else {
            return Err(PortError::new(PortErrorKind::NotFound, "search_rebuild.swap"));
        };
        self.home.point_to(next.directory()).map_err(|error| port_error("search_rebuild.swap", error.into()))?;
        *building = None;
        let old = std::mem::replace(&mut *self.live.write().unwrap_or_else(PoisonError::into_inner), next);
        // Whoever still reads it keeps its files open; their names may go.
        old.close();
        self.home.remove(old.directory());
        Ok(())
    }
}

fn entries(documents: &[SearchDocument]) -> Vec<Entry<'_>> {
    documents.iter().map(|document| Entry { package: document.package_id, sequence: document.sequence, document: Some(document) }).collect()
}

#[async_trait]
impl SearchIndex for TantivyIndex {
    async fn search(&self, request: &SearchRequest) -> PortResult<SearchResults> {
        const OPERATION: &str = "search.search";
        if request.skipped().saturating_add(request.limit) > WINDOW {
            return Err(PortError::new(PortErrorKind::InvalidArgument, OPERATION).with("limit", request.limit));
        }
        let request = request.clone();
        self.blocking(OPERATION, move |inner| inner.live().page(&request).map_err(|error| port_error(OPERATION, error))).await
    }

    async fn suggest(&self, request: &SuggestRequest) -> PortResult<Vec<String>> {
        const OPERATION: &str = "search.suggest";
        let request = request.clone();
        self.blocking(OPERATION, move |inner| inner.live().completions(&request).map_err(|error| port_error(OPERATION, error))).await
    }

    async fn stats(&self, visibility: &VisibilityFilter, owner: &str) -> PortResult<Statistics> {
        const OPERATION: &str = "search.stats";
        let (visibility, owner) = (visibility.clone(), owner.to_owned());
        self.blocking(OPERATION, move |inner| inner.live().statistics(&visibility, &owner).map_err(|error| port_error(OPERATION, error)))
            .await
    }

    async fn upsert_many(&self, documents: &[SearchDocument]) -> PortResult<Vec<Indexed>> {
        let documents = documents.to_vec();
        self.blocking("search.upsert_many", move |inner| Ok(inner.write(&entries(&documents)))).await
    }

    async fn remove_many(&self, packages: &[(PackageId, u64)]) -> PortResult<Vec<Indexed>> {
        let packages = packages.to_vec();
        self.blocking("search.remove_many", move |inner| {
            let entries: Vec<Entry<'_>> =
                packages.iter().map(|(package, sequence)| Entry { package: *package, sequence: *sequence, document: None }).collect();
            Ok(inner.write(&entries))
        })
        .await
    }
}

#[async_trait]
impl SearchRebuild for TantivyIndex {
    async fn begin(&self) -> PortResult<()> {
        const OPERATION: &str = "search_rebuild.begin";
        self.blocking(OPERATION, |inner| inner.begin().map_err(|error| port_error(OPERATION, error))).await
    }

    async fn upsert_many(&self, documents: &[SearchDocument]) -> PortResult<Vec<Indexed>> {
        const OPERATION: &str = "search_rebuild.upsert_many";
        let documents = documents.to_vec();
        self.blocking(OPERATION, move |inner| {
            let building = inner.building();
            let next = building.as_ref().ok_or_else(|| PortError::new(PortErrorKind::NotFound, OPERATION))?;
            Ok(next.write(&entries(&documents)))
        })
        .await
    }

    async fn swap(&self) -> PortResult<()> {
        self.blocking("search_rebuild.swap", Inner::swap).await
    }

    async fn ids(&self, after: Option<PackageId>, limit: usize) -> PortResult<Vec<PackageId>> {
        const OPERATION: &str = "search_rebuild.ids";
        self.blocking(OPERATION, move |inner| inner.live().ids(after, limit).map_err(|error| port_error(OPERATION, error))).await
    }
}

fn port_error(operation: &'static str, error: TantivyError) -> PortError {
    let kind = match &error {
        TantivyError::InvalidArgument(_) => PortErrorKind::InvalidArgument,
        TantivyError::IoError(_) | TantivyError::LockFailure(..) | TantivyError::OpenDirectoryError(_) => PortErrorKind::Unavailable,
        _ => PortErrorKind::Unexpected,
    };
    PortError::new(kind, operation).because(error)
}
