//! Answers: creation with `Location`, versions with `ETag`, redirects.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::ports::SignedRequest;
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::problem::Rejection;

/// What a handler returns.
pub type Answer<T = Response> = Result<T, Rejection>;

/// 200 with a body.
#[must_use]
pub fn ok<T: Serialize>(body: &T) -> Response {
    Json(body).into_response()
}

/// 201 with `Location` and a body.
#[must_use]
pub fn created<T: Serialize>(location: &str, body: &T) -> Response {
    with_location((StatusCode::CREATED, Json(body)).into_response(), location)
}

/// 202 with the `Location` of a status resource.
#[must_use]
pub fn accepted<T: Serialize>(location: &str, body: &T) -> Response {
    with_location((StatusCode::ACCEPTED, Json(body)).into_response(), location)
}

/// 204.
#[must_use]
pub fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// The answer with an `ETag` of this version.
#[must_use]
pub fn with_etag(mut response: Response, version: u64) -> Response {
    if let Ok(value) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// 302 to a signed URL.
#[must_use]
pub fn redirect(link: &SignedRequest) -> Response {
    with_location(StatusCode::FOUND.into_response(), link.url.expose_secret())
}

fn with_location(mut response: Response, location: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// A signed request as the wire shows it.
#[must_use]
pub fn signed_request(request: &SignedRequest) -> contract::datasets::SignedRequest {
    contract::datasets::SignedRequest {
        method: request.method.to_owned(),
        url: request.url.expose_secret().to_owned(),
        headers: request.headers.clone(),
        expires_at: request.expires_at.to_string(),
    }
}
