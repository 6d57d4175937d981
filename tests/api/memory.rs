//! A data lake in memory behind the real routers, with a clock that stands still and ids that count.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use app::{
    Core,
    identity::{
        InviteUser, People,
        verdict::{RefusalKind, Verdict},
    },
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
use async_trait::async_trait;
use axum::{Router, body::Body};
use domain::{
    Deadline, Principal,
    job::Job,
    ports::{Entry, Handler as _, Jobs as _, SignedRequest, Tables},
    principal::Role,
};
use http_body_util::BodyExt as _;
use secrecy::SecretString;
use serde_json::Value;
use testkit::{
    FixedClock, InterleavedTables, MemoryAuditLog, MemoryCipher, MemoryDirectory, MemoryJobs, MemoryObjects, MemorySearch, MemoryTables,
    SequentialIds,
    builders::{admin, now},
};
use tower::ServiceExt as _;
use utoipa_axum::router::OpenApiRouter;
use web::{Edge, finish};

use crate::{
    BUCKET,
    home::{Home, Request, Response, Sender},
    setup::{origin, sha256},
};

/// A data lake in memory.
pub struct Memory {
    /// Rows, with faults on demand.
    pub tables: Arc<MemoryTables>,
    /// The search index, with faults on demand.
    pub index: Arc<MemorySearch>,
    jobs: Arc<MemoryJobs>,
    objects: Arc<MemoryObjects>,
    audit_log: Arc<MemoryAuditLog>,
    directory: Arc<MemoryDirectory>,
    clock: Arc<FixedClock>,
    ids: Arc<SequentialIds>,
    cipher: Arc<MemoryCipher>,
    router: Router,
    document: utoipa::openapi::OpenApi,
}

impl Memory {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(FixedClock::new(now()));
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

    pub(crate) fn document(self) -> utoipa::openapi::OpenApi {
        self.document
    }

    async fn follow(&self, job: Job) {
        let manifests = Manifests::new(self.core(), self.objects.clone(), BUCKET, "https://lake.example.org");
        let (objects, ids) = (self.objects.clone(), self.ids.clone());
        let housekeeping = Housekeeping::new(self.tables.clone(), objects.clone(), objects, self.clock.clone(), ids, BUCKET);
        match job {
            Job::Export { user_id, export_id } => manifests.generate(&user_id, export_id).await.expect("manifests"),
            Job::Import { package_id, import_id } => {
                let importing = Importing::new(self.core(), self.objects.clone(), BUCKET, None);
                importing.import(package_id, import_id).await.expect("an import that was read");
            }
            Job::Reindex => {
                let (index, jobs, clock) = (self.index.clone(), self.jobs.clone(), self.clock.clone());
                let reindexing = Reindexing::new(self.tables.clone(), index, jobs.clone(), clock);
                if let Rest::After(delay) = reindexing.run_until(Deadline::NONE).await.expect("a rebuild that goes on") {
                    jobs.enqueue(&Job::Reindex, delay).await.expect("its rest");
                }
            }
            Job::RemoveExport { user_id, export_id } => housekeeping.remove_export(&user_id, export_id).await.expect("removed files"),
            Job::PackageDeleted { package_id } => housekeeping.package_deleted(package_id).await.expect("dropped uploads"),
            other => panic!("nothing here asks for {other:?}"),
        }
    }
}

/// The verdict that this sender's authorizer would reach.
fn verdict(sender: Sender, body: &[u8]) -> Option<Verdict> {
    match sender {
        Sender::Anonymous => Some(Verdict::Anonymous),
        Sender::Known(principal) => Some(Verdict::Allowed { principal, body_sha256: None }),
        Sender::Signed(principal) => Some(Verdict::Allowed { principal, body_sha256: Some(sha256(body)) }),
        Sender::Nobody => Some(Verdict::Refused {
            kind: RefusalKind::Forbidden,
            code: "no_access".to_owned(),
            detail: "The user has no role in this data lake. Ask an administrator.".to_owned(),
        }),
        Sender::Verdict(verdict) => verdict,
    }
}

/// What a worker gets.
fn entries<T>(bodies: Vec<T>) -> Vec<Entry<T>> {
    bodies.into_iter().enumerate().map(|(number, body)| Entry { id: number.to_string(), body }).collect()
}

#[async_trait]
impl Home for Memory {
    async fn send(&self, sent: Request) -> Response {
        let mut request = axum::http::Request::builder().method(sent.method).uri(&sent.path);
        for (name, value) in &sent.headers {
            request = request.header(*name, value);
        }
        let verdict = verdict(sent.sender, &sent.body);
        let mut request = request.body(Body::from(sent.body)).expect("a request");
        request.extensions_mut().insert(origin());
        if let Some(verdict) = verdict {
            request.extensions_mut().insert(verdict);
        }
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.expect("the body").to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("answers are JSON") };
        Response { status: head.status, headers: head.headers, body }
    }

    fn tables(&self) -> Arc<dyn Tables> {
        self.tables.clone()
    }

    fn core(&self) -> Core {
        Core::new(self.tables.clone(), self.jobs.clone(), self.cipher.clone(), self.clock.clone(), self.ids.clone())
    }

    async fn invited(&self, name: &str) -> Principal {
        let entered =
            InviteUser { email: format!("{name}@example.org"), name: name.to_owned(), role: Role::Member, groups: Default::default() };
        let people = People::new(self.core(), self.directory.clone(), self.directory.clone());
        let administrator = app::Caller { principal: admin("root"), origin: origin() };
        let record = people.invite(&administrator, &entered).await.expect("an invitation");
        Principal { user_id: record.user_id, ..testkit::builders::member("somebody") }
    }

    async fn transfer(&self, upload: &Value, bytes: Vec<u8>) -> Vec<u8> {
        let url = SecretString::from(upload["url"].as_str().expect("a URL"));
        let signed = |method| SignedRequest { method, url, headers: BTreeMap::new(), expires_at: now() };
        match upload["method"].as_str() {
            Some("PUT") => {
                self.objects.send(&signed("PUT"), bytes).await.expect("the store takes the bytes");
                Vec::new()
            }
            _ => self.objects.fetch(&signed("GET")).await.expect("the store hands it out").to_vec(),
        }
    }

    fn place(&self, url: &str) -> String {
        let place = url.strip_prefix("memory://").and_then(|rest| rest.split('?').next());
        place.expect("a URL of memory").to_owned()
    }

    async fn keys(&self) -> Vec<String> {
        self.objects.keys(BUCKET)
    }

    fn later(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn drain(&self) {
        loop {
            let (changes, jobs) = (self.tables.take_changes(), self.jobs.take());
            if changes.is_empty() && jobs.is_empty() {
                return;
            }
            let outcome = Changes::new(self.jobs.clone()).handle(entries(changes)).await;
            assert!(outcome.failed.is_empty(), "changes that could not be told");
            let (audit, jobs): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| matches!(job, Job::Audit { .. }));
            let (index, jobs): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| matches!(job, Job::Index { .. }));
            let outcome = Logging::new(self.tables.clone(), self.audit_log.clone()).handle(entries(audit)).await;
            assert!(outcome.failed.is_empty(), "audit records that could not be logged");
            let outcome =
                Indexing::new(self.tables.clone(), self.index.clone(), self.jobs.clone(), self.clock.clone()).handle(entries(index)).await;
            assert!(outcome.failed.is_empty(), "packages that could not be indexed");
            for job in jobs {
                self.follow(job).await;
            }
        }
    }

    fn compare(&self, name: &str, description: &str, answer: &Value) {
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
        settings.set_omit_expression(true);
        settings.set_description(description);
        settings.bind(|| insta::assert_json_snapshot!(name, answer));
    }
}
