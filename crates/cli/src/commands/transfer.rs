//! What transfers share: their options, and how their reports are shown.

use clap::Args;
use contract::datasets::Dataset;

use crate::{
    context::Context,
    failure::Outcome,
    output::{Column, size},
    pull::{PullReport, Source, Wanted},
    push::PushReport,
};

/// Options of every transfer.
#[derive(Debug, Args)]
pub(crate) struct Transfer {
    /// How many requests carry bytes at a time.
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=64))]
    pub(crate) parallel: usize,
}

const PUSH: &[Column<PushReport>] = &[
    ("package", |report| report.package_id.clone()),
    ("sent", |report| report.sent.to_string()),
    ("unchanged", |report| report.unchanged.to_string()),
    ("bytes", |report| report.bytes.to_string()),
    ("failed", |report| report.failed.len().to_string()),
];

const PULL: &[Column<PullReport>] = &[
    ("fetched", |report| report.fetched.to_string()),
    ("unchanged", |report| report.unchanged.to_string()),
    ("unverified", |report| report.unverified.to_string()),
    ("bytes", |report| report.bytes.to_string()),
    ("failed", |report| report.failed.len().to_string()),
];

/// Shows what became of a push, failures on stderr, and tells the exit code.
pub(crate) fn show_push(context: &Context, report: &PushReport) -> Outcome {
    let progress = context.progress();
    for failure in &report.failed {
        progress.say(&format!("{}: {}", failure.name.escape_debug(), failure.reason));
    }
    context.printer.item(report, PUSH)?;
    report.outcome()
}

/// Shows what became of a pull, failures on stderr, and tells the exit code.
pub(crate) fn show_pull(context: &Context, report: &PullReport) -> Outcome {
    let progress = context.progress();
    for failure in &report.failed {
        progress.say(&format!("{}: {}", failure.name.escape_debug(), failure.reason));
    }
    context.printer.note(format_args!("{} pulled, {} were there", size(report.bytes), report.unchanged));
    context.printer.item(report, PULL)?;
    report.outcome()
}

/// A dataset as a wanted file.
pub(crate) fn wanted(package: &str, dataset: Dataset) -> Wanted {
    let source = Source::Dataset { package: package.to_owned() };
    Wanted { name: dataset.name, size: dataset.size, sha256: dataset.sha256, dataset: dataset.id, source }
}
