//! Packages whose time in the bin is over.

use domain::{
    PackageId, PortResult,
    ports::{Condition, PageKey, Table},
};

use super::{Housekeeping, Looked, Time, datasets::PAGE};
use crate::store::DueRow;

impl Housekeeping {
    pub(super) async fn due_package(&self, row: &DueRow, time: &Time) -> PortResult<Looked> {
        let Ok(id) = row.key.partition.parse::<PackageId>() else { return Ok(Looked::After) };
        let Some(package) = self.store.package(id).await? else { return Ok(Looked::After) };
        if package.deleted_at.is_none() {
            return self.store.settle_due(Table::Packages, row, [].into()).await.map(|()| Looked::After);
        }
        // Marked first: somebody who restores it at this moment either was faster, and keeps all of it, or is told that it is gone.
        if !self.store.begin_purge(Table::Packages, row, Condition::Has("deleted_at".to_owned())).await? {
            return Ok(Looked::After);
        }
        // The package's own row goes last: as long as anything is left, the package is due again.
        let cut = self.purge_datasets(id, time).await?
            || self.purge_imports(id, time).await?
            || self.purge_rows(Table::Datasets, id, None, time).await?
            || self.purge_rows(Table::Metadata, id, None, time).await?
            || self.purge_rows(Table::Packages, id, Some(&row.key.sort), time).await?;
        if cut {
            return Ok(Looked::Begun);
        }
        self.store.remove_due(Table::Packages, row).await.map(|()| Looked::After)
    }

    /// Removes rows, a page at a time; whether time was over before all were gone.
    async fn purge_rows(&self, table: Table, id: PackageId, keep: Option<&str>, time: &Time) -> PortResult<bool> {
        let (partition, mut after) = (id.to_string(), None);
        loop {
            after = self.store.remove_some(table, &partition, keep, after).await?;
            if after.is_none() || self.is_over(time) {
                return Ok(after.is_some());
            }
        }
    }

    /// Removes bytes and rows of datasets, a page at a time; whether time was over before all were gone. A page that fails
    /// keeps its rows and stops nothing.
    async fn purge_datasets(&self, id: PackageId, time: &Time) -> PortResult<bool> {
        let mut failure = None;
        let mut after: Option<PageKey> = None;
        loop {
            let (datasets, next) = self.store.datasets_by_registration(id, PAGE, after.take()).await?;
            let purged = match self.remove_bytes(&datasets).await {
                Ok(()) => self.store.remove_datasets(&datasets).await,
                Err(error) => Err(error),
            };
            failure = failure.or(purged.err());
            after = next;
            if after.is_none() || self.is_over(time) {
                return failure.map_or(Ok(after.is_some()), Err);
            }
        }
    }
}
