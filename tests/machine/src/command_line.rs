//! `datalake`, the command line, as a process.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
};

use anyhow::{Context as _, ensure};
use client::{
    Client,
    credentials::{Credential, Fixed},
};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use url::Url;

use crate::{Browser, Lake, PASSWORD, PATIENCE, Person, program};

/// What the command line reads from its environment; a test says it itself.
const VARIABLES: [&str; 8] = [
    "DATALAKE_ACCESS_KEY_ID",
    "DATALAKE_ACCESS_TOKEN",
    "DATALAKE_ENDPOINT",
    "DATALAKE_OBJECT_ENDPOINT",
    "DATALAKE_OUTPUT",
    "DATALAKE_PROFILE",
    "DATALAKE_REGION",
    "DATALAKE_SECRET_ACCESS_KEY",
];

/// The command line with a configuration folder of its own.
#[derive(Clone, Debug)]
pub struct CommandLine {
    folder: PathBuf,
    configuration: PathBuf,
}

impl CommandLine {
    /// The program, ready to run: its input is empty, and its folder is the lake's.
    ///
    /// # Errors
    /// If it is not built.
    pub fn command(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(program("datalake")?);
        for name in VARIABLES {
            command.env_remove(name);
        }
        command.env("DATALAKE_CONFIG_DIR", &self.configuration).stdin(Stdio::null()).current_dir(&self.folder);
        Ok(command)
    }

    /// Runs it to its end, whatever that is.
    ///
    /// # Errors
    /// If it is not built.
    pub fn try_run(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        Ok(self.command()?.args(arguments).output()?)
    }

    /// Runs it, and answers with what it printed.
    ///
    /// # Errors
    /// If it fails, with what it said.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.try_run(arguments)?;
        ensure!(output.status.success(), "datalake {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs it for JSON.
    ///
    /// # Errors
    /// If it fails.
    pub fn json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let text = self.run(&[arguments, &["--output", "json"]].concat())?;
        serde_json::from_str(&text).with_context(|| format!("JSON of {arguments:?}: {text}"))
    }
}

impl Lake {
    /// The command line as this person by API key, of which it is told by its environment.
    ///
    /// # Errors
    /// If it is not built.
    pub fn command_line(&self, person: &Person) -> anyhow::Result<Command> {
        let mut command = self.command_line_of(&person.email).command()?;
        command.env("DATALAKE_ENDPOINT", self.api()).env("DATALAKE_OBJECT_ENDPOINT", self.objects());
        command.env("DATALAKE_ACCESS_KEY_ID", &person.access_key_id).env("DATALAKE_SECRET_ACCESS_KEY", &person.secret_access_key);
        Ok(command)
    }

    /// The command line as this person has it who configured it, signed in by the browser, and had it make and keep a
    /// new secret of the API key: the [`Person`]'s own secret is worth nothing after that.
    ///
    /// # Errors
    /// If it is not built, or a step fails.
    pub async fn signed_in_command_line(&self, person: &Person) -> anyhow::Result<CommandLine> {
        let datalake = self.command_line_of(&person.email);
        datalake.run(&["configure", "--endpoint", self.api(), "--object-endpoint", self.objects()])?;
        tokio::time::timeout(PATIENCE, self.log_in(&datalake, person)).await.context("the sign-in takes too long")??;
        datalake.run(&["keys", "new-secret", &person.access_key_id, "--keep"])?;
        Ok(datalake)
    }

    /// The command prints an address; a browser goes there and comes back.
    async fn log_in(&self, datalake: &CommandLine, person: &Person) -> anyhow::Result<()> {
        let mut command = tokio::process::Command::from(datalake.command()?);
        let mut login = command.args(["login", "--no-browser"]).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut lines = BufReader::new(login.stderr.take().context("what it says")?).lines();
        let line = lines.next_line().await?.context("an address")?;
        let address: Url = line.strip_prefix("Sign in at: ").with_context(|| line.clone())?.parse()?;
        let callback = address.query_pairs().find(|(name, _)| name == "redirect_uri").context("a callback")?.1;
        let came_back = Browser::new()?.sign_in(address.as_str(), &callback, &person.email, PASSWORD, None).await?;
        self.fetch(came_back.as_str()).await?.expect(200)?;
        let mut said = Vec::new();
        while let Some(line) = lines.next_line().await? {
            said.push(line);
        }
        ensure!(login.wait().await?.success(), "datalake login: {said:?}");
        Ok(())
    }

    fn command_line_of(&self, email: &str) -> CommandLine {
        CommandLine { folder: self.path(""), configuration: self.path("configuration").join(Path::new(email)) }
    }

    /// The typed client with this person's access token, for what no command shows.
    ///
    /// # Errors
    /// If there can't be one.
    pub fn client(&self, person: &Person) -> anyhow::Result<Client> {
        let token = Credential::Bearer(person.signed_in.tokens.access.clone().into());
        Ok(Client::builder(self.api().parse()?).credentials(Arc::new(Fixed(token))).build()?)
    }
}
