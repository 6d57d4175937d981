//! Routes below `/search`: one file per operation.

mod index;
mod query;
mod reindex;
mod stats;
mod suggest;

use std::sync::Arc;

use app::{Core, search::Search};
use domain::ports::{Cipher, Clock, Ids, Jobs, SearchIndex, Tables};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The ports that this function uses; its policy in the cloud has the same list.
pub struct Deps {
    /// Settings to read; packages with all that their documents show; the row of the index's rebuild.
    pub tables: Arc<dyn Tables>,
    /// The audit queue.
    pub jobs: Arc<dyn Jobs>,
    /// For the cursors' key.
    pub cipher: Arc<dyn Cipher>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn Ids>,
    /// The index.
    pub index: Arc<dyn SearchIndex>,
}

/// Shared, for each request takes a copy.
type App = Arc<UseCases>;

struct UseCases {
    search: Search,
}

/// The router of this prefix.
pub fn router(deps: Deps) -> OpenApiRouter {
    let Deps { tables, jobs, cipher, clock, ids, index } = deps;
    let app = UseCases { search: Search::new(Core::new(tables, jobs, cipher, clock, ids), index) };
    OpenApiRouter::new()
        .routes(routes!(query::search))
        .routes(routes!(suggest::suggest))
        .routes(routes!(stats::search_stats))
        .routes(routes!(index::index_package, index::unindex_package))
        .routes(routes!(reindex::start_reindex, reindex::read_reindex))
        .with_state(Arc::new(app))
}
