//! A server whose clock is ahead: libfaketime, preloaded into its process, moves what it is told of the time.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};

use crate::Lake;

const LIBRARY: &str = "faketime/libfaketime.so.1";
const ADVICE: &str = "install libfaketime (Debian: apt-get install libfaketime)";

impl Lake {
    /// Stops the server and starts it with a clock that is so far ahead of the system's; it stays so.
    ///
    /// # Errors
    /// Those of both, and if libfaketime can't be had.
    pub async fn restart_ahead(&mut self, by: Duration) -> anyhow::Result<()> {
        let library = tokio::task::spawn_blocking(faketime).await??;
        self.stop().await?;
        self.clock = Some((library, by));
        self.serve().await
    }

    /// Moves the clock of the process that `command` starts.
    pub(crate) fn move_clock(&self, command: &mut Command) {
        let Some((library, by)) = &self.clock else { return };
        command.env("LD_PRELOAD", library).env("FAKETIME", format!("+{}s", by.as_secs()));
        // Timers measure how long something takes: they need no other time.
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
}

/// The library: the system's, or the distribution's package unpacked into the cache.
fn faketime() -> anyhow::Result<PathBuf> {
    if let Some(found) = below(Path::new("/usr/lib")) {
        return Ok(found);
    }
    let folder = test_servers::once("libfaketime", |folder| {
        if download(folder).is_err() {
            // The lists of packages may be missing.
            run(Command::new("apt-get").args(["update", "-qq"]))?;
            download(folder)?;
        }
        let package =
            fs::read_dir(folder)?.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "deb"));
        run(Command::new("dpkg").arg("-x").arg(package.context(ADVICE)?).arg(folder))
    })?;
    below(&folder.join("usr/lib")).context(ADVICE)
}

fn download(folder: &Path) -> anyhow::Result<()> {
    run(Command::new("apt-get").args(["download", "-qq", "libfaketime"]).current_dir(folder))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).output().context(ADVICE)?;
    ensure!(output.status.success(), "{ADVICE}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// In this folder, or in one of those for an architecture.
fn below(folder: &Path) -> Option<PathBuf> {
    let folders = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    [folder.to_owned()].into_iter().chain(folders).map(|folder| folder.join(LIBRARY)).find(|path| path.exists())
}
