//! Cross-origin requests of the console's scripts to signed URLs.

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use s3s::Body;

/// What scripts may read of an answer beside the few headers that they always may.
const EXPOSED: &str = "etag, content-length, content-range, x-amz-version-id, x-amz-checksum-sha256";

/// The request's origin, if it is one of the configured.
pub(super) fn allowed_origin(origins: &[HeaderValue], headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(header::ORIGIN).filter(|origin| origins.contains(origin)).cloned()
}

/// The answer to a preflight. All headers are allowed: which ones a request needs, its signature says.
pub(super) fn preflight(allowed: bool, headers: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    if !allowed {
        *response.status_mut() = StatusCode::FORBIDDEN;
        return response;
    }
    *response.status_mut() = StatusCode::NO_CONTENT;
    let answer = response.headers_mut();
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, PUT"));
    if let Some(asked) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Says on every answer for whom it is.
pub(super) fn add_headers(origin: Option<HeaderValue>, headers: &mut HeaderMap) {
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}
