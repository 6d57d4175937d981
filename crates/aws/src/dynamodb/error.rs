//! DynamoDB's failures by kind.

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::CancellationReason,
};
use aws_smithy_runtime_api::http::Response;
use domain::{PortError, PortErrorKind};

/// A request that can't even be built: a defect of this adapter.
pub(super) fn unbuildable(error: impl std::error::Error + Send + Sync + 'static, operation: &'static str) -> PortError {
    PortError::new(PortErrorKind::Unexpected, operation).because(error)
}

/// What the port reports of a failed call. Of the answer only code and message are kept: never a row.
pub(super) fn failed<E: ProvideErrorMetadata>(error: &SdkError<E, Response>, operation: &'static str) -> PortError {
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    match error {
        SdkError::ServiceError(answer) => {
            let (code, message) = (answer.err().code().unwrap_or_default(), answer.err().message().unwrap_or_default());
            PortError::new(kind_of(code, status), operation).with("code", code).because(message)
        }
        SdkError::TimeoutError(_) => PortError::new(PortErrorKind::Unavailable, operation).because("no answer in time"),
        SdkError::DispatchFailure(failure) => {
            let cause = failure.as_connector_error().map(ToString::to_string).unwrap_or_default();
            PortError::new(PortErrorKind::Unavailable, operation).because(cause)
        }
        SdkError::ResponseError(_) => PortError::new(PortErrorKind::Unavailable, operation).with("status", status),
        _ => PortError::new(PortErrorKind::Unexpected, operation).because("the request could not be built"),
    }
}

fn kind_of(code: &str, status: u16) -> PortErrorKind {
    match code {
        "ConditionalCheckFailedException" => PortErrorKind::PreconditionFailed,
        "ValidationException" | "ItemCollectionSizeLimitExceededException" => PortErrorKind::InvalidArgument,
        "ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded" | "LimitExceededException" => {
            PortErrorKind::RateLimited
        }
        "AccessDeniedException"
        | "UnrecognizedClientException"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignatureException"
        | "InvalidSignatureException"
        | "ExpiredTokenException" => PortErrorKind::PermissionDenied,
        "TransactionConflictException" | "TransactionInProgressException" | "InternalServerError" => PortErrorKind::Unavailable,
        _ if status >= 500 => PortErrorKind::Unavailable,
        _ => PortErrorKind::Unexpected,
    }
}

/// What the port reports of a failed transaction.
pub(super) fn cancelled(error: &SdkError<TransactWriteItemsError, Response>, operation: &'static str) -> PortError {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            by_reasons(cancelled.cancellation_reasons.as_deref().unwrap_or_default(), operation)
        }
        _ => failed(error, operation),
    }
}

/// Decides by the reasons, one for each write. Whoever met another transaction on one row was not judged on that row:
/// such a transaction is tried again before a failed condition is told.
fn by_reasons(reasons: &[CancellationReason], operation: &'static str) -> PortError {
    let positions = |code: &str| -> Vec<usize> {
        reasons.iter().enumerate().filter(|(_, reason)| reason.code() == Some(code)).map(|(position, _)| position).collect()
    };
    let kinds = [
        ("ValidationError", PortErrorKind::InvalidArgument),
        ("ItemCollectionSizeLimitExceeded", PortErrorKind::InvalidArgument),
        ("TransactionConflict", PortErrorKind::Unavailable),
        ("ThrottlingError", PortErrorKind::RateLimited),
        ("ProvisionedThroughputExceeded", PortErrorKind::RateLimited),
    ];
    for (code, kind) in kinds {
        if let Some(position) = positions(code).first() {
            let message = reasons[*position].message().unwrap_or_default();
            return PortError::new(kind, operation).with("code", code).with("position", position).because(message);
        }
    }
    match positions("ConditionalCheckFailed") {
        failed if failed.is_empty() => PortError::new(PortErrorKind::Unexpected, operation).because("cancelled for no known reason"),
        failed => PortError::new(PortErrorKind::PreconditionFailed, operation).failed_conditions(failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(codes: &[&str]) -> Vec<CancellationReason> {
        codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect()
    }

    #[test]
    fn failed_conditions_are_told_by_position() {
        let error = by_reasons(&reasons(&["None", "ConditionalCheckFailed", "None", "ConditionalCheckFailed"]), "tables.transact");
        assert!(error.is(PortErrorKind::PreconditionFailed));
        assert_eq!(error.conditions(), [1, 3]);
    }

    #[test]
    fn a_conflict_hides_failed_conditions_until_it_is_over() {
        let error = by_reasons(&reasons(&["ConditionalCheckFailed", "TransactionConflict"]), "tables.transact");
        assert!(error.is(PortErrorKind::Unavailable));
    }

    #[test]
    fn codes_have_kinds() {
        let cases = [
            ("ThrottlingException", 400, PortErrorKind::RateLimited),
            ("AccessDeniedException", 400, PortErrorKind::PermissionDenied),
            ("ResourceNotFoundException", 400, PortErrorKind::Unexpected),
            ("InternalServerError", 500, PortErrorKind::Unavailable),
            ("", 503, PortErrorKind::Unavailable),
        ];
        for (code, status, kind) in cases {
            assert_eq!(kind_of(code, status), kind, "{code}");
        }
    }
}
