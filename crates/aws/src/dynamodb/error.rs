//! DynamoDB's failures by kind.

use std::error::Error;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::CancellationReason,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use domain::{PortError, PortErrorKind};

use crate::failure;

/// A request that can't even be built: a defect of this adapter.
pub(super) fn unbuildable(error: impl Error + Send + Sync + 'static, operation: &'static str) -> PortError {
    PortError::new(PortErrorKind::Unexpected, operation).because(error)
}

/// What the port reports of a failed call.
pub(super) fn failed<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>, operation: &'static str) -> PortError {
    failure::failed(error, operation, kind_of)
}

fn kind_of(code: &str, status: u16) -> PortErrorKind {
    match code {
        // A table that isn't there is a defect of the deployment, not an answer.
        "ResourceNotFoundException" => PortErrorKind::Unexpected,
        "ItemCollectionSizeLimitExceededException" => PortErrorKind::InvalidArgument,
        _ => failure::kind_of(code, status),
    }
}

/// What the port reports of a failed transaction.
pub(super) fn cancelled(error: &SdkError<TransactWriteItemsError, HttpResponse>, operation: &'static str) -> PortError {
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
    fn a_missing_table_is_a_defect() {
        assert_eq!(kind_of("ResourceNotFoundException", 400), PortErrorKind::Unexpected);
        assert_eq!(kind_of("ThrottlingException", 400), PortErrorKind::RateLimited);
    }
}
