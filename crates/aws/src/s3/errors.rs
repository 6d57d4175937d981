//! Errors of the SDK by the port's kinds.

use std::{error::Error, fmt::Debug};

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use domain::{
    PortError,
    PortErrorKind::{
        self, InvalidArgument, NotFound, PermissionDenied, PreconditionFailed, RateLimited, Unavailable, Unexpected, Unsupported,
    },
};

/// An error of `operation`. Its source is a text: the SDK's own errors keep whole answers alive.
pub(super) fn port_error<E>(operation: &'static str) -> impl Fn(SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + Error + Debug + Send + Sync + 'static,
{
    move |error| {
        let kind = kind_of(&error);
        let mut told = PortError::new(kind, operation);
        if let Some(code) = error.code() {
            told = told.with("code", code);
        }
        told.because(DisplayErrorContext(&error).to_string())
    }
}

fn kind_of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> PortErrorKind {
    match error {
        SdkError::ConstructionFailure(_) => InvalidArgument,
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => Unavailable,
        SdkError::ServiceError(failure) => by_code(failure.err().code(), failure.raw().status().as_u16()),
        SdkError::ResponseError(failure) => by_code(None, failure.raw().status().as_u16()),
        _ => Unexpected,
    }
}

fn by_code(code: Option<&str>, status: u16) -> PortErrorKind {
    match (code, status) {
        (Some("SlowDown" | "TooManyRequests" | "RequestLimitExceeded" | "Throttling"), _) | (_, 429) => RateLimited,
        // Two conditional writes at once; neither says whether the other one wins, so a retry finds out.
        (Some("ConditionalRequestConflict" | "OperationAborted" | "RequestTimeout" | "IncompleteBody"), _) => Unavailable,
        (Some("ExpiredToken" | "InvalidToken" | "RequestTimeTooSkewed"), _) | (_, 401 | 403) => PermissionDenied,
        (_, 404) => NotFound,
        (_, 412) => PreconditionFailed,
        (_, 405 | 501) => Unsupported,
        (_, 400..=499) => InvalidArgument,
        (_, 500..=599) => Unavailable,
        _ => Unexpected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_decides_before_the_status() {
        assert_eq!(by_code(Some("NoSuchKey"), 404), NotFound);
        assert_eq!(by_code(Some("SlowDown"), 503), RateLimited);
        assert_eq!(by_code(Some("ExpiredToken"), 400), PermissionDenied);
        assert_eq!(by_code(Some("BadDigest"), 400), InvalidArgument);
        assert_eq!(by_code(Some("InvalidRange"), 416), InvalidArgument);
        assert_eq!(by_code(Some("ConditionalRequestConflict"), 409), Unavailable);
        assert_eq!(by_code(None, 412), PreconditionFailed);
        assert_eq!(by_code(Some("NotImplemented"), 501), Unsupported);
        assert_eq!(by_code(None, 500), Unavailable);
    }
}
