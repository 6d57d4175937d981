//! A whole data lake in memory behind the real routers, with a clock that stands still and ids that count.

mod answer;
mod call;
mod setup;

use std::sync::Arc;

use app::{Core, identity::verdict::Verdict, profile::Deployment, store::Store};
use axum::{Router, http::Method};
use testkit::{
    FixedClock, InterleavedTables, MemoryAuditLog, MemoryCipher, MemoryDirectory, MemoryJobs, MemoryObjects, MemorySearch, MemoryTables,
    SequentialIds, builders,
};
use utoipa_axum::router::OpenApiRouter;
use web::{Edge, finish};

pub use answer::Answer;
pub use call::Call;
pub use setup::{seconds, sha256};

/// The bucket of this world.
pub const BUCKET: &str = builders::BUCKET;

/// A whole data lake in memory.
pub struct World {
    /// Rows, with faults on demand.
    pub tables: Arc<MemoryTables>,
    /// Jobs that follow from changes.
    pub jobs: Arc<MemoryJobs>,
    /// Objects, with faults on demand.
    pub objects: Arc<MemoryObjects>,
    /// The search index, with faults on demand.
    pub index: Arc<MemorySearch>,
    /// The audit log.
    pub audit_log: Arc<MemoryAuditLog>,
    /// People and groups.
    pub directory: Arc<MemoryDirectory>,
    /// The time.
    pub clock: Arc<FixedClock>,
    /// Ids that count.
    pub ids: Arc<SequentialIds>,
    /// The cipher.
    pub cipher: Arc<MemoryCipher>,
    router: Router,
    document: utoipa::openapi::OpenApi,
}

impl World {
    /// An empty data lake.
    #[must_use]
    pub fn new() -> Self {
        let clock = Arc::new(FixedClock::new(builders::now()));
        let (tables, jobs) = (Arc::new(MemoryTables::new()), Arc::new(MemoryJobs::default()));
        let objects = Arc::new(MemoryObjects::with_clock(clock.clone()));
        let ids = Arc::new(SequentialIds::new(1));
        let cipher = Arc::new(MemoryCipher::default());
        let (index, audit_log) = (Arc::new(MemorySearch::default()), Arc::new(MemoryAuditLog::default()));
        let directory = Arc::new(MemoryDirectory::new(clock.clone(), ids.clone()));
        // Requests that are sent at once come between each other.
        let interleaved = Arc::new(InterleavedTables::new(tables.clone()));
        let routes = OpenApiRouter::new()
            .merge(function_packages::router(function_packages::Deps {
                tables: interleaved.clone(),
                jobs: jobs.clone(),
                cipher: cipher.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
                objects: objects.clone(),
                multipart: objects.clone(),
                bucket: BUCKET.to_owned(),
            }))
            .merge(function_search::router(function_search::Deps {
                tables: interleaved.clone(),
                jobs: jobs.clone(),
                cipher: cipher.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
                index: index.clone(),
            }))
            .merge(function_cart::router(function_cart::Deps {
                tables: interleaved.clone(),
                jobs: jobs.clone(),
                cipher: cipher.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
                objects: objects.clone(),
                bucket: BUCKET.to_owned(),
            }))
            .merge(function_profile::router(function_profile::Deps {
                tables: interleaved.clone(),
                jobs: jobs.clone(),
                cipher: cipher.clone(),
                secrets_cipher: cipher.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
                groups: directory.clone(),
                user_records: directory.clone(),
                deployment: Deployment {
                    endpoint: "https://lake.example.org".to_owned(),
                    version: "1.2.3".to_owned(),
                    capabilities: vec!["exports.grant".to_owned()],
                },
            }));
        let (router, described) = routes.split_for_parts();
        let router = finish(router, Edge::new(ids.clone(), Vec::new(), 64));
        let document = web::openapi::complete(described);
        Self { tables, jobs, objects, index, audit_log, directory, clock, ids, cipher, router, document }
    }

    /// The OpenAPI document of all routers.
    #[must_use]
    pub fn document(&self) -> &utoipa::openapi::OpenApi {
        &self.document
    }

    /// What every use case has at hand, as a worker has it.
    #[must_use]
    pub fn core(&self) -> Core {
        Core::new(self.tables.clone(), self.jobs.clone(), self.cipher.clone(), self.clock.clone(), self.ids.clone())
    }

    /// Typed repositories, for what only an admin or a worker writes.
    #[must_use]
    pub fn store(&self) -> Store {
        Store::new(self.tables.clone())
    }

    /// A request; nobody is signed in until [`Call::by`].
    pub fn call(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        Call::new(self, Verdict::Anonymous, method, path.into())
    }

    /// A `GET`.
    pub fn get(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::GET, path)
    }

    /// A `POST`.
    pub fn post(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::POST, path)
    }

    /// A `PUT`.
    pub fn put(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::PUT, path)
    }

    /// A `PATCH`.
    pub fn patch(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::PATCH, path)
    }

    /// A `DELETE`.
    pub fn delete(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::DELETE, path)
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}
