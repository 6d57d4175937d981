//! What the cluster reports, in the port's terms.

use domain::{
    PortError,
    PortErrorKind::{self, AlreadyExists, InvalidArgument, NotFound, PermissionDenied, RateLimited, Unavailable, Unexpected},
};
use serde_json::Value;

/// An answer that is no success. Of its text only the error's type and reason are kept: nothing of a document.
pub(super) fn refused(operation: &'static str, status: u16, body: &[u8]) -> PortError {
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = told["error"]["type"].as_str().unwrap_or_default();
    // The service in front of the cluster answers `{"message": …}`, the cluster itself `{"error": {"type", "reason"}}`.
    let reason = told["error"]["reason"].as_str().or_else(|| told["message"].as_str()).or_else(|| told["Message"].as_str());
    let reason = reason.unwrap_or_default();
    PortError::new(kind(status, error, reason, body.is_empty()), operation).with("status", status).with("error", error).because(reason)
}

fn kind(status: u16, error: &str, reason: &str, silent: bool) -> PortErrorKind {
    match (status, error) {
        (_, "resource_already_exists_exception") => AlreadyExists,
        (_, "index_not_found_exception" | "aliases_not_found_exception") | (404, _) => NotFound,
        (429, _) => RateLimited,
        // Credentials ran out on their way: the next ones are there already. An answer to HEAD does not say what is wrong,
        // and that it is these is told by the next GET or POST.
        (401 | 403, _) if reason.contains("expired") || silent => Unavailable,
        (401 | 403, _) => PermissionDenied,
        (413, _) => InvalidArgument,
        (408 | 500..=599, _) => Unavailable,
        _ => Unexpected,
    }
}

/// No answer, or one that broke off.
pub(super) fn unanswered(operation: &'static str, error: opensearch::Error) -> PortError {
    PortError::new(if error.is_json() { Unexpected } else { Unavailable }, operation).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_the_error_and_the_status_decide() {
        let cases: [(u16, &str, PortErrorKind); 10] = [
            (400, r#"{"error":{"type":"resource_already_exists_exception"}}"#, AlreadyExists),
            (404, r#"{"error":{"type":"index_not_found_exception"}}"#, NotFound),
            (429, r#"{"error":{"type":"rejected_execution_exception"}}"#, RateLimited),
            (403, r#"{"message":"The security token included in the request is expired"}"#, Unavailable),
            (403, r#"{"Message":"User: anonymous is not authorized to perform: es:ESHttpGet"}"#, PermissionDenied),
            (403, "", Unavailable),
            (413, r#"{"Message":"Request size exceeded 10485760 bytes"}"#, InvalidArgument),
            (503, "<html>", Unavailable),
            (500, r#"{"error":{"type":"search_phase_execution_exception"}}"#, Unavailable),
            (400, r#"{"error":{"type":"parsing_exception"}}"#, Unexpected),
        ];
        for (status, body, kind) in cases {
            assert!(refused("search.search", status, body.as_bytes()).is(kind), "{status} {body}");
        }
    }
}
