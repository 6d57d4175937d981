//! Measures `datalake-server` and `datalake` as they are released, and writes the figures into `docs/performance.md`.
//!
//! Every figure is the median of five runs. Where it is a ratio, a run measures both sides by turns, so that whatever else
//! the machine does meets both.

mod bare;
mod bare_search;
mod catalogue;
mod figure;
mod get_package;
mod idle;
mod import;
mod large_file;
mod load;
mod open_store;
mod push;
mod pushing;
mod rows;
mod search;
mod settled;

use std::{io::Write as _, path::PathBuf};

use anyhow::{Result, bail, ensure};
use clap::{Parser, Subcommand};
use datalake_tests_machine::program;
use figures::{document, machine};

use crate::figure::{Figure, Setting, table};

/// How often a figure is measured for the document.
const RUNS: usize = 5;

/// The figures by name, in the order of the table.
const NAMES: [&str; 6] = ["get-package", "search", "idle", "push", "large-file", "import"];

/// What `scripts/bench` says.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Measures.
    Measure(Measure),
    /// Is what `get-package` compares the server with.
    #[command(hide = true)]
    Bare {
        /// The file that is every answer's body.
        #[arg(long)]
        body: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct Measure {
    /// The document whose figures are written; without one they are only shown.
    #[arg(long)]
    document: Option<PathBuf>,
    /// The commit that the programs were built from.
    #[arg(long)]
    commit: String,
    /// How often; for the document it is always five times.
    #[arg(long, default_value_t = RUNS, conflicts_with = "document")]
    runs: usize,
    /// Pushes and imports that many times smaller than said, to try them out.
    #[arg(long, default_value_t = 1, conflicts_with = "document")]
    divide: u32,
    /// Figures to measure; all if none is named. The document is written only with all.
    #[arg(value_parser = NAMES, conflicts_with = "document")]
    figures: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse().what {
        What::Measure(arguments) => measure(&arguments).await,
        What::Bare { body } => bare::serve(&body).await,
    }
}

async fn measure(arguments: &Measure) -> Result<()> {
    ensure!(arguments.runs > 0, "nothing is measured in no run");
    let machine = machine::describe(&arguments.commit)?;
    let scratch = tempfile::tempdir()?;
    let setting = Setting {
        command_line: program("datalake")?,
        scratch: scratch.path().to_owned(),
        runs: arguments.runs,
        divide: arguments.divide.max(1),
    };
    let mut all = Vec::new();
    for name in NAMES.into_iter().filter(|name| arguments.figures.is_empty() || arguments.figures.iter().any(|wanted| wanted == name)) {
        tell(&format!("   {name}"))?;
        all.extend(figure_named(name, &setting).await?);
    }
    let text = table(&all);
    if let Some(document) = &arguments.document {
        document::write(document, "server", &format!("{machine}\n{text}"))?;
    }
    tell(&text)?;
    let missed: Vec<String> = all.iter().filter(|figure| !figure.is_kept()).map(|figure| figure.name.clone()).collect();
    if !missed.is_empty() {
        bail!("past the limit: {}", missed.join("; "));
    }
    Ok(())
}

async fn figure_named(name: &str, setting: &Setting) -> Result<Vec<Figure>> {
    match name {
        "get-package" => get_package::measure(setting).await,
        "search" => search::measure(setting).await,
        "idle" => idle::measure(setting).await,
        "push" => push::measure(setting).await,
        "large-file" => large_file::measure(setting).await,
        "import" => import::measure(setting).await,
        other => bail!("there is no figure '{other}'"),
    }
}

fn tell(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}
