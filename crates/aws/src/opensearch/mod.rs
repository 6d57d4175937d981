//! The search index in OpenSearch.
//!
//! The documents are in one index with one shard, so that counts are exact. Two aliases lead to it: `{prefix}-packages` to
//! the live index, `{prefix}-packages-next` to the one that is being built; their names carry numbers and are nobody's
//! business. A version of a document is its package's `sequence`, kept by OpenSearch as external version. What remembers a
//! removal is a document too, without anything to find: OpenSearch itself forgets the versions of deleted documents after
//! `index.gc_deletes`, a minute by default, and a late write may come much later.
//!
//! **Writes while a rebuild runs.** Several processes write, and only the cluster knows whether there is a new index. Every
//! write asks it (one `HEAD`, never remembered) *after* the rows were read that it writes, and then goes to both indexes in
//! one request. Nothing is lost between the two:
//! - A write that saw no new index had read its rows before [`SearchRebuild::begin`] was answered. Whoever rebuilds reads
//!   all rows after that, so it reads these or newer ones.
//! - A write that saw one and comes after the swap finds the new index behind the live alias. OpenSearch resolves both
//!   aliases of one request from one state of the cluster, so no request reaches only the old index after the swap.
//! - A removal that saw no new index may be missing there. The removals of the live index are copied when a rebuild begins
//!   and again right before the swap.
//!
//! One rebuild at a time is the business of whoever rebuilds; a second `begin` drops what the first one wrote.

mod account;
mod answers;
mod cluster;
mod document;
mod error;
mod indexes;
mod lower;
mod mapping;
mod read;
mod rebuild;
mod write;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use domain::{
    PackageId, PortResult,
    ports::{SearchIndex, SearchRebuild},
    search::{Indexed, SearchDocument, SearchRequest, SearchResults, Statistics, SuggestRequest, VisibilityFilter},
};

use self::{cluster::Cluster, indexes::Names, write::Entry};
use crate::account::Account;

/// Where the cluster is and how it is asked.
#[derive(Clone, Debug)]
pub struct OpenSearchConfig {
    /// Its address, `https://…`.
    pub endpoint: String,
    /// What the names of its indexes begin with: the deployment's prefix.
    pub prefix: String,
    /// Whether requests are signed.
    pub signing: Signing,
}

/// Whether requests are signed.
#[derive(Clone, Debug)]
pub enum Signing {
    /// They are not: the cluster is open to this process.
    None,
    /// By Signature Version 4 for the service `es`, with this account's credentials.
    Aws(Box<Account>),
}

/// A search index in an OpenSearch cluster, made at its first use if it isn't there. Clones share connections.
#[derive(Clone)]
pub struct OpenSearchIndex {
    cluster: Cluster,
    names: Names,
}

impl OpenSearchIndex {
    /// Over the cluster; asks nobody yet.
    ///
    /// # Errors
    /// `InvalidArgument` for an endpoint that is no URL, or an account without region or credentials.
    pub fn new(config: OpenSearchConfig) -> PortResult<Self> {
        Ok(Self { cluster: Cluster::new(&config.endpoint, &config.signing)?, names: Names::new(&config.prefix) })
    }

    /// The same with other time limits of one attempt: for an answer that a person waits for, and for a write.
    #[must_use]
    pub fn with_time_limits(self, answer: Duration, write: Duration) -> Self {
        Self { cluster: self.cluster.with_time_limits(answer, write), ..self }
    }

    /// Opens a connection, so that the first request finds one.
    ///
    /// # Errors
    /// `Unavailable` if the cluster does not answer, or refuses this process.
    pub async fn connect(&self) -> PortResult<()> {
        self.alias_exists("search.connect", &self.names.live).await.map(drop)
    }
}

impl fmt::Debug for OpenSearchIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSearchIndex").field("names", &self.names).finish_non_exhaustive()
    }
}

#[async_trait]
impl SearchIndex for OpenSearchIndex {
    async fn search(&self, request: &SearchRequest) -> PortResult<SearchResults> {
        self.page(request).await
    }

    async fn suggest(&self, request: &SuggestRequest) -> PortResult<Vec<String>> {
        self.completions(request).await
    }

    async fn stats(&self, visibility: &VisibilityFilter, owner: &str) -> PortResult<Statistics> {
        self.statistics(visibility, owner).await
    }

    async fn upsert_many(&self, documents: &[SearchDocument]) -> PortResult<Vec<Indexed>> {
        self.write_live("search.upsert_many", &documents.iter().map(Entry::of).collect::<Vec<_>>()).await
    }

    async fn remove_many(&self, packages: &[(PackageId, u64)]) -> PortResult<Vec<Indexed>> {
        let entries: Vec<Entry<'_>> = packages.iter().map(|(package, sequence)| Entry::removal(*package, *sequence)).collect();
        self.write_live("search.remove_many", &entries).await
    }
}

#[async_trait]
impl SearchRebuild for OpenSearchIndex {
    async fn begin(&self) -> PortResult<()> {
        self.begin_rebuild().await
    }

    async fn upsert_many(&self, documents: &[SearchDocument]) -> PortResult<Vec<Indexed>> {
        self.write_next("search_rebuild.upsert_many", &documents.iter().map(Entry::of).collect::<Vec<_>>()).await
    }

    async fn swap(&self) -> PortResult<()> {
        self.swap_rebuilt().await
    }

    async fn ids(&self, after: Option<PackageId>, limit: usize) -> PortResult<Vec<PackageId>> {
        self.live_ids(after, limit).await
    }
}
