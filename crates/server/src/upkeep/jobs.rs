//! `datalake-server jobs`: what waits, what failed, and another attempt at it.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use domain::id::JobId;
use embedded::jobs::{ListedJob, SqliteJobs};
use runtime::system::{SystemClock, SystemIds};

use super::require_data;
use crate::home::{JOBS, lock};

/// Jobs in one reading.
const PAGE: usize = 500;

/// Jobs of the data below `folder`, oldest first, or only those that were given up; the ones in `retry` are put back before.
/// To put any back, no server may have the folder open; to look, one may.
///
/// # Errors
/// If the jobs can't be read, or one to be retried is not there.
pub async fn jobs(folder: &Path, only_dead: bool, retry: &[JobId]) -> anyhow::Result<Vec<ListedJob>> {
    require_data(folder)?;
    let _lock = if retry.is_empty() { None } else { Some(lock(folder)?) };
    let jobs = SqliteJobs::open(&folder.join(JOBS), Arc::new(SystemClock), Arc::new(SystemIds::default())).await;
    let jobs = jobs.context("can't open the jobs")?;
    for id in retry {
        jobs.retry(*id).await.with_context(|| format!("{id} can't be retried"))?;
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = jobs.list(after, PAGE).await.context("can't read the jobs")?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some(last.id);
        found.extend(page.into_iter().filter(|job| !only_dead || job.died_at.is_some()));
    }
}
