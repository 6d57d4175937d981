//! Building the search index anew: how far it came.

use serde::{Deserialize, Serialize};

use crate::{id::UserId, time::Timestamp};

/// Where a rebuild stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReindexState {
    /// The new index is being filled; the old one answers.
    Running,
    /// The new index answers.
    Done,
    /// It was given up; the old index answers.
    Failed,
}

impl ReindexState {
    /// The state's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// The last rebuild of the search index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reindex {
    /// Where it stands.
    pub state: ReindexState,
    /// Who asked for it; `None` if the data lake itself did, which had lost its index.
    pub started_by: Option<UserId>,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// When it last came further.
    pub updated_at: Timestamp,
    /// Packages that were looked at.
    pub done: u64,
    /// Of so many that there were when it began; `None` while they are counted.
    pub total: Option<u64>,
    /// Packages that could not be written: each is tried again by a job of its own.
    pub failed: u64,
    /// What keeps it from going on, or why it failed.
    pub failure: Option<String>,
}
