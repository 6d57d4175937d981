//! A data lake in memory behind the real routers, with a clock that stands still and ids that count.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use app::{
    Core,
    identity::{
        InviteUser, People,
        verdict::{RefusalKind, Verdict},
    },
    profile::Deployment,
};
use async_trait::async_trait;
use axum::{Router, body::Body};
use domain::{
    Principal,
    ports::{SignedRequest, Tables},
    principal::Role,
};
use http_body_util::BodyExt as _;
use secrecy::SecretString;
use serde_json::Value;
use testkit::{
    InterleavedTables, MemorySearch, MemoryTables,
    builders::{admin, now},
};
use tower::ServiceExt as _;

use crate::{
    BUCKET,
    home::{Home, Request, Response, Sender},
    ports::{API_URL, FunctionTables, Ports},
    setup::{origin, sha256},
};

/// A data lake in memory.
pub struct Memory {
    ports: Ports,
    router: Router,
    document: utoipa::openapi::OpenApi,
}

impl Memory {
    pub(crate) fn new() -> Self {
        let ports = Ports::new(|search| search);
        // Requests that are sent at once come between each other.
        let tables = Arc::new(InterleavedTables::new(ports.tables.clone()));
        let deployment =
            Deployment { endpoint: API_URL.to_owned(), version: "1.2.3".to_owned(), capabilities: vec!["exports.grant".to_owned()] };
        let tables = FunctionTables { packages: tables.clone(), search: tables.clone(), cart: tables.clone(), profile: tables };
        let (router, document) = ports.router(tables, deployment);
        Self { ports, router, document }
    }

    /// Its rows, with faults on demand.
    #[must_use]
    pub fn tables(&self) -> &MemoryTables {
        &self.ports.tables
    }

    /// Its search index, with faults on demand.
    #[must_use]
    pub fn index(&self) -> &MemorySearch {
        &self.ports.search
    }

    pub(crate) fn document(self) -> utoipa::openapi::OpenApi {
        self.document
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
        self.ports.tables.clone()
    }

    fn core(&self) -> Core {
        self.ports.core()
    }

    async fn invited(&self, name: &str) -> Principal {
        let entered =
            InviteUser { email: format!("{name}@example.org"), name: name.to_owned(), role: Role::Member, groups: Default::default() };
        let people = People::new(self.core(), self.ports.directory.clone(), self.ports.directory.clone());
        let administrator = app::Caller { principal: admin("root"), origin: origin() };
        let record = people.invite(&administrator, &entered).await.expect("an invitation");
        Principal { user_id: record.user_id, ..testkit::builders::member("somebody") }
    }

    async fn transfer(&self, upload: &Value, bytes: Vec<u8>) -> Vec<u8> {
        let url = SecretString::from(upload["url"].as_str().expect("a URL"));
        let signed = |method| SignedRequest { method, url, headers: BTreeMap::new(), expires_at: now() };
        match upload["method"].as_str() {
            Some("PUT") => {
                self.ports.objects.send(&signed("PUT"), bytes).await.expect("the store takes the bytes");
                Vec::new()
            }
            _ => self.ports.objects.fetch(&signed("GET")).await.expect("the store hands it out").to_vec(),
        }
    }

    fn place(&self, url: &str) -> String {
        let place = url.strip_prefix("memory://").and_then(|rest| rest.split('?').next());
        place.expect("a URL of memory").to_owned()
    }

    async fn keys(&self) -> Vec<String> {
        self.ports.objects.keys(BUCKET)
    }

    fn later(&self, by: Duration) {
        self.ports.clock.advance(by);
    }

    async fn drain(&self) {
        self.ports.drain().await;
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
