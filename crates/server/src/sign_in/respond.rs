//! Answers: pages with their protecting headers, redirects, and errors of the endpoints for programs.

use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use domain::PortError;
use maud::Markup;
use serde_json::json;

use super::pages;

/// A page. `client` is where its form may lead, if it has one that leads away.
pub(super) fn page(status: StatusCode, body: Markup, client: Option<&str>) -> Response {
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self' {}; frame-ancestors 'none'; base-uri 'none'",
        client.unwrap_or_default()
    );
    let mut response = (status, Html(body.into_string())).into_response();
    protect(response.headers_mut());
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Sends the browser on.
pub(super) fn see_other(location: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    protect(response.headers_mut());
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    // A code in the address must not go on to other sites.
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn protect(headers: &mut HeaderMap) {
    const HEADERS: [(HeaderName, &str); 5] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Adds cookies that are to be set.
pub(super) fn with_cookies(mut response: Response, cookies: impl IntoIterator<Item = Option<HeaderValue>>) -> Response {
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A page that says that something of ours failed, and the log that says what.
pub(super) fn trouble(error: &PortError) -> Response {
    log(error);
    let response =
        page(status_of(error), pages::message("Something went wrong", "This is not your fault. Please try again in a moment."), None);
    with_retry_after(response, error.is_temporary().then_some(5))
}

/// Adds `Retry-After`.
pub(super) fn with_retry_after(mut response: Response, seconds: Option<u64>) -> Response {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn log(error: &PortError) {
    tracing::error!(%error, source = ?std::error::Error::source(error), "sign-in failed");
}

fn status_of(error: &PortError) -> StatusCode {
    if error.is_temporary() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::INTERNAL_SERVER_ERROR }
}

/// An error of an endpoint for programs (RFC 6749, section 5.2).
pub(super) struct OAuthError {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
}

impl OAuthError {
    pub(super) fn new(error: &'static str, description: &'static str) -> Self {
        let status = if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        Self { status, error, description }
    }
}

impl From<PortError> for OAuthError {
    fn from(error: PortError) -> Self {
        log(&error);
        let name = if error.is_temporary() { "temporarily_unavailable" } else { "server_error" };
        Self { status: status_of(&error), error: name, description: "try again in a moment" }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.error, "error_description": self.description }));
        let response = (self.status, [(header::CACHE_CONTROL, "no-store")], body).into_response();
        with_retry_after(response, (self.status == StatusCode::SERVICE_UNAVAILABLE).then_some(5))
    }
}
