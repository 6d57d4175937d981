//! The server's process.

use std::{
    fs::OpenOptions,
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout},
};

use crate::{Lake, PATIENCE, wait_until};

/// A server that ends when this is dropped.
pub(crate) struct Running {
    child: Child,
    // Kept open: a server must not die of a closed pipe.
    _said: Lines<BufReader<ChildStdout>>,
}

/// A program that was built beside this one, a test or not.
///
/// # Errors
/// If it is not there, with what to do.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe()?;
    let beside = this.parent().context("a program lies in a folder")?;
    // Tests lie one folder deeper than programs.
    let folder = if beside.ends_with("deps") { beside.parent().unwrap_or(beside) } else { beside };
    let path = folder.join(name).with_extension(std::env::consts::EXE_EXTENSION);
    ensure!(path.exists(), "{} is not there: run `cargo build --workspace` first", path.display());
    Ok(path)
}

/// A port that nobody listens on, outside of those that systems hand out by themselves: it must still be free when the
/// server comes back to it.
fn own_port() -> anyhow::Result<u16> {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(97);
    let free = (0..COUNT).find_map(|_| {
        let offset = begin.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = u16::try_from(FIRST + offset).ok()?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok().then_some(port)
    });
    free.context("no port is free")
}

impl Lake {
    /// `datalake-server` with this lake's data folder.
    fn server_command(&self) -> anyhow::Result<Command> {
        let server = program("datalake-server")?;
        let mut command = match self.launcher.split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(server);
                command
            }
            None => Command::new(server),
        };
        command.arg("--data-dir").arg(self.data_folder()).args(["--log-level", &self.log_level]);
        let log = OpenOptions::new().create(true).append(true).open(self.log_file())?;
        command.stdin(Stdio::null()).stderr(log);
        self.move_clock(&mut command);
        Ok(command)
    }

    /// Runs a command of `datalake-server` to its end, while the server does not run; answers with what it printed.
    ///
    /// # Errors
    /// If it fails.
    pub fn administer(&self, arguments: &[&str]) -> anyhow::Result<String> {
        ensure!(self.server.is_none(), "the server has its data folder for itself: stop it first");
        let output = self.server_command()?.args(arguments).output()?;
        ensure!(output.status.success(), "datalake-server {arguments:?} failed: {}", self.last_words());
        Ok(String::from_utf8(output.stdout)?)
    }

    /// What `datalake-server check` finds, while the server does not run.
    ///
    /// # Errors
    /// If it can't look.
    pub fn findings(&self) -> anyhow::Result<Vec<Value>> {
        ensure!(self.server.is_none(), "the server has its data folder for itself: stop it first");
        let output = self.server_command()?.args(["check", "--output", "json"]).output()?;
        let report: Value = serde_json::from_slice(&output.stdout).with_context(|| format!("no report: {}", self.last_words()))?;
        Ok(report["findings"].as_array().context("findings")?.clone())
    }

    /// Puts these words before the server's own whenever it starts from now on: a program that takes something from it, and
    /// then becomes it.
    pub fn set_launcher(&mut self, words: &[&str]) {
        self.launcher = words.iter().map(|word| (*word).to_owned()).collect();
    }

    /// Gives the server more flags whenever it starts from now on.
    pub fn set_arguments(&mut self, arguments: &[&str]) {
        self.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    }

    /// Starts the server, on the same ports as before, and waits until it answers.
    ///
    /// # Errors
    /// If it does not.
    pub async fn serve(&mut self) -> anyhow::Result<()> {
        ensure!(self.server.is_none(), "the server runs already");
        let listen = |url: &str| match url.strip_prefix("http://") {
            Some(address) => anyhow::Ok(address.to_owned()),
            None => Ok(format!("127.0.0.1:{}", own_port()?)),
        };
        let (api, objects) = (listen(&self.api)?, listen(&self.objects)?);
        let mut command = tokio::process::Command::from(self.server_command()?);
        command.args(["serve", "--api-listen", &api, "--objects-listen", &objects]);
        command.args(&self.arguments);
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut said = BufReader::new(child.stdout.take().context("its output")?).lines();
        let greeting = async {
            let mut urls = Vec::new();
            for name in ["API", "Objects"] {
                let line = said.next_line().await?.with_context(|| format!("the server ended: {}", self.last_words()))?;
                urls.push(line.strip_prefix(name).with_context(|| line.clone())?.trim().to_owned());
            }
            anyhow::Ok(urls)
        };
        let urls = tokio::time::timeout(PATIENCE, greeting).await.context("the server says nothing")??;
        let [api, objects] = <[String; 2]>::try_from(urls).ok().context("two addresses")?;
        (self.api, self.objects) = (api, objects);
        let health = format!("{}/healthz", self.api);
        wait_until("the server answers", async || {
            Ok(self.http.get(&health).send().await.is_ok_and(|answer| answer.status().is_success()).then_some(()))
        })
        .await?;
        self.server = Some(Running { child, _said: said });
        Ok(())
    }

    /// Whether a server runs that this lake started and has not ended.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.server.is_some()
    }

    /// The process id of the running server.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.server.as_ref()?.child.id()
    }

    /// Kills the server where it stands (SIGKILL), and waits until it is gone.
    ///
    /// # Errors
    /// If it does not run.
    pub async fn kill_9(&mut self) -> anyhow::Result<()> {
        // On Unix this is SIGKILL.
        Ok(self.server.take().context("a running server")?.child.kill().await?)
    }

    /// Asks the server to end (SIGTERM) and waits until it has, without a failure.
    ///
    /// # Errors
    /// If it does not run, does not end, or fails.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let mut running = self.server.take().context("a running server")?;
        let id = running.child.id().context("a process id")?;
        let told = Command::new("kill").args(["-TERM", &id.to_string()]).status()?;
        ensure!(told.success(), "the server can't be told to end");
        let status = tokio::time::timeout(PATIENCE, running.child.wait()).await.context("the server does not end")??;
        ensure!(status.success(), "the server ended badly ({status}): {}", self.last_words());
        Ok(())
    }

    /// [`Lake::stop`], then [`Lake::serve`].
    ///
    /// # Errors
    /// Those of both.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.stop().await?;
        self.serve().await
    }

    /// The end of the log.
    fn last_words(&self) -> String {
        let text = std::fs::read(self.log_file()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}
