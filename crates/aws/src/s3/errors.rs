//! Errors of the SDK by the port's kinds.

use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use domain::{PortError, PortErrorKind};

use crate::failure;

/// An error of `operation`.
pub(super) fn port_error<E>(operation: &'static str) -> impl Fn(SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    move |error| failure::failed(&error, operation, kind_of)
}

/// S3 uses the statuses of HTTP: what else is 4xx is a defect of the caller. But completing an upload answers 200 at once
/// and tells afterwards how it went (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>).
fn kind_of(code: &str, status: u16) -> PortErrorKind {
    match (code, status) {
        // An answer to HEAD has no code. What the adapter asks is well formed, so it is credentials that ran out
        // (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>).
        ("", 400) => return PortErrorKind::Unavailable,
        ("KMS.ThrottlingException", _) => return PortErrorKind::RateLimited,
        ("NoSuchUpload", 200) => return PortErrorKind::NotFound,
        ("InvalidPart" | "InvalidPartOrder" | "EntityTooSmall" | "EntityTooLarge" | "BadDigest", 200) => {
            return PortErrorKind::InvalidArgument;
        }
        _ => {}
    }
    match failure::kind_of(code, status) {
        PortErrorKind::Unexpected if (400..500).contains(&status) => PortErrorKind::InvalidArgument,
        kind => kind,
    }
}

#[cfg(test)]
mod tests {
    use PortErrorKind::{InvalidArgument, NotFound, RateLimited, Unavailable, Unexpected};

    use super::*;

    #[test]
    fn the_code_decides_before_the_status() {
        assert_eq!(kind_of("NoSuchKey", 404), NotFound);
        assert_eq!(kind_of("SlowDown", 503), RateLimited);
        assert_eq!(kind_of("BadDigest", 400), InvalidArgument);
        assert_eq!(kind_of("InvalidRange", 416), InvalidArgument);
        assert_eq!(kind_of("", 400), Unavailable);
        assert_eq!(kind_of("", 412), PortErrorKind::PreconditionFailed);
        assert_eq!(kind_of("ConditionalRequestConflict", 409), Unavailable);
        assert_eq!(kind_of("KMS.ThrottlingException", 400), RateLimited);
    }

    #[test]
    fn an_error_behind_a_status_of_success_is_told_by_its_code() {
        assert_eq!(kind_of("InternalError", 200), Unavailable);
        assert_eq!(kind_of("InvalidPart", 200), InvalidArgument);
        assert_eq!(kind_of("NoSuchUpload", 200), NotFound);
        assert_eq!(kind_of("SomethingNew", 200), Unexpected);
    }
}
