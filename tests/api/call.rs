//! Requests to a world.

use app::identity::verdict::{RefusalKind, Verdict};
use axum::{
    body::Body,
    http::{Method, Request, header},
};
use domain::{Principal, audit::Origin};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::{Answer, World};

/// One request, not yet sent.
pub struct Call<'a> {
    world: &'a World,
    verdict: Option<Verdict>,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(world: &'a World, verdict: Verdict, method: Method, path: String) -> Self {
        Self { world, verdict: Some(verdict), method, path, headers: Vec::new(), body: Vec::new() }
    }

    /// Sent by this caller.
    #[must_use]
    pub fn by(self, principal: &Principal) -> Self {
        Self { verdict: Some(Verdict::Allowed { principal: principal.clone(), body_sha256: None }), ..self }
    }

    /// Sent with a key's signature, which covers the body that was given before.
    #[must_use]
    pub fn signed_by(self, principal: &Principal) -> Self {
        let body_sha256 = Some(crate::sha256(&self.body));
        Self { verdict: Some(Verdict::Allowed { principal: principal.clone(), body_sha256 }), ..self }
    }

    /// Sent with this verdict, or with none.
    #[must_use]
    pub fn with_verdict(self, verdict: Option<Verdict>) -> Self {
        Self { verdict, ..self }
    }

    /// Sent by somebody known who has no role.
    #[must_use]
    pub fn by_nobody(self) -> Self {
        let refused = Verdict::Refused {
            kind: RefusalKind::Forbidden,
            code: "no_role".to_owned(),
            detail: "You have no role in this data lake.".to_owned(),
        };
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
        let named = [header::LOCATION, header::ETAG, header::RETRY_AFTER, header::CONTENT_TYPE, header::WWW_AUTHENTICATE, header::ALLOW];
        let headers =
            named.iter().filter_map(|name| Some((name.to_string(), response.headers().get(name)?.to_str().ok()?.to_owned()))).collect();
        assert_eq!(response.headers().get("x-request-id").map(|id| id.as_bytes()), Some(&b"req_1"[..]), "every answer names its request");
        assert_eq!(response.headers().get("x-content-type-options").map(|value| value.as_bytes()), Some(&b"nosniff"[..]));
        let bytes = response.into_body().collect().await.expect("the body").to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("answers are JSON") };
        Answer { status, headers, body }
    }
}
