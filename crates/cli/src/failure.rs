//! Why a command failed, and what the shell is told.

use std::{fmt, io::Write as _, process::ExitCode};

use client::Error;

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: FailureKind,
    message: String,
    request_id: Option<String>,
}

/// What the shell is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    Denied = 4,
    Partial = 5,
}

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(kind: FailureKind, message: impl fmt::Display) -> Self {
        Self { kind, message: message.to_string(), request_id: None }
    }

    pub(crate) fn failed(message: impl fmt::Display) -> Self {
        Self::new(FailureKind::Failed, message)
    }

    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(FailureKind::Usage, message)
    }

    pub(crate) fn file(context: impl fmt::Display, error: &std::io::Error) -> Self {
        Self::failed(format!("{context}: {error}"))
    }

    pub(crate) fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The failure of a transfer of which `failed` files did not arrive and `arrived` did, for the given first reason.
    pub(crate) fn of_transfer(failed: usize, arrived: usize, first: FailureKind) -> Self {
        let kind = if arrived > 0 { FailureKind::Partial } else { first };
        Self::new(kind, format!("{failed} of {} files failed", failed + arrived))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }

    pub(crate) fn report(&self) {
        let mut error = std::io::stderr().lock();
        // Nobody can be told when stderr is gone.
        let _ = writeln!(error, "datalake: {self}");
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.request_id {
            Some(id) if !id.is_empty() => write!(f, " (request {id})"),
            _ => Ok(()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = match (&error, error.status().map(|status| status.as_u16())) {
            (Error::SignIn(_), _) | (_, Some(401 | 403)) => FailureKind::Denied,
            (_, Some(404)) => FailureKind::NotFound,
            (Error::Input(_), _) => FailureKind::Usage,
            _ => FailureKind::Failed,
        };
        // A foreign answer names its request in its own words already.
        let request_id = if matches!(error, Error::Problem { .. }) { error.request_id().map(str::to_owned) } else { None };
        Self { kind, message: error.to_string(), request_id }
    }
}

#[cfg(test)]
mod tests {
    use contract::Problem;

    use super::*;

    fn problem(status: u16) -> Failure {
        let problem = Problem {
            kind: "about:blank".to_owned(),
            title: "Refused".to_owned(),
            status,
            detail: "It is not so.".to_owned(),
            code: "refused".to_owned(),
            request_id: "req-1".to_owned(),
            errors: Vec::new(),
        };
        Error::Problem { problem: Box::new(problem), retry_after: None }.into()
    }

    #[test]
    fn statuses_become_exit_codes() {
        let kinds = [401, 403, 404, 409, 422, 500].map(|status| problem(status).kind());
        use FailureKind::{Denied, Failed, NotFound};
        assert_eq!(kinds, [Denied, Denied, NotFound, Failed, Failed, Failed]);
    }

    #[test]
    fn the_request_id_is_told() {
        assert_eq!(problem(409).to_string(), "It is not so. (request req-1)");
    }

    #[test]
    fn a_transfer_that_brought_something_is_partial() {
        assert_eq!(Failure::of_transfer(1, 3, FailureKind::Denied).kind(), FailureKind::Partial);
        assert_eq!(Failure::of_transfer(1, 0, FailureKind::Denied).kind(), FailureKind::Denied);
    }
}
