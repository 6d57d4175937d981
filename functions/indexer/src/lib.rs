//! Writes search documents.

use std::sync::Arc;

use app::workers::indexing::Indexing;
use domain::{
    job::Job,
    ports::{Clock, Handler, SearchIndex, Tables},
};

/// The ports that this function uses; its policy in the cloud has the same list.
pub struct Deps {
    /// Packages, tags, datasets.
    pub tables: Arc<dyn Tables>,
    /// The index.
    pub index: Arc<dyn SearchIndex>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The worker for jobs of the kind `search`.
pub fn handler(deps: Deps) -> impl Handler<Job> + Clone + 'static {
    Indexing::new(deps.tables, deps.index, deps.clock)
}
