//! Measures the functions as `scripts/package` packed them, and writes the figures into `docs/performance.md`.
//!
//! Every figure is the median of five runs. What a function is told and asked is in `functions`; `platform` stands in for
//! Lambda and `account` for AWS, and both answer at once, so that the time is the function's own.

mod account;
mod function;
mod functions;
mod issuer;
mod listen;
mod overhead;
mod platform;
mod report;

use std::{io::Write as _, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use figures::{document, machine};

use crate::{account::Account, function::Bench, report::Report};

/// What is measured, how often.
const RUNS: usize = 5;

/// What `scripts/bench` says.
#[derive(Debug, Parser)]
struct Arguments {
    /// The folder of `FUNCTION.zip`.
    #[arg(long)]
    zips: PathBuf,
    /// The folder of `FUNCTION/bootstrap`, unpacked from there.
    #[arg(long)]
    programs: PathBuf,
    /// The document whose figures are written; without one they are only shown.
    #[arg(long)]
    document: Option<PathBuf>,
    /// The commit that the functions were built from.
    #[arg(long)]
    commit: String,
    /// Functions to measure.
    #[arg(required = true)]
    functions: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let setting = machine::describe(&arguments.commit)?;
    let account = Account::start().await?;
    let mut report = Report::default();
    for name in &arguments.functions {
        let function = functions::named(name, &account).with_context(|| format!("nothing is known about the function '{name}'"))?;
        tell(&format!("   {name}"))?;
        let bench = Bench { program: arguments.programs.join(name).join("bootstrap"), account: &account };
        let zip = std::fs::metadata(arguments.zips.join(format!("{name}.zip"))).with_context(|| format!("{name}.zip"))?.len();
        report.add_function(name, zip, &bench.measure(&function, RUNS).await?);
    }
    tell("   GET package")?;
    report.add_overhead(overhead::measure(RUNS).await?);
    account.nothing_unknown()?;
    if let Some(document) = &arguments.document {
        document::write(document, "functions", &format!("{setting}\n{report}"))?;
    }
    tell(&report.to_string())?;
    let missed = report.missed();
    if !missed.is_empty() {
        bail!("above the limit: {}", missed.join("; "));
    }
    Ok(())
}

fn tell(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}
