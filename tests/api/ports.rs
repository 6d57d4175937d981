//! What a data lake in memory is made of: every port, the routers over them, and the workers that follow changes.

use std::sync::Arc;

use app::{
    Core,
    profile::Deployment,
    workers::{
        changes::Changes,
        housekeeping::Housekeeping,
        importing::Importing,
        indexing::Indexing,
        logging::Logging,
        manifest::Manifests,
        reindexing::{Reindexing, Rest},
    },
};
use axum::Router;
use domain::{
    Deadline,
    job::Job,
    ports::{Entry, Handler as _, Jobs as _, SearchIndex, Tables},
};
use testkit::{
    FixedClock, MemoryAuditLog, MemoryCipher, MemoryDirectory, MemoryJobs, MemoryObjects, MemorySearch, MemoryTables, SequentialIds,
    builders::now,
};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use web::{Edge, finish};

use crate::BUCKET;

/// Where the API is said to be.
pub const API_URL: &str = "https://lake.example.org";

/// Every port, in memory, with a clock that stands still and ids that count.
pub struct Ports {
    /// Rows.
    pub tables: Arc<MemoryTables>,
    /// All queues.
    pub jobs: Arc<MemoryJobs>,
    /// The object store.
    pub objects: Arc<MemoryObjects>,
    /// Where audit records go.
    pub audit_log: Arc<MemoryAuditLog>,
    /// People and groups.
    pub directory: Arc<MemoryDirectory>,
    /// The time.
    pub clock: Arc<FixedClock>,
    /// Ids.
    pub ids: Arc<SequentialIds>,
    /// Sealed values.
    pub cipher: Arc<MemoryCipher>,
    /// The search index itself.
    pub search: Arc<MemorySearch>,
    /// The search index as functions and workers have it: something may stand before it.
    pub index: Arc<dyn SearchIndex>,
    indexing: Indexing,
}

/// The tables as each function has them: something may stand before them.
pub struct FunctionTables {
    /// Those of packages.
    pub packages: Arc<dyn Tables>,
    /// Those of the search.
    pub search: Arc<dyn Tables>,
    /// Those of the cart.
    pub cart: Arc<dyn Tables>,
    /// Those of the profile.
    pub profile: Arc<dyn Tables>,
}

impl Ports {
    /// Empty ones; `before` puts something before the search index, or hands it back.
    #[must_use]
    pub fn new(before: impl FnOnce(Arc<MemorySearch>) -> Arc<dyn SearchIndex>) -> Self {
        let clock = Arc::new(FixedClock::new(now()));
        let ids = Arc::new(SequentialIds::new(1));
        let (tables, jobs, search) = (Arc::new(MemoryTables::new()), Arc::new(MemoryJobs::default()), Arc::new(MemorySearch::default()));
        let index = before(search.clone());
        Self {
            objects: Arc::new(MemoryObjects::with_clock(clock.clone())),
            audit_log: Arc::new(MemoryAuditLog::default()),
            directory: Arc::new(MemoryDirectory::new(clock.clone(), ids.clone())),
            cipher: Arc::new(MemoryCipher::default()),
            indexing: Indexing::new(tables.clone(), index.clone(), jobs.clone(), clock.clone()),
            tables,
            jobs,
            clock,
            ids,
            search,
            index,
        }
    }

    /// What every use case has at hand, as a worker has it.
    #[must_use]
    pub fn core(&self) -> Core {
        Core::new(self.tables.clone(), self.jobs.clone(), self.cipher.clone(), self.clock.clone(), self.ids.clone())
    }

    /// The routers of all functions as one, and what they say of themselves.
    pub fn router(&self, tables: FunctionTables, deployment: Deployment) -> (Router, OpenApi) {
        let routes = OpenApiRouter::new()
            .merge(function_packages::router(function_packages::Deps {
                tables: tables.packages,
                jobs: self.jobs.clone(),
                cipher: self.cipher.clone(),
                clock: self.clock.clone(),
                ids: self.ids.clone(),
                objects: self.objects.clone(),
                multipart: self.objects.clone(),
                bucket: BUCKET.to_owned(),
            }))
            .merge(function_search::router(function_search::Deps {
                tables: tables.search,
                jobs: self.jobs.clone(),
                cipher: self.cipher.clone(),
                clock: self.clock.clone(),
                ids: self.ids.clone(),
                index: self.index.clone(),
            }))
            .merge(function_cart::router(function_cart::Deps {
                tables: tables.cart,
                jobs: self.jobs.clone(),
                cipher: self.cipher.clone(),
                clock: self.clock.clone(),
                ids: self.ids.clone(),
                objects: self.objects.clone(),
                bucket: BUCKET.to_owned(),
            }))
            .merge(function_profile::router(function_profile::Deps {
                tables: tables.profile,
                jobs: self.jobs.clone(),
                cipher: self.cipher.clone(),
                secrets_cipher: self.cipher.clone(),
                clock: self.clock.clone(),
                ids: self.ids.clone(),
                groups: self.directory.clone(),
                user_records: self.directory.clone(),
                deployment,
            }));
        let (router, described) = routes.split_for_parts();
        (finish(router, Edge::new(self.ids.clone(), Vec::new(), 64)), web::openapi::complete(described))
    }

    /// Lets the workers follow all changes so far, until nothing follows any more.
    pub async fn drain(&self) {
        loop {
            let (changes, jobs) = (self.tables.take_changes(), self.jobs.take());
            if changes.is_empty() && jobs.is_empty() {
                return;
            }
            let outcome = Changes::new(self.jobs.clone()).handle(entries(changes)).await;
            assert!(outcome.failed.is_empty(), "changes that could not be told");
            let (audit, jobs): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| matches!(job, Job::Audit { .. }));
            let (hints, jobs): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| matches!(job, Job::Index { .. }));
            let outcome = Logging::new(self.tables.clone(), self.audit_log.clone()).handle(entries(audit)).await;
            assert!(outcome.failed.is_empty(), "audit records that could not be logged");
            let outcome = self.indexing.handle(entries(hints)).await;
            assert!(outcome.failed.is_empty(), "packages that could not be indexed");
            for job in jobs {
                self.follow(job).await;
            }
        }
    }

    async fn follow(&self, job: Job) {
        let objects = self.objects.clone();
        let housekeeping =
            Housekeeping::new(self.tables.clone(), objects.clone(), objects.clone(), self.clock.clone(), self.ids.clone(), BUCKET);
        match job {
            Job::Export { user_id, export_id } => {
                let manifests = Manifests::new(self.core(), objects, BUCKET, API_URL);
                manifests.generate(&user_id, export_id).await.expect("manifests");
            }
            Job::Import { package_id, import_id } => {
                let importing = Importing::new(self.core(), objects, BUCKET, None);
                importing.import(package_id, import_id).await.expect("an import that was read");
            }
            Job::Reindex => {
                let reindexing = Reindexing::new(self.tables.clone(), self.search.clone(), self.jobs.clone(), self.clock.clone());
                if let Rest::After(delay) = reindexing.run_until(Deadline::NONE).await.expect("a rebuild that goes on") {
                    self.jobs.enqueue(&Job::Reindex, delay).await.expect("its rest");
                }
            }
            Job::RemoveExport { user_id, export_id } => housekeeping.remove_export(&user_id, export_id).await.expect("removed files"),
            Job::PackageDeleted { package_id } => housekeeping.package_deleted(package_id).await.expect("dropped uploads"),
            other => panic!("nothing here asks for {other:?}"),
        }
    }
}

/// What a worker gets.
fn entries<T>(bodies: Vec<T>) -> Vec<Entry<T>> {
    bodies.into_iter().enumerate().map(|(number, body)| Entry { id: number.to_string(), body }).collect()
}
