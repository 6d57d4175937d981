//! Pushing many small files, beside `curl` that sends them to the same object store.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use datalake_tests_machine::Lake;
use tokio::process::Command;

use crate::{
    figure::{Figure, Limit, Setting, median_run},
    open_store::OpenStore,
    pushing::push,
    settled::wait_until_settled,
};

/// How many files there are.
const FILES: u32 = 10_000;
/// How large each is.
const SIZE: usize = 1_024;
/// How many connections carry them, on both sides.
const CONNECTIONS: usize = 32;
/// 2^20 bytes.
const MIB: f64 = 1_048_576.0;

/// The time of `datalake packages push`, whatever follows from it awaited before anything else is measured, and the most that
/// the command has in memory; beside the time of `curl --parallel`.
pub(crate) async fn measure(setting: &Setting) -> Result<Vec<Figure>> {
    let folder = setting.scratch.join("small");
    let count = FILES / setting.divide;
    let files = write_files(&folder, count)?;
    let store = OpenStore::start(&setting.scratch.join("open")).await?;
    let lake = Lake::start().await?;
    let mut runs = Vec::with_capacity(setting.runs);
    for run in 0..setting.runs {
        let curl = send_by_curl(&setting.scratch, &store, &files, run).await?;
        let package = lake.create_package(lake.ann(), &format!("Small {run}")).await?;
        let pushed = push(setting, &lake, &folder, &package, CONNECTIONS).await?;
        ensure!(pushed.sent == u64::from(count), "{} of {count} files were sent", pushed.sent);
        wait_until_settled(&lake).await?;
        runs.push((pushed, curl));
    }
    store.stop().await?;
    fs::remove_dir_all(&folder)?;

    let ratios: Vec<f64> = runs.iter().map(|(pushed, curl)| pushed.time.as_secs_f64() / curl.as_secs_f64()).collect();
    let (pushed, curl) = &runs[median_run(&ratios)];
    #[expect(clippy::cast_precision_loss, reason = "a process has far less than 2^53 bytes")]
    let resident: Vec<f64> = runs.iter().map(|(pushed, _)| pushed.most_resident as f64 / MIB).collect();
    let most = resident[median_run(&resident)];
    Ok(vec![
        Figure {
            name: format!("push of {FILES} files of {SIZE} bytes, beside `curl -Z` with {CONNECTIONS} connections"),
            ours: seconds(pushed.time),
            reference: seconds(*curl),
            value: ratios[median_run(&ratios)],
            limit: Limit::AtMost(2.0),
        },
        Figure {
            name: "that push, MiB resident at most".to_owned(),
            ours: format!("{most:.1} MiB"),
            reference: String::new(),
            value: most,
            limit: Limit::AtMost(64.0),
        },
    ])
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// Makes the files, each other than the others, and answers with where they are.
fn write_files(folder: &Path, count: u32) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for number in 0..count {
        let path = folder.join(format!("{:02}/{number:05}.csv", number % 100));
        fs::create_dir_all(path.parent().context("a folder")?)?;
        let mut content = format!("{number}\n").repeat(SIZE);
        content.truncate(SIZE);
        fs::write(&path, content)?;
        files.push(path);
    }
    Ok(files)
}

/// How long `curl` takes to send all of them; every answer must be 200.
async fn send_by_curl(scratch: &Path, store: &OpenStore, files: &[PathBuf], run: usize) -> Result<Duration> {
    let mut config = String::new();
    for (number, file) in files.iter().enumerate() {
        let url = format!("{}/{run}/{number}", store.url());
        writeln!(config, "upload-file = \"{}\"\nurl = \"{url}\"\noutput = \"/dev/null\"", file.display())?;
    }
    let path = scratch.join("curl.config");
    fs::write(&path, config)?;
    let connections = CONNECTIONS.to_string();
    let mut curl = Command::new("curl");
    curl.args(["--disable", "--silent", "--show-error", "--parallel", "--parallel-max", &connections, "--write-out", "%{http_code}\n"]);
    let began = Instant::now();
    let output = curl.arg("--config").arg(&path).kill_on_drop(true).output().await.context("curl is to be installed")?;
    let time = began.elapsed();
    ensure!(output.status.success(), "curl: {}", String::from_utf8_lossy(&output.stderr));
    let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
    let said = String::from_utf8(output.stdout)?;
    said.lines().for_each(|status| *statuses.entry(status).or_default() += 1);
    ensure!(statuses == BTreeMap::from([("200", files.len())]), "curl was answered {statuses:?}");
    Ok(time)
}
