//! What an SDK reports, in the ports' terms: one file decides for all services of AWS.

use std::error::Error;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::{display::DisplayErrorContext, metadata::ProvideErrorMetadata};
use domain::{
    PortError,
    PortErrorKind::{
        self, AlreadyExists, InvalidArgument, NotFound, PermissionDenied, PreconditionFailed, RateLimited, Unavailable, Unexpected,
        Unsupported,
    },
};

/// What the port reports of a failed call; `kind` chooses by the service's code (empty if there is none) and the HTTP
/// status, usually [`kind_of`] with what one service means otherwise.
///
/// Of the answer only code, message and request id are kept: never content, which the SDK's own errors keep alive.
pub(crate) fn failed<E>(
    error: &SdkError<E, HttpResponse>,
    operation: &'static str,
    kind: impl FnOnce(&str, u16) -> PortErrorKind,
) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    let told = match error {
        SdkError::ServiceError(answer) => {
            let (code, message) = (answer.err().code().unwrap_or_default(), answer.err().message().unwrap_or_default());
            let told = PortError::new(kind(code, status), operation).because(message);
            if code.is_empty() { told.with("status", status) } else { told.with("code", code) }
        }
        // Also a request that was answered in parts: whether it was done is unknown.
        SdkError::ResponseError(_) => PortError::new(kind_of_broken(status), operation).with("status", status),
        SdkError::TimeoutError(_) => PortError::new(Unavailable, operation).because("no answer in time"),
        SdkError::DispatchFailure(failure) => {
            let cause = failure.as_connector_error().map(|cause| DisplayErrorContext(cause).to_string());
            PortError::new(Unavailable, operation).because(cause.unwrap_or_default())
        }
        SdkError::ConstructionFailure(_) => PortError::new(InvalidArgument, operation).because(DisplayErrorContext(error).to_string()),
        _ => PortError::new(Unexpected, operation).because("the SDK failed in a way of its own"),
    };
    match request_id(error) {
        Some(id) => told.with("request_id", id),
        None => told,
    }
}

/// By which support finds the call.
fn request_id<E>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    let headers = error.raw_response()?.headers();
    headers.get("x-amzn-requestid").or_else(|| headers.get("x-amz-request-id"))
}

/// An answer that can't be read says nothing but its status.
fn kind_of_broken(status: u16) -> PortErrorKind {
    match kind_of("", status) {
        Unexpected => Unavailable,
        kind => kind,
    }
}

/// What the codes mean that services share. The code decides before the status: JSON services answer 400 to nearly
/// everything.
pub(crate) fn kind_of(code: &str, status: u16) -> PortErrorKind {
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequests"
        | "TooManyRequestsException"
        | "ProvisionedThroughputExceededException"
        | "LimitExceededException"
        | "KmsThrottled"
        | "SlowDown" => RateLimited,
        // Credentials run out on their way: the next ones are there already, another try takes them.
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InternalError"
        | "InternalErrorException"
        | "InternalFailure"
        | "InternalServerError"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "IncompleteBody"
        // Two writes at once; neither says whether the other one wins, so a retry finds out.
        | "ConditionalRequestConflict"
        | "OperationAborted"
        | "OperationAbortedException"
        | "ConcurrentModificationException"
        | "TransactionConflictException"
        | "TransactionInProgressException" => Unavailable,
        "AccessDenied"
        | "AccessDeniedException"
        | "NotAuthorizedException"
        | "KmsAccessDenied"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidToken"
        | "InvalidSignatureException"
        | "IncompleteSignatureException"
        | "MissingAuthenticationTokenException"
        | "RequestTimeTooSkewed" => PermissionDenied,
        "NotFoundException" | "ResourceNotFoundException" | "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue" => NotFound,
        "AlreadyExistsException" | "ResourceAlreadyExistsException" => AlreadyExists,
        "ConditionalCheckFailedException" => PreconditionFailed,
        "ValidationException" | "InvalidParameterException" | "InvalidParameterValue" => InvalidArgument,
        "NotImplemented" | "UnsupportedOperationException" => Unsupported,
        _ => by_status(status),
    }
}

fn by_status(status: u16) -> PortErrorKind {
    match status {
        429 => RateLimited,
        401 | 403 => PermissionDenied,
        404 => NotFound,
        412 => PreconditionFailed,
        405 | 501 => Unsupported,
        500..=599 => Unavailable,
        _ => Unexpected,
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::{client::result::ConnectorError, http::StatusCode};
    use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};

    use super::*;

    fn answer(status: u16) -> HttpResponse {
        let mut response = HttpResponse::new(StatusCode::try_from(status).expect("a status"), SdkBody::empty());
        response.headers_mut().insert("x-amzn-requestid", "request-7");
        response
    }

    #[test]
    fn the_code_decides_before_the_status() {
        let cases = [
            ("ThrottlingException", 400, RateLimited),
            ("SlowDown", 503, RateLimited),
            ("AccessDeniedException", 400, PermissionDenied),
            ("ExpiredTokenException", 400, Unavailable),
            ("ExpiredToken", 403, Unavailable),
            ("ResourceNotFoundException", 400, NotFound),
            ("InternalServerError", 500, Unavailable),
            ("ConditionalRequestConflict", 409, Unavailable),
            ("", 412, PreconditionFailed),
            ("NotImplemented", 501, Unsupported),
            ("NeverHeardOf", 400, Unexpected),
            ("NeverHeardOf", 503, Unavailable),
        ];
        for (code, status, kind) in cases {
            assert_eq!(kind_of(code, status), kind, "{code} {status}");
        }
    }

    #[test]
    fn what_a_service_says_is_told_with_its_code_and_request_id() {
        let metadata = ErrorMetadata::builder().code("ThrottlingException").message("slow down").build();
        let error = failed(&SdkError::service_error(metadata, answer(400)), "jobs.enqueue", kind_of);
        assert!(error.is(RateLimited));
        assert_eq!(error.context(), [("code", "ThrottlingException".to_owned()), ("request_id", "request-7".to_owned())]);
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("slow down"));
    }

    #[test]
    fn whatever_leaves_the_outcome_open_is_unavailable() {
        let errors: [SdkError<ErrorMetadata, HttpResponse>; 3] = [
            SdkError::timeout_error("too late"),
            SdkError::dispatch_failure(ConnectorError::io("reset".into())),
            SdkError::response_error("cut", answer(200)),
        ];
        for error in errors {
            assert!(failed(&error, "jobs.enqueue", kind_of).is(Unavailable), "{error:?}");
        }
    }
}
