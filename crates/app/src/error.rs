//! Errors of use cases: a public half for the caller, a private one for the log.

use std::{borrow::Cow, error::Error, fmt};

use domain::{FieldError, PortError, PortErrorKind, access::Denial};

/// What kind of failure this is; `web::problem` alone turns it into a status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request can't be understood.
    Malformed,
    /// Nobody, or nobody we know, is asking.
    Unauthenticated,
    /// The caller is known, but may not.
    Forbidden,
    /// It is not there, or not for the caller's eyes.
    NotFound,
    /// It clashes with what is there.
    Conflict,
    /// The caller's version is out of date.
    Stale,
    /// The caller must say which version it means.
    PreconditionRequired,
    /// A rule is broken.
    RuleBroken,
    /// Too many requests.
    TooMany,
    /// A backend is away for a moment.
    Unavailable,
    /// A defect.
    Internal,
}

/// At most so many parts of a body are told of: the answer to a bad one must not be larger than it is.
const FIELDS: usize = 200;

/// What a use case returns.
pub type AppResult<T> = Result<T, AppError>;

/// A failure with a stable code and a sentence for people; the source is for the log only.
#[derive(Debug)]
pub struct AppError {
    kind: ErrorKind,
    code: Cow<'static, str>,
    message: String,
    fields: Vec<FieldError>,
    /// Boxed: errors travel through every call.
    source: Option<Box<PortError>>,
}

impl AppError {
    /// An error of `kind` with a stable `code` and a sentence for people.
    pub fn new(kind: ErrorKind, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { kind, code: code.into(), message: message.into(), fields: Vec::new(), source: None }
    }

    /// Parts of the body that break rules.
    #[must_use]
    pub fn invalid(mut fields: Vec<FieldError>) -> Self {
        let message = match fields.as_slice() {
            [one] if one.pointer.is_empty() => format!("The request {}.", one.detail),
            [one] => format!("{} {}.", one.pointer, one.detail),
            many if many.len() > FIELDS => format!("{} parts of the request break a rule; the first {FIELDS} are listed.", many.len()),
            many => format!("{} parts of the request break a rule.", many.len()),
        };
        fields.truncate(FIELDS);
        Self { kind: ErrorKind::RuleBroken, code: Cow::Borrowed("invalid"), message, fields, source: None }
    }

    /// A query parameter that can't be understood.
    #[must_use]
    pub fn bad_parameter(name: &str, why: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Malformed, "bad_parameter", format!("The parameter {name} {why}."))
    }

    /// What was asked for is not there, or not visible: the two answers are the same.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorKind::NotFound, "not_found", format!("There is no such {what}, or it is not visible to you."))
    }

    /// The `If-Match` header names a version that is no longer current.
    #[must_use]
    pub fn stale() -> Self {
        Self::new(ErrorKind::Stale, "stale", "It was changed meanwhile. Read it again and repeat the change with its new ETag.")
    }

    /// A change that must name the version it means.
    #[must_use]
    pub fn if_match_required() -> Self {
        Self::new(ErrorKind::PreconditionRequired, "if_match_required", "Send If-Match with the ETag of the version that you read.")
    }

    /// Too many writers at the same moment.
    #[must_use]
    pub fn busy() -> Self {
        Self::new(ErrorKind::Unavailable, "busy", "Too many changes at the same moment. Try again shortly.")
    }

    /// A refusal by the access policy.
    #[must_use]
    pub fn denied(denial: Denial, what: &str) -> Self {
        if denial.hides_existence() {
            Self::not_found(what)
        } else {
            let reason = denial.reason();
            Self::new(ErrorKind::Forbidden, "forbidden", format!("Not allowed: {reason}."))
        }
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The sentence for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Parts of the body that break rules.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }
}

impl From<PortError> for AppError {
    fn from(source: PortError) -> Self {
        let (kind, code, message) = match source.kind() {
            PortErrorKind::RateLimited => (ErrorKind::TooMany, "slow_down", "The data lake is busy. Try again a little later."),
            PortErrorKind::Unavailable => {
                (ErrorKind::Unavailable, "unavailable", "A part of the data lake does not answer. Try again shortly.")
            }
            _ => (ErrorKind::Internal, "internal", "Something went wrong inside the data lake. It is logged under the request id."),
        };
        Self { kind, code: Cow::Borrowed(code), message: message.to_owned(), fields: Vec::new(), source: Some(Box::new(source)) }
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl Error for AppError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_every_part_of_a_hopeless_body_is_listed() {
        let bad = |count: usize| vec![FieldError { pointer: "/tags/a".to_owned(), detail: "is empty".to_owned() }; count];
        assert_eq!(AppError::invalid(bad(FIELDS)).fields().len(), FIELDS);
        let error = AppError::invalid(bad(400_000));
        assert_eq!(error.fields().len(), FIELDS);
        assert_eq!(error.message(), "400000 parts of the request break a rule; the first 200 are listed.");
    }
}
