//! Pushing one large file, beside `cp` and `sha256sum` of it.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use datalake_tests_machine::Lake;

use crate::{
    figure::{Figure, Limit, Setting, median_run},
    pushing::push,
};

/// How large it is, in MiB.
const MEBIBYTES: u64 = 4_096;
/// What the command line does by itself.
const PARALLEL: usize = 8;

/// The time of `datalake packages push`, beside that of `cp` and then `sha256sum`; the file was read before, so all of them
/// find it in the memory of the kernel, as far as it fits.
pub(crate) async fn measure(setting: &Setting) -> Result<Vec<Figure>> {
    let folder = setting.scratch.join("large");
    fs::create_dir(&folder)?;
    let file = folder.join("large.bin");
    write_file(&file, MEBIBYTES / u64::from(setting.divide))?;
    let copy = setting.scratch.join("copy.bin");
    let mut runs = Vec::with_capacity(setting.runs);
    for _ in 0..setting.runs {
        // Each its own: what was pushed takes as much of the disk again.
        let lake = Lake::start().await?;
        let package = lake.create_package(lake.ann(), "Large").await?;
        write_back()?;
        let reference = run("cp", &[&file, &copy])? + run("sha256sum", &[&file])?;
        fs::remove_file(&copy)?;
        write_back()?;
        let pushed = push(setting, &lake, &folder, &package, PARALLEL).await?;
        ensure!(pushed.sent == 1, "the file was not sent");
        runs.push((pushed.time, reference));
    }
    fs::remove_dir_all(&folder)?;

    let ratios: Vec<f64> = runs.iter().map(|(ours, reference)| ours.as_secs_f64() / reference.as_secs_f64()).collect();
    let median = median_run(&ratios);
    let (ours, reference) = runs[median];
    Ok(vec![Figure {
        name: format!("push of a file of {MEBIBYTES} MiB, beside `cp` and `sha256sum`"),
        ours: format!("{:.2} s", ours.as_secs_f64()),
        reference: format!("{:.2} s", reference.as_secs_f64()),
        value: ratios[median],
        limit: Limit::AtMost(2.0),
    }])
}

/// A file that is other in each of its mebibytes.
fn write_file(path: &Path, mebibytes: u64) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut block: Vec<u8> =
        (0..1_048_576_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes().into_iter().take(1)).collect();
    for number in 0..mebibytes {
        block[..8].copy_from_slice(&number.to_le_bytes());
        file.write_all(&block)?;
    }
    Ok(file.into_inner()?.sync_all()?)
}

/// Has the disk take what was written before: nobody is to wait for what another wrote.
fn write_back() -> Result<()> {
    run("sync", &[]).map(drop)
}

fn run(program: &str, arguments: &[&Path]) -> Result<Duration> {
    let began = Instant::now();
    let output = Command::new(program).args(arguments).output().with_context(|| format!("{program} is to be installed"))?;
    ensure!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(began.elapsed())
}
