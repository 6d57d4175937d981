//! The search index: a follower of the tables, never their source.

use async_trait::async_trait;

use crate::{
    error::PortResult,
    id::PackageId,
    search::{Indexed, SearchDocument, SearchRequest, SearchResults, Statistics, SuggestRequest, VisibilityFilter},
};

/// Finds packages. Everything that comes back is computed under the request's visibility filter.
///
/// A write may take a moment to be seen by searches.
#[async_trait]
pub trait SearchIndex: Send + Sync {
    /// A page of hits with total and facets.
    async fn search(&self, request: &SearchRequest) -> PortResult<SearchResults>;

    /// Up to `limit` completions of the last word, from visible documents only, most frequent first, then by text.
    async fn suggest(&self, request: &SuggestRequest) -> PortResult<Vec<String>>;

    /// Counts for the dashboard.
    async fn stats(&self, visibility: &VisibilityFilter, owner: &str) -> PortResult<Statistics>;

    /// Writes whole documents, each on its own: one with a lower `sequence` than the stored one is `Stale`, an
    /// equal one is written again. Durable for those `Applied`.
    async fn upsert_many(&self, documents: &[SearchDocument]) -> PortResult<Vec<Indexed>>;

    /// Removes documents, remembering `sequence` so that a late, older upsert can't bring one back: `Stale` if a newer
    /// one is there. Absent ones are `Applied`.
    async fn remove_many(&self, packages: &[(PackageId, u64)]) -> PortResult<Vec<Indexed>>;
}

/// Builds the index anew beside the live one, which keeps answering.
#[async_trait]
pub trait SearchRebuild: Send + Sync {
    /// Begins a new index, dropping an unfinished one; live upserts and removals go to both from here on.
    async fn begin(&self) -> PortResult<()>;

    /// As [`SearchIndex::upsert_many`], into the new index only.
    async fn upsert_many(&self, documents: &[SearchDocument]) -> PortResult<Vec<Indexed>>;

    /// Puts the new index in the place of the live one, without a gap. `NotFound` if none was begun.
    async fn swap(&self) -> PortResult<()>;

    /// Ids in the live index, ascending, at most `limit`, behind `after`.
    async fn ids(&self, after: Option<PackageId>, limit: usize) -> PortResult<Vec<PackageId>>;
}
