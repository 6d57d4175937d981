//! A large import, beside SQLite itself that writes the rows which the import left.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use datalake_tests_machine::{Lake, wait_at_most};
use serde_json::json;

use crate::{
    figure::{Figure, Limit, Setting, median_run},
    rows::{Tally, write_again},
    settled::wait_until_settled,
};

/// How many entries the manifest has.
const ENTRIES: u32 = 1_000_000;
/// So many files lie in a folder; they are one file by as many names.
const IN_A_FOLDER: u32 = 1_000;
/// It comes to its end within this.
const LONG: Duration = Duration::from_secs(3_600);

/// The time from the request that begins the import until it is done: manifest and objects read, rows, feed and index written
/// meanwhile as the product does. What the workers still do after that is awaited, and its rows count as the import's.
pub(crate) async fn measure(setting: &Setting) -> Result<Vec<Figure>> {
    let folder = setting.scratch.join("partners");
    let entries = ENTRIES / setting.divide;
    let manifest = make_files(&folder, entries)?;
    let mut runs = Vec::with_capacity(setting.runs);
    for _ in 0..setting.runs {
        runs.push(one_run(setting, &folder, &manifest, entries).await?);
    }
    fs::remove_dir_all(&folder)?;

    let ratios: Vec<f64> = runs.iter().map(|run| run.ours.as_secs_f64() / run.reference.as_secs_f64()).collect();
    let median = median_run(&ratios);
    let Run { ours, reference, rows } = runs[median];
    Ok(vec![Figure {
        name: format!("import of {ENTRIES} entries, beside SQLite writing the {rows} rows that are there after it"),
        ours: format!("{:.1} s", ours.as_secs_f64()),
        reference: format!("{:.1} s", reference.as_secs_f64()),
        value: ratios[median],
        limit: Limit::AtMost(3.0),
    }])
}

#[derive(Clone, Copy, Debug)]
struct Run {
    ours: Duration,
    reference: Duration,
    rows: u64,
}

async fn one_run(setting: &Setting, folder: &Path, manifest: &str, entries: u32) -> Result<Run> {
    let mut lake = Lake::start().await?;
    let ann = lake.ann().clone();
    let package = lake.create_package(&ann, "Partners").await?;
    let dataset = lake.upload(&ann, &package, "manifest.csv", "text/csv", manifest.as_bytes()).await?;
    lake.stop().await?;
    lake.set_arguments(&["--import-root", &format!("partners={}", folder.display())]);
    lake.serve().await?;
    wait_until_settled(&lake).await?;
    let before = Tally::of(&lake.data_folder())?;

    let imports = format!("/packages/{package}/imports");
    let began = Instant::now();
    let id = lake.post(&ann, &imports, &json!({ "dataset_id": dataset["id"] })).await?.expect(202)?.text("/id")?;
    let done = wait_at_most(LONG, "the import comes to its end", async || {
        let told = lake.get(&ann, &format!("{imports}/{id}")).await?.expect(200)?.body;
        match told["state"].as_str() {
            Some("running") => Ok(None),
            Some("done") => Ok(Some(told)),
            _ => bail!("the import ended so: {told}"),
        }
    })
    .await?;
    let ours = began.elapsed();
    ensure!(done["added"] == json!(entries), "not all was added: {done}");

    wait_until_settled(&lake).await?;
    lake.stop().await?;
    let (reference, rows) = write_again(&lake.data_folder(), &before, &setting.scratch.join("again"))?;
    ensure!(rows > u64::from(entries), "{rows} rows of {entries} entries");
    Ok(Run { ours, reference, rows })
}

/// Makes the files, and the manifest that names them.
fn make_files(folder: &Path, entries: u32) -> Result<String> {
    let mut manifest = String::from("bucket,key\n");
    for number in 0..entries {
        let below = format!("{:04}", number / IN_A_FOLDER);
        let first = folder.join(&below).join("first");
        if number % IN_A_FOLDER == 0 {
            fs::create_dir_all(first.parent().context("a folder")?)?;
            fs::write(&first, "a\n")?;
        }
        let key = format!("{below}/{number:07}.csv");
        fs::hard_link(&first, folder.join(&key))?;
        writeln!(manifest, "partners,{key}")?;
    }
    Ok(manifest)
}
