//! What the process tells about itself: events on standard error, one a line.

use anyhow::Context;
use tracing_subscriber::{filter::Targets, fmt, prelude::*};

use crate::configuration::{Log, LogFormat};

/// Sends the events of this process to standard error. To be called once, at the begin.
///
/// # Errors
/// If the level is no filter, or something else receives the events already.
pub fn start(log: &Log) -> anyhow::Result<()> {
    // Targets and levels are enough; filters by the fields of spans would bring regular expressions into every function.
    let filter: Targets = log.level.parse().with_context(|| format!("the log level {:?} is no filter", log.level))?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = match log.format {
        LogFormat::Json => registry.with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)).try_init(),
        LogFormat::Text => registry.with(fmt::layer().with_writer(std::io::stderr)).try_init(),
    };
    started.context("telemetry was started before")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_starts_once_and_only_with_a_filter() {
        let log = |level: &str| Log { format: LogFormat::Json, level: level.to_owned() };
        assert!(start(&log("a=b=c")).is_err());
        start(&log("info,datalake_runtime=debug")).expect("starts");
        assert!(start(&log("info")).is_err());
    }
}
