//! `datalake-server reindex`.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, ensure};
use app::workers::indexing::Indexing;
use domain::{
    PackageId,
    ports::{SearchRebuild as _, Tables},
    search::{Indexed, SearchDocument},
};
use embedded::{search::TantivyIndex, tables::SqliteTables};
use runtime::system::SystemClock;

use super::require_data;
use crate::{
    home::{SEARCH, TABLES, lock},
    work::package_ids,
};

/// So many documents are written at once.
const DOCUMENTS: usize = 50;

/// Builds the search index below `folder` anew from the rows, beside the one that is there; no server may have the folder open.
/// Tells how many packages the new one has.
///
/// # Errors
/// If the rows can't be read or the index not be written; the one that was there stays.
pub async fn reindex(folder: &Path) -> anyhow::Result<u64> {
    require_data(folder)?;
    let _lock = lock(folder)?;
    let tables: Arc<dyn Tables> = Arc::new(SqliteTables::open(folder.join(TABLES)).context("can't open the tables")?);
    let index = Arc::new(TantivyIndex::open(folder.join(SEARCH)).context("can't open the search index")?);
    let documents = Indexing::new(Arc::clone(&tables), index.clone(), Arc::new(SystemClock));
    index.begin().await.context("can't begin a new index")?;
    let (mut after, mut count) = (None, 0);
    loop {
        let (ids, next) = package_ids(tables.as_ref(), after).await?;
        for ids in ids.chunks(DOCUMENTS) {
            count += write(&index, &documents, ids).await?;
        }
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    index.swap().await.context("can't put the new index in its place")?;
    Ok(count)
}

async fn write(index: &TantivyIndex, source: &Indexing, ids: &[PackageId]) -> anyhow::Result<u64> {
    let mut documents: Vec<SearchDocument> = Vec::new();
    for id in ids {
        documents.extend(source.document(*id).await.with_context(|| format!("can't read package {id}"))?);
    }
    let written = domain::ports::SearchRebuild::upsert_many(index, &documents).await.context("can't write the index")?;
    ensure!(written.iter().all(|outcome| *outcome == Indexed::Applied), "the index did not take every package");
    Ok(documents.len() as u64)
}
