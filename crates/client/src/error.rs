//! What can go wrong.

use std::time::Duration;

use contract::{Problem, problem::ProblemField};
use reqwest::StatusCode;

/// The result of a call.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call failed. No variant holds a secret or a signed URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The API said what is wrong.
    #[error("{}", describe(.problem))]
    Problem {
        /// What it said.
        problem: Box<Problem>,
        /// When another attempt is welcome.
        retry_after: Option<Duration>,
    },
    /// Something else than the API answered, such as a proxy.
    #[error("{operation}: unexpected answer {status}{}", .request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default())]
    Answer {
        /// What was called.
        operation: &'static str,
        /// The status.
        status: StatusCode,
        /// The request's id, if there was one.
        request_id: Option<String>,
        /// When another attempt is welcome.
        retry_after: Option<Duration>,
    },
    /// The object store refused a signed request.
    #[error("the object store refused {operation}: {status} {code}")]
    Store {
        /// What was tried.
        operation: &'static str,
        /// The status.
        status: StatusCode,
        /// The store's code (`AccessDenied`), if it gave one.
        code: String,
    },
    /// There was no answer, or only a piece of one.
    #[error("{operation}: no answer: {}", innermost(.source))]
    Transport {
        /// What was called.
        operation: &'static str,
        /// Why; its URL was taken away.
        source: reqwest::Error,
    },
    /// The answer is not what the contract says.
    #[error("{operation}: the answer is not understood: {source}")]
    Decode {
        /// What was called.
        operation: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// The request could not be made from what was given.
    #[error("{0}")]
    Input(String),
    /// There are no usable credentials.
    #[error("{0}")]
    SignIn(String),
    /// Signing failed.
    #[error("the request could not be signed: {0}")]
    Signing(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Reading or writing a file failed.
    #[error("{context}: {source}")]
    File {
        /// What was tried.
        context: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl Error {
    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Problem { problem, .. } => StatusCode::from_u16(problem.status).ok(),
            Self::Answer { status, .. } | Self::Store { status, .. } => Some(*status),
            Self::Transport { source, .. } => source.status(),
            _ => None,
        }
    }

    /// The stable code of the API's error.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Problem { problem, .. } => Some(&problem.code),
            _ => None,
        }
    }

    /// The request's id, by which the service's log can be searched.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Problem { problem, .. } => Some(&problem.request_id),
            Self::Answer { request_id, .. } => request_id.as_deref(),
            _ => None,
        }
    }

    /// When the service welcomes another attempt, if it said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Problem { retry_after, .. } | Self::Answer { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the request was certainly not carried out, so that even what must happen once may be sent again.
    #[must_use]
    pub fn was_not_carried_out(&self) -> bool {
        match self {
            Self::Transport { source, .. } => source.is_connect(),
            _ => self.status().is_some_and(|status| matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)),
        }
    }

    /// Whether the same request may succeed a moment later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transport { source, .. } => !source.is_builder(),
            _ => self.status().is_some_and(|status| matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)),
        }
    }

    pub(crate) fn transport(operation: &'static str, source: reqwest::Error) -> Self {
        Self::Transport { operation, source: source.without_url() }
    }
}

fn describe(problem: &Problem) -> String {
    let mut text = if problem.detail.is_empty() { problem.title.clone() } else { problem.detail.clone() };
    for field in unsaid(&problem.detail, &problem.errors) {
        text.push_str(&format!("\n  {}: {}", field.pointer, field.detail));
    }
    text
}

/// The fields that `detail` does not speak of yet: the service's detail on a single field already holds all of it.
pub fn unsaid<'a>(detail: &'a str, fields: &'a [ProblemField]) -> impl Iterator<Item = &'a ProblemField> {
    fields.iter().filter(move |field| !(detail.contains(&field.pointer) && detail.contains(&field.detail)))
}

/// What people can use of a chain of transport errors: its end ("Connection refused").
fn innermost(error: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(detail: &str, errors: &[(&str, &str)]) -> String {
        let field = |(pointer, detail): &(&str, &str)| ProblemField { pointer: (*pointer).to_owned(), detail: (*detail).to_owned() };
        describe(&Problem {
            kind: "about:blank".to_owned(),
            title: "Refused".to_owned(),
            status: 422,
            detail: detail.to_owned(),
            code: "invalid".to_owned(),
            request_id: "req-1".to_owned(),
            errors: errors.iter().map(field).collect(),
        })
    }

    #[test]
    fn what_the_detail_says_of_a_field_is_not_said_again() {
        assert_eq!(described("/name is empty.", &[("/name", "is empty")]), "/name is empty.");
        assert_eq!(described("The request is empty.", &[("", "is empty")]), "The request is empty.");
    }

    #[test]
    fn fields_of_which_the_detail_does_not_speak_follow_it() {
        let fields = [("/name", "is empty"), ("/size", "is too large")];
        assert_eq!(described("2 fields are wrong.", &fields), "2 fields are wrong.\n  /name: is empty\n  /size: is too large");
        assert_eq!(described("/name is empty.", &fields), "/name is empty.\n  /size: is too large");
    }
}
