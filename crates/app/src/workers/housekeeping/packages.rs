//! Packages whose time in the bin is over.

use domain::{
    PackageId, PortResult,
    ports::{PageKey, Table},
};

use super::{Housekeeping, datasets::PAGE};
use crate::store::DueRow;

impl Housekeeping {
    pub(super) async fn due_package(&self, row: &DueRow) -> PortResult<()> {
        let Ok(id) = row.key.partition.parse::<PackageId>() else { return Ok(()) };
        let Some(package) = self.store.package(id).await? else { return Ok(()) };
        if package.deleted_at.is_none() {
            return self.store.settle_due(Table::Packages, row, [].into()).await;
        }
        self.purge_datasets(id).await?;
        let partition = id.to_string();
        self.store.remove_partition(Table::Datasets, &partition, None).await?;
        self.store.remove_partition(Table::Metadata, &partition, None).await?;
        // The package's own row goes last: as long as anything is left, the package is due again.
        self.store.remove_partition(Table::Packages, &partition, Some(&row.key.sort)).await?;
        self.store.remove_due(Table::Packages, row).await
    }

    /// Removes bytes and rows of all datasets, a page at a time. A page that fails keeps its rows and stops nothing.
    async fn purge_datasets(&self, id: PackageId) -> PortResult<()> {
        let mut failure = None;
        let mut after: Option<PageKey> = None;
        loop {
            let (datasets, next) = self.store.datasets_by_registration(id, PAGE, after.take()).await?;
            let purged = match self.remove_bytes(&datasets).await {
                Ok(()) => self.store.remove_datasets(&datasets).await,
                Err(error) => Err(error),
            };
            failure = failure.or(purged.err());
            match next {
                Some(next) => after = Some(next),
                None => return failure.map_or(Ok(()), Err),
            }
        }
    }
}
