//! The journey of `scripts/demo`, through the stack.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::{Stack, build, tree};

/// What the administrator chooses instead of the password that works once.
pub const PASSWORD: &str = "Chosen-by-the-administrator-1";

impl Stack {
    /// What a person needs to use the Cognito root, a line each: `scripts/demo.d/aws.sh` reads it.
    ///
    /// # Errors
    /// If the account refuses what belongs to it.
    pub async fn told(&self) -> Result<String> {
        let analyst = self.analyst().await?;
        let client = self.output("sign_in")["client_id"].as_str().context("a client")?.to_owned();
        let lines = [
            ("API", self.api_url().to_owned()),
            ("Objects", self.emulator_url()),
            ("Issuer", self.issuer_address()?),
            ("Client", client),
            ("User", self.administrator().to_owned()),
            ("Password", self.one_time_password().await?),
            ("Key", self.grant_key().await?.to_owned()),
            ("Reader", format!("{} {}", analyst.access_key_id, analyst.secret_access_key)),
            ("Folder", self.folder().display().to_string()),
            ("Ready", String::new()),
        ];
        Ok(lines.iter().map(|(name, value)| format!("{name:<9}{value}\n")).collect())
    }

    /// Goes the whole way: signs in by the hosted page, pushes real files, searches, checks out in three formats, pulls,
    /// compares, revokes; answers with what was printed. The command line stays signed in, in the folder `journey`.
    ///
    /// # Errors
    /// If a step fails, with what was printed.
    pub async fn journey(&self) -> Result<String> {
        let work = self.folder().join("journey");
        std::fs::create_dir_all(&work)?;
        std::fs::write(work.join("stack.out"), self.told().await?)?;
        let mut command = Command::new(tree().join("scripts/demo.d/journey"));
        command.arg(&work).arg(build::programs()?).arg(self.administrator()).arg(PASSWORD).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await?.context("install bash, npm, curl and Python 3")?;
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "the journey failed:\n{said}");
        Ok(said)
    }

    /// The command line as the journey left it: signed in as the administrator.
    ///
    /// # Errors
    /// If it is not built.
    pub fn command_line(&self) -> Result<Command> {
        let mut command = Command::new(build::program("datalake")?);
        command.env("DATALAKE_CONFIG_DIR", self.folder().join("journey/config")).env("DATALAKE_ENDPOINT", self.api_url());
        command.env("DATALAKE_ISSUER", self.issuer_address()?).stdin(Stdio::null());
        command.env("DATALAKE_CLIENT_ID", self.output("sign_in")["client_id"].as_str().context("a client")?);
        Ok(command)
    }
}
