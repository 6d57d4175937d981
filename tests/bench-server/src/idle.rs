//! What a server keeps in memory of which nothing is asked.

use std::time::Duration;

use anyhow::{Context as _, Result};
use datalake_tests_machine::Lake;
use figures::process::resident;

use crate::figure::{Figure, Limit, Setting, median_run};

/// How long it is looked at, and how often.
const LOOKS: u32 = 20;
const BETWEEN: Duration = Duration::from_secs(1);
/// 2^20 bytes.
const MIB: f64 = 1_048_576.0;

/// The most that is resident in a third of a minute, of a server where somebody has signed in and made a package, and which was
/// started anew after that.
pub(crate) async fn measure(setting: &Setting) -> Result<Vec<Figure>> {
    let mut lake = Lake::start().await?;
    let ann = lake.ann().clone();
    lake.create_package(&ann, "Rivers").await?;
    let mut values = Vec::with_capacity(setting.runs);
    for _ in 0..setting.runs {
        lake.restart().await?;
        values.push(most_resident_idle(lake.process_id().context("a running server")?).await?);
    }
    let value = values[median_run(&values)];
    Ok(vec![Figure {
        name: "server idle, MiB resident".to_owned(),
        ours: format!("{value:.1} MiB"),
        reference: String::new(),
        value,
        limit: Limit::AtMost(60.0),
    }])
}

#[expect(clippy::cast_precision_loss, reason = "a process has far less than 2^53 bytes")]
async fn most_resident_idle(process: u32) -> Result<f64> {
    let mut most = 0;
    for _ in 0..LOOKS {
        tokio::time::sleep(BETWEEN).await;
        most = most.max(resident(process)?);
    }
    Ok(most as f64 / MIB)
}
