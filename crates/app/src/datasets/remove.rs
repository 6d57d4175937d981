//! `DELETE /packages/{id}/datasets/{ds}`.

use domain::{
    DatasetId, PackageId, PortErrorKind,
    access::Action,
    dataset::{Dataset, DatasetState},
    package::RETENTION,
};

use super::{Datasets, register::UPLOAD_LIFE};
use crate::{
    core::Caller,
    error::{AppError, AppResult},
    store::{PackageChange, still_in},
};

/// So often it is tried again when other changes came between.
const ATTEMPTS: u32 = 12;

impl Datasets {
    /// Removes a dataset; its bytes go after 30 days. One that is only registered is taken back.
    ///
    /// # Errors
    /// 404 for an absent or removed one; those of the package.
    pub async fn remove(&self, caller: &Caller, package_id: PackageId, id: DatasetId) -> AppResult<()> {
        for attempt in 0..ATTEMPTS {
            let package = self.core.authorised_package(caller, Action::DatasetRemove, package_id).await?;
            let dataset = self.dataset(package_id, id).await?;
            if dataset.state == DatasetState::Removed {
                return Err(AppError::not_found("dataset"));
            }
            let now = self.core.now();
            let current = dataset.state == DatasetState::Available;
            // What never was in the package is swept once no signed URL can bring bytes for it any more; the rest stays restorable.
            let retention = if current { RETENTION } else { UPLOAD_LIFE * 2 };
            let stamp = self.core.stamp(caller, Action::DatasetRemove, &["state"]);
            let gone = Dataset {
                state: DatasetState::Removed,
                removed_in: current.then_some(package.revision + 1),
                updated_at: now,
                ..dataset.clone()
            };
            let mut writes =
                vec![self.core.store.put_dataset(&gone, Some(now.plus(retention)), Some(&stamp), Some(still_in(dataset.state)))?];
            if current {
                let bytes = i64::try_from(dataset.size).unwrap_or(i64::MAX);
                writes.push(self.core.store.delete_path(package_id, &dataset.path, id));
                writes.push(PackageChange::at(now).from_revision(package.revision).counts(-1, -bytes).into_write(package_id));
            }
            match self.core.store.tables.transact(writes).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is(PortErrorKind::PreconditionFailed) => self.core.pause(attempt).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::busy())
    }
}
