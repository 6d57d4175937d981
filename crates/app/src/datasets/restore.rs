//! `POST /packages/{id}/datasets/{ds}/restore`.

use domain::{
    DatasetId, PackageId, PortErrorKind, Timestamp,
    access::Action,
    change::Stamp,
    dataset::{Dataset, DatasetState},
    package::{Package, RETENTION, RETENTION_DAYS},
    ports::{Condition, Write},
};

use super::Datasets;
use crate::{
    core::Caller,
    error::{AppError, AppResult, ErrorKind},
    store::{PackageChange, not_being_purged, still_in},
};

/// So often it is tried again when other changes came between.
const ATTEMPTS: u32 = 12;

impl Datasets {
    /// Makes a removed dataset the current one of its path again. The one that is current there now is removed, and stays
    /// restorable itself.
    ///
    /// # Errors
    /// 404 for an absent one; 409 for one that is not removed, never was in the package, or whose bytes are gone; those of
    /// the package.
    pub async fn restore(&self, caller: &Caller, package_id: PackageId, id: DatasetId) -> AppResult<Dataset> {
        for attempt in 0..ATTEMPTS {
            let package = self.core.authorised_package(caller, Action::DatasetRestore, package_id).await?;
            let dataset = self.dataset(package_id, id).await?;
            let now = self.core.now();
            restorable(&dataset, now)?;
            if self.core.store.is_dataset_being_purged(package_id, id).await? {
                return Err(gone(&dataset));
            }
            let stamp = self.core.stamp(caller, Action::DatasetRestore, &["state"]);
            let restored = Dataset {
                state: DatasetState::Available,
                added_in: Some(package.revision + 1),
                removed_in: None,
                updated_at: now,
                ..dataset
            };
            let writes = self.bring_back(&package, &restored, &stamp, now).await?;
            match self.core.store.tables.transact(writes).await {
                Ok(()) => return Ok(restored),
                Err(error) if error.is(PortErrorKind::PreconditionFailed) => self.core.pause(attempt).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::busy())
    }

    /// The transaction: the dataset, its path, the package's counts, and the dataset that it takes the path of.
    async fn bring_back(&self, package: &Package, restored: &Dataset, stamp: &Stamp, now: Timestamp) -> AppResult<Vec<Write>> {
        let store = &self.core.store;
        let before = store.current_datasets(package.id, std::slice::from_ref(&restored.path)).await?.pop().flatten();
        let unpurged = Condition::All(vec![still_in(DatasetState::Removed), not_being_purged()]);
        let mut writes = vec![
            store.put_dataset(restored, None, Some(stamp), Some(unpurged))?,
            store.put_path(restored, before.as_ref().map(|summary| summary.id))?,
        ];
        let (mut count, mut bytes) = (1, signed(restored.size));
        // One that stands there itself was restored by somebody else since it was read: the condition on its row tells.
        if let Some(summary) = before.filter(|summary| summary.id != restored.id) {
            let current = self.dataset(package.id, summary.id).await?;
            let replaced = Dataset { state: DatasetState::Removed, removed_in: Some(package.revision + 1), updated_at: now, ..current };
            count -= 1;
            bytes -= signed(replaced.size);
            writes.push(store.put_dataset(&replaced, Some(now.plus(RETENTION)), Some(stamp), Some(still_in(DatasetState::Available)))?);
        }
        writes.push(PackageChange::at(now).from_revision(package.revision).counts(count, bytes).into_write(package.id));
        Ok(writes)
    }
}

fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Whether a dataset can be brought back, as far as its row says.
fn restorable(dataset: &Dataset, now: Timestamp) -> AppResult<()> {
    if dataset.state != DatasetState::Removed {
        let message = format!("The dataset is {}, not removed: there is nothing to restore.", dataset.state.name());
        return Err(AppError::new(ErrorKind::Conflict, "not_removed", message));
    }
    if dataset.added_in.is_none() {
        let message = format!("{} was never completed, so that there is nothing to restore. Upload it again.", dataset.path);
        return Err(AppError::new(ErrorKind::Conflict, "never_available", message));
    }
    // A removed dataset does not change any more: it was removed when it last changed.
    if now.since(dataset.updated_at) >= RETENTION {
        return Err(gone(dataset));
    }
    Ok(())
}

fn gone(dataset: &Dataset) -> AppError {
    let message = format!("The bytes of {} are gone: it was removed more than {RETENTION_DAYS} days ago.", dataset.path);
    AppError::new(ErrorKind::Conflict, "bytes_gone", message)
}
