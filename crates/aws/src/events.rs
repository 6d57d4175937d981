//! What AWS hands to functions, decoded; and what it expects back.
//!
//! An error means that an event as a whole is none of the expected shape: the platform then does with it what it does
//! with events that failed. What is wrong with one entry of a batch fails that entry alone.

mod authorizer;
mod changes;
mod jobs;
mod pre_token;
mod schedule;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use authorizer::{AuthorizerRequest, authorizer_answer, authorizer_request};
pub use changes::changes;
pub use jobs::jobs;
pub use pre_token::{TokenClaims, pre_token, pre_token_answer};
pub use schedule::{jobs_or_schedule, schedule};

/// At most so many entries a batch: the port's limit.
const BATCH: usize = 100;

/// An event that can't be read, or whose work failed where there is nothing to come again by itself.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It is none of this kind.
    #[error("the event is not one of {kind}")]
    Shape {
        /// What was expected.
        kind: &'static str,
        /// Why it is not.
        #[source]
        source: serde_json::Error,
    },
    /// Something that AWS always tells is not there.
    #[error("the event of {kind} lacks {what}")]
    Lacks {
        /// The event.
        kind: &'static str,
        /// What is not there.
        what: &'static str,
    },
    /// Scheduled work failed: the scheduler tries again.
    #[error("scheduled work failed")]
    Failed,
}

fn decode<T: DeserializeOwned>(event: Value, kind: &'static str) -> Result<T, EventError> {
    serde_json::from_value(event).map_err(|source| EventError::Shape { kind, source })
}
