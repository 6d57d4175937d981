//! `datalake packages push` as a process that is looked at.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use datalake_tests_machine::Lake;
use figures::process::most_resident;
use serde_json::Value;
use tokio::{io::AsyncReadExt as _, process::Command};

use crate::figure::Setting;

/// How often its memory is looked at. The kernel keeps the most that there was: only the last moment can be missed.
const BETWEEN: Duration = Duration::from_millis(5);

/// What a push took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pushed {
    /// From its start to its end.
    pub(crate) time: Duration,
    /// The most bytes that were resident.
    pub(crate) most_resident: u64,
    /// Files that were sent.
    pub(crate) sent: u64,
}

/// Pushes a folder into a package, with so many requests at a time.
pub(crate) async fn push(setting: &Setting, lake: &Lake, folder: &Path, package: &str, parallel: usize) -> Result<Pushed> {
    let prepared = lake.command_line(lake.ann())?;
    let mut command = Command::new(&setting.command_line);
    for (name, value) in prepared.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.args(["packages", "push"]).arg(folder).args(["--package", package, "--parallel", &parallel.to_string()]);
    command.args(["--quiet", "--output", "json"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let began = Instant::now();
    let mut child = command.kill_on_drop(true).spawn()?;
    let id = child.id().context("a process id")?;
    let (mut out, mut err) = (child.stdout.take().context("its output")?, child.stderr.take().context("its errors")?);
    let (mut said, mut complained) = (String::new(), String::new());
    let reading = async { tokio::try_join!(out.read_to_string(&mut said), err.read_to_string(&mut complained)) };
    let mut most = 0;
    let looking = async {
        loop {
            // Gone, or on its way to be.
            most = most_resident(id).unwrap_or(most);
            tokio::time::sleep(BETWEEN).await;
        }
    };
    let status = tokio::select! {
        status = async { reading.await?; child.wait().await } => status?,
        never = looking => never,
    };
    let time = began.elapsed();
    ensure!(status.success(), "datalake packages push: {complained}");
    let report: Value = serde_json::from_str(&said)?;
    let sent = report["sent"].as_u64().context("how many files were sent")?;
    Ok(Pushed { time, most_resident: most, sent })
}
