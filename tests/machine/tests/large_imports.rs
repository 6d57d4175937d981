//! A large import on the real server: exact in spite of a kill in the middle, and in little memory.

use std::{fmt::Write as _, fs, time::Duration};

use anyhow::{Context as _, ensure};
use datalake_tests_machine::{Lake, Person, wait_at_most};
use serde_json::{Value, json};

/// Entries of every push's test, and of the long one.
const SOME: u64 = 20_000;
const MANY: u64 = 1_000_000;
/// One entry in so many can't be taken.
const BAD: u64 = 100;
/// What the server may keep in memory, in KiB.
const RESIDENT_LIMIT: u64 = 256 * 1024;
/// Even the long one comes to its end within this.
const LONG: Duration = Duration::from_secs(3 * 3600);

/// Makes the files of a folder, and the manifest that names them and what is not there.
fn write_files(lake: &Lake, entries: u64) -> anyhow::Result<String> {
    let mut manifest = String::from("bucket,key\n");
    for number in 0..entries {
        let key = format!("{:04}/{number:07}.csv", number / 1_000);
        if number % 1_000 == 0 {
            fs::create_dir_all(lake.path("partners").join(&key[..4]))?;
        }
        match (number % BAD, number % (2 * BAD)) {
            (0, 0) => writeln!(manifest, "partners,gone/{number}.csv")?,
            (0, _) => writeln!(manifest, "elsewhere,{key}")?,
            _ => {
                fs::write(lake.path("partners").join(&key), "a\n")?;
                writeln!(manifest, "partners,{key}")?;
            }
        }
    }
    Ok(manifest)
}

/// The most that the server had in memory since it started, in KiB (Linux, `proc_pid_status(5)`).
fn greatest_resident(lake: &Lake) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", lake.process_id().context("a running server")?))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("Linux tells it")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

/// Waits until the import has read so many entries, or has ended.
async fn read(lake: &Lake, owner: &Person, import: &str, entries: u64) -> anyhow::Result<Value> {
    wait_at_most(LONG, "the import goes on", async || {
        let told = lake.get(owner, import).await?.expect(200)?.body;
        Ok((told["state"] != "running" || told["read"].as_u64() >= Some(entries)).then_some(told))
    })
    .await
}

/// All items of a list.
async fn items(lake: &Lake, person: &Person, path: &str) -> anyhow::Result<Vec<Value>> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = lake.get(person, &format!("{path}?limit=200{cursor}")).await?.expect(200)?.body;
        all.extend(page["items"].as_array().context("items")?.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(all),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_import_that_is_killed_in_the_middle_counts_each_entry_once_and_stays_small() -> anyhow::Result<()> {
    let entries = if test_servers::only_long("a million entries") { SOME } else { MANY };
    let mut lake = Lake::start().await?;
    let ann = lake.ann().clone();
    let manifest = write_files(&lake, entries)?;
    lake.stop().await?;
    lake.set_arguments(&["--import-root", &format!("partners={}", lake.path("partners").display())]);
    lake.serve().await?;
    let package = lake.create_package(&ann, "Partners").await?;
    let dataset = lake.upload(&ann, &package, "manifest.csv", "text/csv", manifest.as_bytes()).await?;
    let imports = format!("/packages/{package}/imports");
    let id = lake.post(&ann, &imports, &json!({ "dataset_id": dataset["id"] })).await?.expect(202)?.text("/id")?;
    let import = format!("{imports}/{id}");

    let before = read(&lake, &ann, &import, entries / 3).await?;
    ensure!(before["state"] == "running", "it was to be killed in the middle: {before}");
    let resident = greatest_resident(&lake)?;
    lake.kill_9().await?;
    lake.serve().await?;
    let done = read(&lake, &ann, &import, u64::MAX).await?;
    let counts = ["read", "added", "skipped", "failed"].map(|count| done[count].as_u64());
    let bad = entries / BAD;
    assert_eq!((&done["state"], counts), (&json!("done"), [entries, entries - bad, 0, bad].map(Some)), "{done}");
    assert!(resident.max(greatest_resident(&lake)?) <= RESIDENT_LIMIT, "{resident} KiB, then {} KiB", greatest_resident(&lake)?);

    let failures = items(&lake, &ann, &format!("{import}/failures")).await?;
    let lines: Vec<u64> = failures.iter().filter_map(|failure| failure["line"].as_u64()).collect();
    // The first line is the header's.
    assert_eq!(lines, (0..entries).step_by(usize::try_from(BAD)?).map(|number| number + 2).collect::<Vec<_>>());
    let of = |code: &str| failures.iter().filter(|failure| failure["code"] == code).count() as u64;
    assert_eq!((of("not_found"), of("outside_locations")), (bad / 2, bad / 2), "{:?}", failures.first());

    let shown = lake.get(&ann, &format!("/packages/{package}")).await?.expect(200)?.body;
    assert_eq!(shown["datasets"], json!(entries - bad + 1), "with the manifest itself: {shown}");
    // The index has the last state as well, though it was not written for each batch.
    wait_at_most(LONG, "the search knows all of it", async || {
        let found = lake.get(&ann, "/search?q=Partners").await?.expect(200)?.body;
        Ok((found["items"][0]["datasets"] == shown["datasets"]).then_some(()))
    })
    .await?;
    lake.stop().await?;
    assert_eq!(lake.administer(&["check", "--output", "json"])?.parse::<Value>()?["findings"], json!([]));
    Ok(())
}
