//! `datalake-server` as a process of its own, in a fresh data folder, with people who have signed in and hold API keys.
//!
//! The programs are those that `cargo build --workspace` put beside the tests. A [`Lake`] can be stopped, killed and
//! started again on the same folder and ports; whatever it started ends when it is dropped.
//!
//! ```ignore
//! let mut lake = Lake::start().await?;
//! let ann = lake.ann().clone();
//! let package = lake.create_package(&ann, "Rivers").await?;
//! lake.upload(&ann, &package, "rivers.csv", "text/csv", b"name\nOder\n").await?;
//! lake.kill_9().await?;
//! lake.serve().await?;
//! let answer = lake.get(&ann, &format!("/packages/{package}/datasets")).await?;
//! ```

mod api;
mod browser;
mod clock;
mod command_line;
mod people;
mod process;
mod work;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

pub use api::Answer;
pub use browser::Browser;
pub use command_line::CommandLine;
pub use people::{CALLBACK, CODE_VERIFIER, PASSWORD, Person, SignedIn, Tokens, code_challenge};
pub use process::program;
pub use work::sha256;

/// Whatever is waited for comes within this time.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// A data lake on this machine.
pub struct Lake {
    folder: TempDir,
    log_level: String,
    arguments: Vec<String>,
    /// What stands before the server's command line.
    launcher: Vec<String>,
    api: String,
    objects: String,
    server: Option<process::Running>,
    /// libfaketime, and how far ahead the server's clock is.
    clock: Option<(PathBuf, Duration)>,
    people: Vec<Person>,
    http: reqwest::Client,
}

impl Lake {
    /// A fresh one, running, with one administrator ([`Lake::ann`]) who has signed in and holds an API key.
    ///
    /// # Errors
    /// If a program is not built or does not do its part.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_logging("info").await
    }

    /// The same with another log level or filter (`debug,hyper=info`).
    ///
    /// # Errors
    /// If a program is not built or does not do its part.
    pub async fn start_logging(level: &str) -> anyhow::Result<Self> {
        let mut lake = Self {
            folder: tempfile::tempdir()?,
            log_level: level.to_owned(),
            arguments: Vec::new(),
            launcher: Vec::new(),
            api: String::new(),
            objects: String::new(),
            server: None,
            clock: None,
            people: Vec::new(),
            http: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?,
        };
        let said = lake.administer(&["init", "--email", "ann@example.org", "--name", "Ann"])?;
        let password = said.lines().find_map(|line| line.strip_prefix("one-time password")).context("a one-time password")?;
        lake.welcome_administrator("ann@example.org", password.trim()).await?;
        Ok(lake)
    }

    /// The administrator.
    ///
    /// # Panics
    /// Never once the lake has started.
    #[must_use]
    pub fn ann(&self) -> &Person {
        self.people.first().expect("the lake has started")
    }

    /// The API's address, without a slash at the end.
    #[must_use]
    pub fn api(&self) -> &str {
        &self.api
    }

    /// The object endpoint's address, without a slash at the end.
    #[must_use]
    pub fn objects(&self) -> &str {
        &self.objects
    }

    /// The server's data folder.
    #[must_use]
    pub fn data_folder(&self) -> PathBuf {
        self.path("data")
    }

    /// What the server logs, over all its lives.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.path("server.log")
    }

    /// A place for a test's own files, beside the data folder; nothing is there yet.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file below the test's own folder and tells where it is.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, name: &str, content: &[u8]) -> anyhow::Result<PathBuf> {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
        std::fs::write(&path, content)?;
        Ok(path)
    }
}

/// Asks again and again until there is an answer, for at most [`PATIENCE`].
///
/// # Errors
/// The probe's own, at once; or that what was waited for did not come.
pub async fn wait_until<T>(what: &str, probe: impl AsyncFnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    wait_at_most(PATIENCE, what, probe).await
}

/// The same with another limit.
///
/// # Errors
/// The probe's own, at once; or that what was waited for did not come.
pub async fn wait_at_most<T>(limit: Duration, what: &str, mut probe: impl AsyncFnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let began = Instant::now();
    loop {
        if let Some(found) = probe().await? {
            return Ok(found);
        }
        if began.elapsed() > limit {
            bail!("waited {limit:?} in vain: {what}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
