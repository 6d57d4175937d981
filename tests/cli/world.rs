//! A server in a folder of its own, somebody who signed in, and the command line.
//!
//! Both programs are the built ones: `cargo build --workspace` comes before this suite.

mod browser;

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use client::{
    Client,
    credentials::{Credential, Fixed, KeyPair},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Child;

/// Whatever is waited for comes within this time.
const PATIENCE: Duration = Duration::from_secs(60);
const EMAIL: &str = "ada@lake.example";

/// A data lake with one signed-in administrator.
pub struct Lake {
    folder: TempDir,
    api: u16,
    objects: u16,
    server: Option<Child>,
}

impl Lake {
    /// A fresh one, running, with the command line signed in by an API key.
    ///
    /// # Errors
    /// If a program is not built or does not do its part.
    pub async fn start() -> anyhow::Result<Self> {
        let mut lake = Self { folder: tempfile::tempdir()?, api: free_port()?, objects: free_port()?, server: None };
        let invited = lake.administer(&["init", "--email", EMAIL, "--name", "Ada"])?;
        let password =
            invited.lines().find_map(|line| line.strip_prefix("one-time password")).context("a one-time password")?.trim().to_owned();
        let key = lake.administer(&["grant-key", "--email", EMAIL])?.trim().to_owned();
        lake.serve().await?;
        lake.run(&["configure", "--endpoint", &lake.api_url(), "--object-endpoint", &lake.objects_url()])?;
        lake.sign_in(&password).await?;
        lake.run(&["keys", "new-secret", &key, "--keep"])?;
        Ok(lake)
    }

    /// A folder for a test's files.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The API's address.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.api)
    }

    fn objects_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.objects)
    }

    fn server_command(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(program("datalake-server")?);
        command.arg("--data-dir").arg(self.path("data")).args(["--log-level", "warn"]);
        Ok(command)
    }

    fn administer(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.server_command()?.args(arguments).output()?;
        ensure!(output.status.success(), "datalake-server {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    /// If it does not.
    pub async fn serve(&mut self) -> anyhow::Result<()> {
        let mut command = tokio::process::Command::from(self.server_command()?);
        command.args([
            "serve",
            "--api-listen",
            &format!("127.0.0.1:{}", self.api),
            "--objects-listen",
            &format!("127.0.0.1:{}", self.objects),
        ]);
        let mut server = command.kill_on_drop(true).stdout(Stdio::null()).spawn()?;
        let began = Instant::now();
        let health = format!("{}/healthz", self.api_url());
        while !reqwest::get(&health).await.is_ok_and(|answer| answer.status().is_success()) {
            ensure!(server.try_wait()?.is_none() && began.elapsed() < PATIENCE, "the server does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.server = Some(server);
        Ok(())
    }

    /// Kills the server where it stands.
    ///
    /// # Errors
    /// If it can't be killed.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        // On Unix this is SIGKILL.
        Ok(self.server.take().context("a running server")?.kill().await?)
    }

    /// Signs in as a person does: the command prints an address, a browser goes there and comes back.
    async fn sign_in(&self, one_time_password: &str) -> anyhow::Result<()> {
        use tokio::io::{AsyncBufReadExt as _, BufReader};

        let mut command = tokio::process::Command::from(self.command()?);
        let mut login = command.args(["login", "--no-browser"]).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut lines = BufReader::new(login.stderr.take().context("stderr")?).lines();
        let signing_in = async {
            let line = lines.next_line().await?.context("an address")?;
            let address = line.strip_prefix("Sign in at: ").with_context(|| line.clone())?;
            browser::sign_in(address, EMAIL, one_time_password).await?;
            let mut said = Vec::new();
            while let Some(line) = lines.next_line().await? {
                said.push(line);
            }
            ensure!(login.wait().await?.success(), "datalake login: {said:?}");
            Ok(())
        };
        tokio::time::timeout(PATIENCE, signing_in).await.context("sign-in takes too long")?
    }

    /// The command line with this lake's configuration.
    ///
    /// # Errors
    /// If it is not built.
    pub fn command(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(program("datalake")?);
        let variables =
            ["DATALAKE_ACCESS_KEY_ID", "DATALAKE_SECRET_ACCESS_KEY", "DATALAKE_ACCESS_TOKEN", "DATALAKE_PROFILE", "DATALAKE_OUTPUT"];
        for name in variables {
            command.env_remove(name);
        }
        command.env("DATALAKE_CONFIG_DIR", self.path("config")).stdin(Stdio::null()).current_dir(self.folder.path());
        Ok(command)
    }

    /// Runs the command line to its end.
    ///
    /// # Errors
    /// If it is not built.
    pub fn try_run(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        Ok(self.command()?.args(arguments).output()?)
    }

    /// Runs the command line; it must succeed.
    ///
    /// # Errors
    /// If it does not, with what it said.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.try_run(arguments)?;
        ensure!(output.status.success(), "datalake {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs the command line for JSON.
    ///
    /// # Errors
    /// If it fails.
    pub fn json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let text = self.run(&[arguments, &["--output", "json"]].concat())?;
        serde_json::from_str(&text).with_context(|| format!("JSON of {arguments:?}: {text}"))
    }

    /// A client with the command line's key, for what no command shows.
    ///
    /// # Errors
    /// If nobody signed in.
    pub fn client(&self) -> anyhow::Result<Client> {
        let file = std::fs::read_to_string(self.path("config/credentials.toml"))?;
        let value = |name: &str| -> anyhow::Result<String> {
            let line = file.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='));
            Ok(line.with_context(|| name.to_owned())?.trim().trim_matches(|quote| matches!(quote, '"' | '\'')).to_owned())
        };
        let key = KeyPair { access_key_id: value("access_key_id")?, secret_access_key: value("secret_access_key")?.into() };
        Ok(Client::builder(self.api_url().parse()?).credentials(Arc::new(Fixed(Credential::Key(key)))).build()?)
    }

    /// Writes files below a new folder of the lake's.
    ///
    /// # Errors
    /// If they can't be written.
    pub fn write(&self, folder: &str, files: &[(&str, &[u8])]) -> anyhow::Result<PathBuf> {
        let folder = self.path(folder);
        for (name, content) in files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().context("a parent")?)?;
            std::fs::write(path, content)?;
        }
        Ok(folder)
    }
}

/// A program that was built beside this test.
fn program(name: &str) -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let path =
        test.parent().and_then(Path::parent).context("the target folder")?.join(name).with_extension(std::env::consts::EXE_EXTENSION);
    ensure!(path.exists(), "{} is not built: run `cargo build --workspace` first", path.display());
    Ok(path)
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
