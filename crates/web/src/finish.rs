//! What every answer has, in both homes: a request id, security headers, limits, problems rendered and logged once.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use app::identity::verdict::{RefusalKind, Verdict};
use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use axum::{
    Router,
    body::{Body, Bytes, HttpBody as _},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use domain::{audit::Origin, id::is_plain_path, ports::Ids};
use futures::FutureExt as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::Semaphore;
use tower_http::cors::CorsLayer;
use tracing::Instrument as _;
use utoipa_axum::router::OpenApiRouter;

use crate::{BODY_LIMIT, QUERY_LIMIT, extract::caller, problem::Rejection};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A function has 30 seconds at the gateway; it answers before.
const TIME_LIMIT: Duration = Duration::from_secs(28);
/// A body has so long to arrive.
const BODY_TIME: Duration = Duration::from_secs(15);
/// So many bodies are read at once, each of 3 MiB at most.
const BODIES: usize = 64;

/// What the edge of a home gives to [`finish()`].
#[derive(Clone)]
pub struct Edge {
    ids: Arc<dyn Ids>,
    console_origins: Vec<HeaderValue>,
    places: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    limits: Limits,
}

/// What one request may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a body may be, in bytes.
    pub body: usize,
    /// How long it may take to arrive.
    pub body_time: Duration,
    /// How long an answer may take.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body: BODY_LIMIT, body_time: BODY_TIME, time: TIME_LIMIT }
    }
}

impl Edge {
    /// Request ids by `ids`, where the home gave none; answers that pages of `console_origins` (`https://…`) may read; at
    /// most so many `requests` handled at once: more are answered 503.
    pub fn new(ids: Arc<dyn Ids>, console_origins: Vec<HeaderValue>, requests: usize) -> Self {
        let (places, readers) = (Arc::new(Semaphore::new(requests)), Arc::new(Semaphore::new(BODIES)));
        Self { ids, console_origins, places, readers, limits: Limits::default() }
    }

    /// The same with other limits than those that every home has.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }
}

/// Puts around a router what every answer has.
pub fn finish(router: Router, edge: Edge) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(edge.console_origins.clone())
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_MATCH, HeaderName::from_static("idempotency-key")])
        .expose_headers([header::ETAG, header::LOCATION, header::RETRY_AFTER, REQUEST_ID]);
    router
        .fallback(|| async { Rejection::no_route() })
        .method_not_allowed_fallback(|| async { Rejection::method_not_allowed() })
        // As few layers as can be: with every request each one is copied with all that is in it.
        .layer((cors, from_fn_with_state(Arc::new(edge), envelope)))
}

/// A router as one function of the cloud serves it: a process has one request at a time.
/// What is no origin is left out.
pub fn function<'a>(routes: OpenApiRouter, ids: Arc<dyn Ids>, console_origins: impl Iterator<Item = &'a str>) -> Router {
    let origins = console_origins.filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    finish(routes.split_for_parts().0, Edge::new(ids, origins, 1))
}

fn panicked() -> Response {
    let error = domain::PortError::new(domain::PortErrorKind::Unexpected, "web.panic");
    Rejection::from(app::AppError::from(error)).into_response()
}

/// Refuses what can't be understood, reads the body within its limit, and holds it against the hash that the signature
/// covers.
async fn admit(edge: &Edge, request: Request, next: Next) -> Response {
    if request.uri().query().is_some_and(|query| query.len() > QUERY_LIMIT) {
        return Rejection::query_too_long().into_response();
    }
    // What can't be understood is refused before routing, whatever the address: decoders of paths do not agree, and a
    // function must not trust that an authorizer looked.
    if !is_plain_path(request.uri().path()) {
        return Rejection::bad_path().into_response();
    }
    if let Some(Verdict::Refused { kind: RefusalKind::Malformed, .. }) = request.extensions().get()
        && let Err(rejection) = caller(request.extensions())
    {
        return rejection.into_response();
    }
    let (parts, body) = request.into_parts();
    let bytes = match read(edge, &parts, body).await {
        Ok(bytes) => bytes,
        Err(rejection) => return rejection.into_response(),
    };
    if let Some(rejection) = parts.extensions.get::<Verdict>().and_then(|verdict| body_differs(verdict, &bytes)) {
        return rejection.into_response();
    }
    let Ok(_place) = edge.places.try_acquire() else { return Rejection::overloaded().into_response() };
    next.run(Request::from_parts(parts, Body::from(bytes))).await
}

/// The body of a caller who is known. Of anybody else nothing is read: no operation takes a body without sign-in, and
/// whoever sends one slowly must not keep others out.
async fn read(edge: &Edge, parts: &Parts, body: Body) -> Result<Bytes, Rejection> {
    if body.is_end_stream() || !matches!(parts.extensions.get(), Some(Verdict::Allowed { .. })) {
        return Ok(Bytes::new());
    }
    let Ok(Ok(_reader)) = tokio::time::timeout(edge.limits.body_time, edge.readers.acquire()).await else {
        return Err(Rejection::overloaded());
    };
    tokio::time::timeout(edge.limits.body_time, collect(&parts.headers, body, edge.limits.body))
        .await
        .unwrap_or_else(|_| Err(Rejection::malformed("The body did not arrive in time.")))
}

async fn collect(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Rejection> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(Rejection::too_large());
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Rejection::too_large()),
        Err(_) => Err(Rejection::malformed("The body broke off.")),
    }
}

fn body_differs(verdict: &Verdict, body: &[u8]) -> Option<Rejection> {
    let Verdict::Allowed { principal, body_sha256 } = verdict else { return None };
    let refuse = |code, detail| Some(app::AppError::new(app::ErrorKind::Unauthenticated, code, detail).into());
    match body_sha256 {
        Some(promised) => {
            let actual = hex::encode(digest(&SHA256, body));
            let same = verify_slices_are_equal(promised.as_bytes(), actual.as_bytes()).is_ok();
            if same { None } else { refuse("invalid_signature", "The body is not the one that x-amz-content-sha256 promised.") }
        }
        None if !body.is_empty() && principal.scope().is_some() => refuse(
            "body_hash_required",
            "A signed request with a body needs the signed header x-amz-content-sha256 with the body's SHA-256.",
        ),
        None => None,
    }
}

async fn envelope(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let mut origin = request.extensions_mut().remove::<Origin>().unwrap_or_default();
    if origin.request_id.is_empty() {
        origin.request_id = format!("req_{}", edge.ids.new_id());
    }
    let request_id = origin.request_id.clone();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(origin);
    let span = tracing::info_span!("request", request.id = %request_id, http.method = %method);
    let answer = async {
        // Nothing of a request that panicked is used again.
        let admitted = AssertUnwindSafe(admit(&edge, request, next)).catch_unwind();
        match tokio::time::timeout(edge.limits.time, admitted).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => panicked(),
            Err(_) => Rejection::timed_out().into_response(),
        }
    };
    let response = answer.instrument(span.clone()).await;
    let mut response = match response.extensions().get::<Arc<Rejection>>().cloned() {
        Some(rejection) => {
            let _entered = span.enter();
            log(&rejection, &path);
            let mut rendered = rejection.render(&request_id);
            // The router names the methods that an address knows.
            if let Some(allow) = response.headers().get(header::ALLOW) {
                rendered.headers_mut().insert(header::ALLOW, allow.clone());
            }
            rendered
        }
        None => response,
    };
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in SECURITY_HEADERS {
        headers.entry(*name).or_insert(HeaderValue::from_static(value));
    }
    response
}

const SECURITY_HEADERS: &[(&str, &str)] = &[
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

/// The path without what could be a secret: the token of a grant link, or one that stands there by mistake. Ids are shorter.
fn path_to_log(path: &str) -> String {
    const LONGEST: usize = 36;
    let shown = |segment| if str::len(segment) > LONGEST { "…" } else { segment };
    if path.starts_with("/cart/grants/") { "/cart/grants/…".to_owned() } else { path.split('/').map(shown).collect::<Vec<_>>().join("/") }
}

/// Once, whole, with the source that the caller never sees.
fn log(rejection: &Rejection, path: &str) {
    let path = path_to_log(path);
    let status = rejection.status().as_u16();
    let error = rejection.error();
    let source = std::error::Error::source(error).map(|source| {
        let mut text = source.to_string();
        let mut next = source.source();
        while let Some(inner) = next {
            text = format!("{text}: {inner}");
            next = inner.source();
        }
        text
    });
    if status >= 500 {
        tracing::error!(http.status = status, http.path = path, error.code = error.code(), error.source = source, "{error}");
    } else {
        tracing::info!(http.status = status, http.path = path, error.code = error.code(), error.source = source, "{error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logged_path_holds_ids_and_no_token() {
        let id = "/packages/pkg_01JD3Z8Q5V7K2M4N6P8R0S2T4V/datasets";
        assert_eq!(path_to_log(id), id);
        assert_eq!(path_to_log("/cart/grants/short/0"), "/cart/grants/…");
        let token = "A".repeat(43);
        assert_eq!(path_to_log(&format!("//cart/grants/{token}/0")), "//cart/grants/…/0");
        assert_eq!(path_to_log(&format!("/packages/{token}")), "/packages/…");
    }
}
