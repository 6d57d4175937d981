//! A whole data lake in memory behind the real routers, with a clock that stands still and ids that count.

use std::sync::Arc;

use app::{
    identity::verdict::{RefusalKind, Verdict},
    profile::Deployment,
};
use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use domain::{Principal, audit::Origin};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use testkit::{FixedClock, MemoryAuditLog, MemoryCipher, MemoryDirectory, MemoryJobs, MemoryObjects, MemorySearch, MemoryTables, SequentialIds, builders};
use tower::ServiceExt as _;
use utoipa_axum::router::OpenApiRouter;
use web::{Edge, finish};

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

/// One request, not yet sent.
pub struct Call<'a> {
    world: &'a World,
    verdict: Option<Verdict>,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Headers that the contract names.
    pub headers: Vec<(String, String)>,
    /// The body; `null` if it is empty.
    pub body: Value,
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
        let routes = OpenApiRouter::new()
            .merge(function_packages::router(function_packages::Deps {
                tables: tables.clone(),
                jobs: jobs.clone(),
                cipher: cipher.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
                objects: objects.clone(),
                multipart: objects.clone(),
                bucket: BUCKET.to_owned(),
            }))
            .merge(function_search::router(function_search::Deps {
                tables: tables.clone(),
                jobs: jobs.clone(),
                cipher: cipher.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
                index: index.clone(),
            }))
            .merge(function_cart::router(function_cart::Deps {
                tables: tables.clone(),
                jobs: jobs.clone(),
                cipher: cipher.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
                objects: objects.clone(),
                bucket: BUCKET.to_owned(),
            }))
            .merge(function_profile::router(function_profile::Deps {
                tables: tables.clone(),
                jobs: jobs.clone(),
                cipher: cipher.clone(),
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
        let router = finish(router, Edge { ids: ids.clone(), console_origins: Vec::new() });
        let document = web::openapi::complete(described);
        Self { tables, jobs, objects, index, audit_log, directory, clock, ids, cipher, router, document }
    }

    /// The OpenAPI document of all routers.
    #[must_use]
    pub fn document(&self) -> &utoipa::openapi::OpenApi {
        &self.document
    }

    /// A request; nobody is signed in until [`Call::by`].
    pub fn call(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        Call { world: self, verdict: Some(Verdict::Anonymous), method, path: path.into(), headers: Vec::new(), body: Vec::new() }
    }
}

impl Call<'_> {
    /// Sent by this caller.
    #[must_use]
    pub fn by(self, principal: &Principal) -> Self {
        Self { verdict: Some(Verdict::Allowed { principal: principal.clone(), body_sha256: None }), ..self }
    }

    /// Sent with this verdict, or with none.
    #[must_use]
    pub fn with_verdict(self, verdict: Option<Verdict>) -> Self {
        Self { verdict, ..self }
    }

    /// Sent by somebody known who has no role.
    #[must_use]
    pub fn by_nobody(self) -> Self {
        let refused = Verdict::Refused { kind: RefusalKind::Forbidden, code: "no_role".to_owned(), detail: "You have no role in this data lake.".to_owned() };
        Self { verdict: Some(refused), ..self }
    }

    /// With this header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With this JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").bytes(body.to_string())
    }

    /// With these bytes as body.
    #[must_use]
    pub fn bytes(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// Sends it.
    ///
    /// # Panics
    /// If the request is none, or the answer's body is not JSON.
    pub async fn send(self) -> Answer {
        let mut request = Request::builder().method(self.method).uri(&self.path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let mut request = request.body(Body::from(self.body)).expect("a request");
        request.extensions_mut().insert(Origin { request_id: "req_1".to_owned(), source_ip: Some("192.0.2.1".to_owned()) });
        if let Some(verdict) = self.verdict {
            request.extensions_mut().insert(verdict);
        }
        let response = self.world.router.clone().oneshot(request).await.expect("the router answers");
        let status = response.status();
        let named = [header::LOCATION, header::ETAG, header::RETRY_AFTER, header::CONTENT_TYPE, header::WWW_AUTHENTICATE];
        let headers = named
            .iter()
            .filter_map(|name| Some((name.to_string(), response.headers().get(name)?.to_str().ok()?.to_owned())))
            .collect();
        assert_eq!(response.headers().get("x-request-id").map(|id| id.as_bytes()), Some(&b"req_1"[..]), "every answer names its request");
        assert_eq!(response.headers().get("x-content-type-options").map(|value| value.as_bytes()), Some(&b"nosniff"[..]));
        let bytes = response.into_body().collect().await.expect("the body").to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("answers are JSON") };
        Answer { status, headers, body }
    }
}

impl Answer {
    /// Holds the answer against the snapshot `{tag}__{operation}_{status}[_{situation}]`.
    ///
    /// # Panics
    /// If the status is another one, the operation is unknown, or the snapshot differs.
    pub fn is(&self, operation: &str, status: u16, situation: &str) {
        assert_eq!(self.status.as_u16(), status, "{operation} {situation}: {}", self.body);
        let known = web::operations::OPERATIONS.iter().find(|known| known.id == operation).expect("an operation of the contract");
        let name = [known.tag, "__", operation, "_", &status.to_string(), if situation.is_empty() { "" } else { "_" }, situation].concat();
        let headers: serde_json::Map<String, Value> = self.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let answer = json!({ "status": status, "headers": headers, "body": self.body });
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
        settings.set_omit_expression(true);
        settings.set_description(format!("{} {}", known.method, known.path));
        settings.bind(|| insta::assert_json_snapshot!(name, answer));
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}
