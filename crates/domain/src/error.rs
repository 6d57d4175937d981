//! Errors of ports and of values that people enter.

use std::{error::Error, fmt};

/// What kind of failure a port reports. Callers decide by kind, never by text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PortErrorKind {
    /// What was asked for is not there.
    NotFound,
    /// What was to be made is there already.
    AlreadyExists,
    /// A condition of a write did not hold; nothing was written.
    PreconditionFailed,
    /// The request breaks a rule of the port (a limit, a malformed key …): a defect of the caller.
    InvalidArgument,
    /// The backend refused the product itself.
    PermissionDenied,
    /// The backend asks to slow down.
    RateLimited,
    /// The backend did not answer, or not in time; whether a write happened is unknown.
    Unavailable,
    /// This backend can't do that.
    Unsupported,
    /// Anything else: broken data, a protocol violation, a defect.
    Unexpected,
}

/// A failure at a port: kind, operation, context, source and whether a retry can help.
///
/// `Display` never prints the source: texts of backends are for logs, not for people.
#[derive(Debug)]
pub struct PortError {
    kind: PortErrorKind,
    operation: &'static str,
    context: Vec<(&'static str, String)>,
    conditions: Vec<usize>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What a port's method returns.
pub type PortResult<T> = Result<T, PortError>;

impl PortError {
    /// An error of `kind` in `operation` (`"tables.transact"`).
    #[must_use]
    pub fn new(kind: PortErrorKind, operation: &'static str) -> Self {
        Self { kind, operation, context: Vec::new(), conditions: Vec::new(), source: None }
    }

    /// Adds a fact for the log; never a secret.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.context.push((name, value.to_string()));
        self
    }

    /// Adds the backend's own error.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Says which writes of a transaction failed their condition, by position.
    #[must_use]
    pub fn failed_conditions(mut self, positions: Vec<usize>) -> Self {
        self.conditions = positions;
        self
    }

    /// The kind, by which callers decide.
    #[must_use]
    pub fn kind(&self) -> PortErrorKind {
        self.kind
    }

    /// The operation that failed.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The facts for the log.
    #[must_use]
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.context
    }

    /// Positions of the writes whose condition failed (with [`PortErrorKind::PreconditionFailed`] of a transaction).
    #[must_use]
    pub fn conditions(&self) -> &[usize] {
        &self.conditions
    }

    /// Whether the same call may succeed a little later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self.kind, PortErrorKind::RateLimited | PortErrorKind::Unavailable)
    }

    /// Whether this is of `kind`.
    #[must_use]
    pub fn is(&self, kind: PortErrorKind) -> bool {
        self.kind == kind
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: {:?}", self.operation, self.kind)?;
        for (name, value) in &self.context {
            write!(f, ", {name}={value}")?;
        }
        Ok(())
    }
}

impl Error for PortError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// Why a value that a person entered can't be taken: a sentence without subject (`"is empty"`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(String);

impl Invalid {
    /// From a sentence without subject.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// Says where in the request's body the value stood, as a JSON pointer (`/tags/0/value`).
    #[must_use]
    pub fn at(self, pointer: impl Into<String>) -> FieldError {
        FieldError { pointer: pointer.into(), detail: self.0 }
    }
}

/// What is wrong with one part of a request's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer into the body; empty for the whole.
    pub pointer: String,
    /// What is wrong with it, for people.
    pub detail: String,
}
