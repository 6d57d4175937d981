//! Errors as `application/problem+json` (RFC 9457). This is the only file that chooses a status code for an error.

use app::{AppError, ErrorKind};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use contract::problem::{Problem, ProblemField};

/// Seconds after which a caller may try again.
const RETRY_AFTER: &str = "2";
/// The same for whoever gave too many wrong proofs: their failures count for a minute.
const RETRY_AFTER_FAILURES: &str = "60";

/// An error on its way out: [`crate::finish()`] logs it once, whole, and renders it with the request's id.
#[derive(Debug)]
pub struct Rejection {
    status: StatusCode,
    error: AppError,
}

impl From<AppError> for Rejection {
    fn from(error: AppError) -> Self {
        Self { status: status(error.kind()), error }
    }
}

impl Rejection {
    /// No such route.
    #[must_use]
    pub fn no_route() -> Self {
        AppError::new(ErrorKind::NotFound, "no_such_route", "There is nothing at this address. GET /openapi.json describes what there is.")
            .into()
    }

    /// A known route, but not with this method.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::of(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This address does not know that method.")
    }

    /// A body above the limit.
    #[must_use]
    pub fn too_large() -> Self {
        Self::of(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "The body has more than 3 MiB. Larger things go through the object store by a signed URL.",
        )
    }

    /// A query string above the limit.
    #[must_use]
    pub fn query_too_long() -> Self {
        AppError::new(ErrorKind::Malformed, "query_too_long", "The query string has more than 4,096 bytes.").into()
    }

    /// A path that decoders read differently.
    #[must_use]
    pub fn bad_path() -> Self {
        let detail =
            "The path may hold only letters, digits, '.', '_' and '-' between its slashes, nothing percent-encoded, no '.' or '..'.";
        AppError::new(ErrorKind::Malformed, "bad_path", detail).into()
    }

    /// A body of another media type.
    #[must_use]
    pub fn unsupported_media_type(wanted: &str) -> Self {
        Self::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", format!("Send the body with Content-Type: {wanted}."))
    }

    /// A body that is not the JSON that it should be.
    #[must_use]
    pub fn malformed(detail: impl Into<String>) -> Self {
        AppError::new(ErrorKind::Malformed, "malformed", detail).into()
    }

    /// The request took longer than the function may.
    #[must_use]
    pub fn timed_out() -> Self {
        AppError::new(ErrorKind::Unavailable, "timed_out", "The request took too long. Try again shortly.").into()
    }

    /// More requests at once than the process serves.
    #[must_use]
    pub fn overloaded() -> Self {
        AppError::new(ErrorKind::Unavailable, "overloaded", "Too many requests at once. Try again shortly.").into()
    }

    fn of(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, error: AppError::new(ErrorKind::Malformed, code, message) }
    }

    /// The error.
    #[must_use]
    pub fn error(&self) -> &AppError {
        &self.error
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer, with the request's id.
    #[must_use]
    pub fn render(&self, request_id: &str) -> Response {
        let problem = Problem {
            kind: format!("urn:datalake:problem:{}", self.error.code()),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.error.message().to_owned(),
            code: self.error.code().to_owned(),
            request_id: request_id.to_owned(),
            errors: fields(&self.error),
        };
        let mut response = (self.status, Json(problem)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            let seconds = if self.error.code() == "too_many_failures" { RETRY_AFTER_FAILURES } else { RETRY_AFTER };
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The status of an error's kind.
#[must_use]
pub fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Malformed => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Stale => StatusCode::PRECONDITION_FAILED,
        ErrorKind::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
        ErrorKind::RuleBroken => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The parts of a body that break rules, as the wire shows them.
#[must_use]
pub fn fields(error: &AppError) -> Vec<ProblemField> {
    error.fields().iter().map(|field| ProblemField { pointer: field.pointer.clone(), detail: field.detail.clone() }).collect()
}

/// The same error as an entry of a batch.
#[must_use]
pub fn entry_error(error: &AppError) -> contract::datasets::EntryError {
    contract::datasets::EntryError {
        status: status(error.kind()).as_u16(),
        code: error.code().to_owned(),
        detail: error.message().to_owned(),
        errors: fields(error),
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}
