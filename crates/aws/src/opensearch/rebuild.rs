//! Building the index anew.

use domain::{PackageId, PortError, PortErrorKind, PortResult, search::Indexed};

use super::{OpenSearchIndex, lower::removed, write::Entry};

/// So many removals are copied at once.
const PAGE: usize = 5_000;

impl OpenSearchIndex {
    pub(super) async fn begin_rebuild(&self) -> PortResult<()> {
        const OPERATION: &str = "search_rebuild.begin";
        self.ensure_live(OPERATION).await?;
        self.delete_all_but_live(OPERATION).await?;
        self.create_next(OPERATION).await?;
        // After that removals go to both.
        self.copy_removals(OPERATION).await
    }

    pub(super) async fn swap_rebuilt(&self) -> PortResult<()> {
        const OPERATION: &str = "search_rebuild.swap";
        let absent = || PortError::new(PortErrorKind::NotFound, OPERATION);
        let next = self.index_behind(OPERATION, &self.names.next).await?.ok_or_else(absent)?;
        let live = self.index_behind(OPERATION, &self.names.live).await?.ok_or_else(absent)?;
        self.copy_removals(OPERATION).await?;
        // Whatever was acknowledged is found right after the swap too.
        self.refresh(OPERATION, &next).await?;
        self.point_to(OPERATION, &live, &next).await?;
        // A search that is still in it fails and is asked again.
        self.delete(OPERATION, &live).await
    }

    /// Remembers the removals of the live index in the new one; one that it knows better stays.
    async fn copy_removals(&self, operation: &'static str) -> PortResult<()> {
        self.refresh(operation, &self.names.live).await?;
        let mut after: Option<String> = None;
        loop {
            let page = self.by_id(operation, &removed(), after.as_deref(), PAGE).await?;
            let mut entries = Vec::with_capacity(page.hits.hits.len());
            for hit in &page.hits.hits {
                let id: PackageId = hit.id.parse().map_err(|_| PortError::new(PortErrorKind::Unexpected, operation).with("id", &hit.id))?;
                entries.push(Entry::copied_removal(id, hit.source.sequence));
            }
            let Some(last) = page.hits.hits.last() else { return Ok(()) };
            after = Some(last.id.clone());
            if self.write_next(operation, &entries).await?.contains(&Indexed::Failed) {
                return Err(PortError::new(PortErrorKind::Unavailable, operation).because("a removal could not be copied"));
            }
        }
    }
}
