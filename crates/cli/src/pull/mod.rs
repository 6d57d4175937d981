//! Pulling files into a folder: parallel, each under a temporary name until its hash is right, and resumable.

mod fetch;
pub(crate) mod manifest;
mod source;

use std::path::PathBuf;

use client::{Client, credentials::KeyPair};
use futures::{Stream, StreamExt as _};
use serde::Serialize;
use tokio::sync::Mutex;
use url::Url;

pub(crate) use self::source::Source;
use crate::{
    failure::{Failure, FailureKind, Outcome},
    progress::Progress,
};

/// A file that is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Its path in the package, as the service or a manifest says: not to be trusted.
    pub(crate) name: String,
    /// Its size.
    pub(crate) size: u64,
    /// Its SHA-256 in lower-case hex, if known.
    pub(crate) sha256: Option<String>,
    /// The dataset, which tells this content from another of the same path.
    pub(crate) dataset: String,
    /// Where its bytes are.
    pub(crate) source: Source,
}

/// Where objects named by bucket and key are fetched, and with which key.
#[derive(Clone, Debug)]
pub(crate) struct ObjectStore {
    pub(crate) endpoint: Url,
    pub(crate) region: String,
    pub(crate) key: KeyPair,
}

/// A pull into one folder.
#[derive(Debug)]
pub(crate) struct Pull<'a> {
    pub(crate) client: &'a Client,
    pub(crate) objects: Option<ObjectStore>,
    pub(crate) root: PathBuf,
    pub(crate) parallel: usize,
    pub(crate) progress: Progress,
}

/// What became of a pull.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PullReport {
    /// Files that were fetched.
    pub(crate) fetched: usize,
    /// Files that were there already, with the right hash.
    pub(crate) unchanged: usize,
    /// Fetched files whose hash nobody knows: only their size was compared.
    pub(crate) unverified: usize,
    /// Bytes of the files fetched.
    pub(crate) bytes: u64,
    /// What failed.
    pub(crate) failed: Vec<PullFailure>,
}

/// Why a file was not pulled.
#[derive(Debug, Serialize)]
pub(crate) struct PullFailure {
    /// Its path in the package.
    pub(crate) name: String,
    /// Why, for people.
    pub(crate) reason: String,
    #[serde(skip)]
    pub(crate) kind: FailureKind,
}

/// What became of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pulled {
    Fetched { verified: bool },
    Unchanged,
}

impl Pull<'_> {
    /// Pulls what the stream names; what fails stands in the report. An error of the stream itself ends the pull after
    /// what was named before.
    pub(crate) async fn run(&self, wanted: impl Stream<Item = Outcome<Wanted>>) -> Outcome<PullReport> {
        self.progress.begin("pulling");
        let report = Mutex::new(PullReport::default());
        let broken = Mutex::new(None);
        wanted
            .for_each_concurrent(self.parallel.max(1), |wanted| async {
                match wanted {
                    Ok(wanted) => {
                        self.progress.expect(wanted.size);
                        let result = Box::pin(self.fetch(&wanted)).await;
                        report.lock().await.record(&wanted, result);
                    }
                    Err(failure) => drop(broken.lock().await.get_or_insert(failure)),
                }
            })
            .await;
        match broken.into_inner() {
            Some(failure) => Err(failure),
            None => Ok(report.into_inner()),
        }
    }
}

impl PullReport {
    fn record(&mut self, wanted: &Wanted, result: Outcome<Pulled>) {
        match result {
            Ok(Pulled::Unchanged) => self.unchanged += 1,
            Ok(Pulled::Fetched { verified }) => {
                self.fetched += 1;
                self.unverified += usize::from(!verified);
                self.bytes += wanted.size;
            }
            Err(failure) => {
                self.failed.push(PullFailure { name: wanted.name.clone(), reason: failure.to_string(), kind: failure.kind() });
            }
        }
    }

    /// The other report's numbers as well.
    pub(crate) fn add(&mut self, other: Self) {
        self.fetched += other.fetched;
        self.unchanged += other.unchanged;
        self.unverified += other.unverified;
        self.bytes += other.bytes;
        self.failed.extend(other.failed);
    }

    /// The exit code's view of it.
    pub(crate) fn outcome(&self) -> Outcome {
        match self.failed.first() {
            Some(first) => Err(Failure::of_transfer(self.failed.len(), self.fetched + self.unchanged, first.kind)),
            None => Ok(()),
        }
    }
}
