//! Uploads that were never completed, and datasets whose time in the bin is over.

use domain::{
    DatasetId, PackageId, PortErrorKind, PortResult, Timestamp,
    dataset::{Dataset, DatasetState},
    ports::{Condition, Key, PageKey, Table, Write},
};

use super::{Housekeeping, Time};
use crate::store::{DueRow, Store, still_in};

/// Datasets a page.
pub(super) const PAGE: u32 = 500;

impl Housekeeping {
    pub(super) async fn due_dataset(&self, row: &DueRow, now: Timestamp) -> PortResult<()> {
        let Some((package_id, id)) = ids_of(&row.key) else { return Ok(()) };
        let Some(dataset) = self.store.datasets(package_id, &[id]).await?.pop().flatten() else { return Ok(()) };
        match dataset.state {
            // It was completed meanwhile, and nothing of it is due.
            DatasetState::Available => self.store.settle_due(Table::Datasets, row, [].into()).await,
            DatasetState::Removed => {
                // Marked first: somebody who restores it at this moment either was faster, and keeps it, or is told that it is gone.
                if !self.store.begin_purge(Table::Datasets, row, still_in(DatasetState::Removed)).await? {
                    return Ok(());
                }
                self.remove_bytes(std::slice::from_ref(&dataset)).await?;
                self.store.remove_due(Table::Datasets, row).await
            }
            DatasetState::Pending | DatasetState::Completing => self.drop_upload(dataset, Some(row.unchanged()), None, now).await,
        }
    }

    /// Takes an upload back and then removes what arrived of it. The row goes into its last state first: somebody who
    /// completes at this moment either was faster, and keeps the dataset, or is told that it is gone.
    /// `check` must hold in the same moment.
    async fn drop_upload(&self, dataset: Dataset, condition: Option<Condition>, check: Option<Write>, now: Timestamp) -> PortResult<()> {
        let gone = Dataset { state: DatasetState::Removed, updated_at: now, ..dataset.clone() };
        let conditions = condition.into_iter().chain([still_in(dataset.state)]).collect();
        let write = self.store.put_dataset(&gone, Some(now), None, Some(Condition::All(conditions)))?;
        let written = match check {
            Some(check) => self.store.tables.transact(vec![write, check]).await,
            None => self.store.tables.write(write).await,
        };
        match written {
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => return Ok(()),
            other => other?,
        }
        self.remove_bytes(std::slice::from_ref(&gone)).await?;
        self.store.remove_datasets(&[gone]).await
    }

    /// Drops pending uploads of a package as long as there is time; whether another run is to go on. One that would drop
    /// nothing is not: each upload is due by itself, too.
    pub(super) async fn drop_pending(&self, package_id: PackageId, time: &Time) -> PortResult<bool> {
        // Only of one that is deleted for sure: the job says so, the row decides.
        if self.store.package(package_id).await?.is_some_and(|package| package.deleted_at.is_none()) {
            return Ok(false);
        }
        let mut after: Option<PageKey> = None;
        let mut dropped = false;
        loop {
            let (datasets, next) = self.store.datasets_by_registration(package_id, PAGE, after.take()).await?;
            for dataset in datasets.into_iter().filter(|dataset| matches!(dataset.state, DatasetState::Pending | DatasetState::Completing))
            {
                if dropped && self.is_over(time) {
                    return Ok(true);
                }
                // Who restores the package meanwhile keeps what is left.
                self.drop_upload(dataset, None, Some(Store::still_deleted(package_id)), time.now).await?;
                dropped = true;
            }
            if next.is_none() || self.is_over(time) {
                return Ok(dropped && next.is_some());
            }
            after = next;
        }
    }
}

fn ids_of(key: &Key) -> Option<(PackageId, DatasetId)> {
    Some((key.partition.parse().ok()?, key.sort.strip_prefix("ds#")?.parse().ok()?))
}
