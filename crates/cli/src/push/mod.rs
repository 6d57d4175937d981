//! Pushing local files into a package.
//!
//! Four stages run at once, joined by short queues: hash, register, upload, complete. Each takes what is ready, so
//! batches grow with what waits; memory holds names and hashes, never contents.

pub(crate) mod descriptor;
mod input;
mod media_type;
mod names;
mod parts;
mod pipeline;
mod plan;
mod upload;
mod walk;

use serde::Serialize;

pub(crate) use self::{
    input::Input,
    names::composed,
    pipeline::Push,
    walk::{LocalFile, file, walk},
};
use crate::failure::{Failure, FailureKind, Outcome};

/// What became of a push.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PushReport {
    /// The package.
    pub(crate) package_id: String,
    /// Files whose completion was acknowledged now.
    pub(crate) sent: usize,
    /// Files that were there already.
    pub(crate) unchanged: usize,
    /// Bytes of the files sent.
    pub(crate) bytes: u64,
    /// What failed.
    pub(crate) failed: Vec<FileFailure>,
}

/// Why a file was not pushed.
#[derive(Debug, Serialize)]
pub(crate) struct FileFailure {
    /// Its path in the package.
    pub(crate) name: String,
    /// Why, for people.
    pub(crate) reason: String,
    #[serde(skip)]
    pub(crate) kind: FailureKind,
}

impl FileFailure {
    pub(crate) fn new(name: &str, failure: &Failure) -> Self {
        Self { name: name.to_owned(), reason: failure.to_string(), kind: failure.kind() }
    }
}

impl PushReport {
    /// The exit code's view of it.
    pub(crate) fn outcome(&self) -> Outcome {
        match self.failed.first() {
            Some(first) => Err(Failure::of_transfer(self.failed.len(), self.sent + self.unchanged, first.kind)),
            None => Ok(()),
        }
    }
}
