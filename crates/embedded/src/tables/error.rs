//! SQLite's failures by kind.

use domain::{PortError, PortErrorKind};
use rusqlite::ErrorCode;

/// A failure below the port, before it is known which operation it ends.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Of the database.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A stored row is not JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The port's own answer.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl Failure {
    /// What the port reports, by `operation`.
    pub(super) fn into_port(self, operation: &'static str) -> PortError {
        match self {
            Self::Port(error) => error,
            Self::Sqlite(error) => PortError::new(kind_of(&error), operation).because(error),
            Self::Json(error) => PortError::new(PortErrorKind::Unexpected, operation).because(error),
        }
    }
}

/// The kind of a failure of SQLite: what a free disk, a lock let go or another try can heal is `Unavailable`.
pub(super) fn kind_of(error: &rusqlite::Error) -> PortErrorKind {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted,
        ) => PortErrorKind::Unavailable,
        Some(ErrorCode::PermissionDenied) => PortErrorKind::PermissionDenied,
        Some(ErrorCode::TooBig) => PortErrorKind::InvalidArgument,
        _ => PortErrorKind::Unexpected,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn failures_that_pass_are_unavailable_and_broken_files_are_not() {
        let kind = |code| kind_of(&rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_LOCKED, ffi::SQLITE_FULL, ffi::SQLITE_IOERR, ffi::SQLITE_READONLY, ffi::SQLITE_CANTOPEN]
        {
            assert_eq!(kind(code), PortErrorKind::Unavailable, "{code}");
        }
        assert_eq!(kind(ffi::SQLITE_PERM), PortErrorKind::PermissionDenied);
        assert_eq!(kind(ffi::SQLITE_CORRUPT), PortErrorKind::Unexpected);
    }
}
