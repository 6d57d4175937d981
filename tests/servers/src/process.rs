//! Servers as processes that never outlive the test run.

use std::{
    ffi::OsString,
    fs::File,
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

/// Kills the process group `$1` and removes the folder `$2` as soon as standard input ends. The other end of that pipe is
/// held by the test, and the system closes it however the test ends: no signal handler, nothing to clean up. The whole
/// group, because some servers start workers that would outlive them.
const WATCHER: &str = r#"cat >/dev/null; kill -9 "-$1"; rm -rf "$2""#;

/// Runs a command to its end; `advice` says what to install where it is missing.
pub(crate) fn run(command: &mut Command, advice: &'static str) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().context(advice)?;
    ensure!(output.status.success(), "{advice}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// A server that runs until this is dropped or the test's process ends.
#[derive(Debug)]
pub struct Server {
    process: Child,
    watcher: Child,
    port: u16,
}

impl Server {
    /// Runs `command` (program and arguments), writes what it prints to `log`, and waits until `ready` is true. Its
    /// `TMPDIR` is a folder of its own that goes away with it.
    ///
    /// # Errors
    /// If it can't be started, ends, or isn't ready within `limit`; with the end of the log.
    #[expect(clippy::disallowed_methods, reason = "it waits for a condition, and blocks only the test that asked for the server")]
    pub fn start(command: &[OsString], port: u16, log: &Path, limit: Duration, ready: impl Fn() -> bool) -> Result<Self> {
        let mut server = Self::spawn(command, port, log)?;
        let begin = Instant::now();
        while !ready() {
            if let Some(status) = server.process.try_wait()? {
                bail!("the server ended ({status}): {}", tail(log));
            }
            if begin.elapsed() > limit {
                bail!("the server was not ready within {limit:?}: {}", tail(log));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    /// Both processes lead groups of their own: what a terminal sends to the test reaches neither.
    fn spawn(command: &[OsString], port: u16, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("can't write {}", log.display()))?;
        let [program, arguments @ ..] = command else { bail!("there is no program to start") };
        let scratch = tempfile::Builder::new().prefix("datalake-server-").tempdir()?;
        let mut server = Command::new(program);
        server.args(arguments).env("TMPDIR", scratch.path()).process_group(0);
        let mut process = server.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn().context("can't start the server")?;
        let mut shell = Command::new("sh");
        shell.args(["-c", WATCHER, "sh", &process.id().to_string()]).arg(scratch.path()).process_group(0);
        match shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
            Ok(watcher) => {
                // From here on the watcher removes it.
                let _ = scratch.keep();
                Ok(Self { process, watcher, port })
            }
            Err(error) => {
                process.kill()?;
                Err(error).context("can't start a shell (sh)")
            }
        }
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it answers, on the loopback interface.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        // The watcher ends as soon as everything is killed and removed.
        let _ = self.watcher.wait();
        let _ = self.process.wait();
    }
}

/// A port that nobody listens on right now.
///
/// # Errors
/// If there is none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell that starts a worker, tells both process ids and its folder, and then becomes a long sleep.
    fn sleeper(log: &Path) -> Vec<OsString> {
        let script = format!("sleep 600 & echo $$ $! $TMPDIR > '{}.told'; exec sleep 600", log.display());
        ["sh", "-c", &script].map(OsString::from).to_vec()
    }

    fn alive(pid: &str) -> bool {
        Command::new("kill").args(["-0", pid.trim()]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    #[test]
    fn a_server_ends_with_its_workers_and_its_folder_when_it_is_dropped() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let log = folder.path().join("log");
        let told = || std::fs::read_to_string(folder.path().join("log.told")).unwrap_or_default();
        let server = Server::start(&sleeper(&log), 1, &log, Duration::from_secs(10), || told().ends_with('\n')).expect("started");
        let told = told();
        let [process, worker, scratch] = told.split_whitespace().collect::<Vec<_>>()[..] else { panic!("three words: {told}") };
        assert!(alive(process) && alive(worker) && Path::new(scratch).is_dir());
        drop(server);
        assert!(!alive(process));
        // The worker's parent is gone: whoever adopted it takes note of its end a moment later.
        let begin = Instant::now();
        while alive(worker) {
            assert!(begin.elapsed() < Duration::from_secs(10), "the worker is alive");
            thread::yield_now();
        }
        assert!(!Path::new(scratch).exists());
    }

    #[test]
    fn a_server_that_ends_by_itself_is_told_with_its_last_words() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let command = ["sh", "-c", "echo no luck; exit 3"].map(OsString::from);
        let error = Server::start(&command, 1, &folder.path().join("log"), Duration::from_secs(10), || false).expect_err("it ended");
        assert!(error.to_string().contains("no luck"), "{error}");
    }
}
