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
    /// The folder that was given; no link in it is followed.
    pub(crate) root: PathBuf,
    /// The folder in it that the files go into; empty for itself.
    pub(crate) folder: String,
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

#[cfg(all(test, unix))]
mod tests {
    use futures::stream;

    use super::*;

    /// Pulls one file by a client that reaches nobody; answers why that failed.
    async fn pull(root: PathBuf, folder: &str, name: &str) -> String {
        let client = Client::builder("http://127.0.0.1:9/".parse().expect("a URL")).build().expect("a client");
        let pull = Pull { client: &client, objects: None, root, folder: folder.to_owned(), parallel: 1, progress: Progress::new(false) };
        let source = Source::Url("http://127.0.0.1:9/x".to_owned());
        // Empty, so that nothing but its place decides.
        let wanted = Wanted { name: name.to_owned(), size: 0, sha256: None, dataset: "ds_1".to_owned(), source };
        let report = pull.run(stream::iter([Ok(wanted)])).await.expect("a report");
        report.failed.into_iter().map(|failure| failure.reason).collect()
    }

    #[tokio::test]
    async fn a_link_in_the_given_folder_is_not_followed() {
        let directory = tempfile::tempdir().expect("a folder");
        let (root, outside) = (directory.path().join("root"), directory.path().join("outside"));
        for folder in [&root, &outside, &root.join("Flights"), &outside.join("deep")] {
            std::fs::create_dir_all(folder).expect("made");
        }
        for link in ["link", "Flights/link"] {
            std::os::unix::fs::symlink(&outside, root.join(link)).expect("linked");
        }
        for (folder, name) in [("", "link/x"), ("", "link/deep/x"), ("link", "x"), ("link", "deep/x"), ("Flights", "link/x")] {
            let reason = pull(root.clone(), folder, name).await;
            assert!(reason.contains("is in the way"), "{folder:?} {name:?}: {reason}");
        }
        assert_eq!(std::fs::read_dir(&outside).expect("read").count(), 1, "only the folder of before");
        assert_eq!(std::fs::read_dir(outside.join("deep")).expect("read").count(), 0);
    }

    #[tokio::test]
    async fn the_given_folder_may_be_a_link_itself() {
        let directory = tempfile::tempdir().expect("a folder");
        let (root, elsewhere) = (directory.path().join("root"), directory.path().join("elsewhere"));
        std::fs::create_dir_all(&elsewhere).expect("made");
        std::os::unix::fs::symlink(&elsewhere, &root).expect("linked");
        assert_eq!(pull(root, "Flights", "a/x").await, "");
        assert!(elsewhere.join("Flights/a/x").is_file());
    }
}
