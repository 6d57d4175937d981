//! `datalake-server reindex`.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, bail, ensure};
use app::workers::reindexing::{Reindexing, Rest};
use domain::{
    Deadline,
    ports::{Clock, Tables},
    reindex::ReindexState,
};
use embedded::{jobs::SqliteJobs, search::TantivyIndex, tables::SqliteTables};
use runtime::system::{SystemClock, SystemIds};

use super::require_data;
use crate::home::{JOBS, SEARCH, TABLES, lock};

/// Builds the search index below `folder` anew from the rows, beside the one that is there; no server may have the folder open.
/// Tells how many packages the new one has.
///
/// # Errors
/// If the rows can't be read or the index not be written; the one that was there stays.
pub async fn reindex(folder: &Path) -> anyhow::Result<u64> {
    require_data(folder)?;
    let _lock = lock(folder)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let tables: Arc<dyn Tables> = Arc::new(SqliteTables::open(folder.join(TABLES)).context("can't open the tables")?);
    let index = Arc::new(TantivyIndex::open(folder.join(SEARCH)).context("can't open the search index")?);
    let jobs = SqliteJobs::open(&folder.join(JOBS), Arc::clone(&clock), Arc::new(SystemIds::default())).await;
    let reindexing = Reindexing::new(tables, index, Arc::new(jobs.context("can't open the jobs")?), clock);
    reindexing.begin().await.context("can't begin a new index")?;
    while reindexing.run_until(Deadline::NONE).await.context("can't build the new index")? != Rest::Nothing {}
    let built = reindexing.last().await.context("can't read how it ended")?.context("nothing was built")?;
    if built.state != ReindexState::Done {
        bail!("the new index was given up: {}", built.failure.unwrap_or_default());
    }
    ensure!(built.failed == 0, "{} packages could not be written; the server tries each again", built.failed);
    Ok(built.done)
}
