//! `POST /packages/{id}/datasets/complete` and `…/datasets/{ds}/complete`.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    DatasetId, FieldError, PackageId, PortErrorKind,
    access::Action,
    dataset::{Dataset, DatasetPath, DatasetState, Verified},
    package::{Package, RETENTION},
    ports::{ObjectInfo, ObjectVersion, Write},
};
use futures::{StreamExt as _, stream};

use super::{Datasets, register::BATCH_LIMIT};
use crate::{
    core::Caller,
    error::{AppError, AppResult, ErrorKind},
    store::{PackageChange, still_in},
};

/// Each dataset takes up to three rows (itself, its path, the one it replaces), and the package one: 100 a transaction.
const CHUNK: usize = 33;
/// So often a chunk is tried again when other changes came between.
const ATTEMPTS: u32 = 12;
/// So many calls to the store at a time.
const PARALLEL: usize = 16;

/// What became of one entry: the dataset as it is now.
pub type Completion = Result<Dataset, AppError>;

impl Datasets {
    /// Completes uploads, each answered on its own, in order: holds what the store has against what was registered and
    /// makes each the current dataset of its path. Completing again what is complete changes nothing.
    ///
    /// # Errors
    /// Those of the package; of the call as a whole. What is wrong with one entry stands in its place.
    pub async fn complete(&self, caller: &Caller, package_id: PackageId, ids: &[DatasetId]) -> AppResult<Vec<Completion>> {
        self.core.authorised_package(caller, Action::DatasetUpload, package_id).await?;
        if ids.is_empty() || ids.len() > BATCH_LIMIT {
            let detail = format!("must hold 1 to {BATCH_LIMIT} ids");
            return Err(AppError::invalid(vec![FieldError { pointer: "/ids".to_owned(), detail }]));
        }
        let unique: Vec<DatasetId> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let found: BTreeMap<DatasetId, Dataset> =
            self.core.store.datasets(package_id, &unique).await?.into_iter().flatten().map(|dataset| (dataset.id, dataset)).collect();
        let mut paths = BTreeSet::new();
        let checked = stream::iter(ids.iter().map(|id| self.claim(*id, &found, &mut paths)).collect::<Vec<_>>())
            .map(|claimed| async { self.check(claimed?).await })
            .buffered(PARALLEL)
            .collect::<Vec<Completion>>()
            .await;
        self.make_current(caller, package_id, checked).await
    }

    /// One path, one dataset: the second id of a path in a call loses.
    fn claim(&self, id: DatasetId, found: &BTreeMap<DatasetId, Dataset>, paths: &mut BTreeSet<DatasetPath>) -> Completion {
        let dataset = found.get(&id).ok_or_else(|| AppError::not_found("dataset"))?;
        if paths.insert(dataset.path.clone()) { Ok(dataset.clone()) } else { Err(duplicate_path(&dataset.path)) }
    }

    /// Holds what the store has against what was registered.
    async fn check(&self, mut dataset: Dataset) -> Completion {
        match dataset.state {
            DatasetState::Available => return Ok(dataset),
            DatasetState::Removed => return Err(removed()),
            DatasetState::Pending | DatasetState::Completing => {}
        }
        let info = if dataset.is_multipart() { self.assemble(&dataset).await? } else { self.arrived(&dataset).await? };
        if info.size != dataset.size {
            let message = format!("The store has {} bytes of {}; {} were registered.", info.size, dataset.path, dataset.size);
            return Err(AppError::new(ErrorKind::Conflict, "size_differs", message));
        }
        dataset.verified = Some(match (&info.sha256, &dataset.sha256) {
            (Some(stored), Some(declared)) if stored != declared => {
                let message = format!("The store's SHA-256 of {} is not the one that was registered.", dataset.path);
                return Err(AppError::new(ErrorKind::Conflict, "checksum_differs", message));
            }
            (Some(_), _) => Verified::Store,
            (None, _) if info.composite_sha256.is_some() => Verified::Parts,
            (None, _) => Verified::Declared,
        });
        dataset.object_version = info.version;
        Ok(dataset)
    }

    async fn arrived(&self, dataset: &Dataset) -> AppResult<ObjectInfo> {
        let current = ObjectVersion { address: dataset.address(), version: None };
        self.objects.head(&current).await.map_err(|error| not_there(error, dataset))
    }

    async fn assemble(&self, dataset: &Dataset) -> AppResult<ObjectInfo> {
        let upload = dataset.part_upload().ok_or_else(|| AppError::not_found("dataset"))?;
        let parts = match self.multipart.parts(&upload).await {
            Ok(parts) => parts,
            // An earlier attempt completed it and lost the answer.
            Err(error) if error.is(PortErrorKind::NotFound) => return self.arrived(dataset).await,
            Err(error) => return Err(error.into()),
        };
        let arrived: u64 = parts.iter().map(|part| part.info.size).sum();
        if arrived != dataset.size {
            let message = format!("{arrived} of {} bytes of {} have arrived. Send the missing parts first.", dataset.size, dataset.path);
            return Err(AppError::new(ErrorKind::Conflict, "parts_missing", message));
        }
        match self.multipart.complete(&upload, &parts).await {
            Err(error) if error.is(PortErrorKind::NotFound) => self.arrived(dataset).await,
            other => Ok(other?),
        }
    }

    /// Makes the checked ones current, a chunk a transaction.
    async fn make_current(&self, caller: &Caller, package_id: PackageId, mut checked: Vec<Completion>) -> AppResult<Vec<Completion>> {
        let mut new: Vec<usize> = Vec::new();
        for (position, entry) in checked.iter().enumerate() {
            if entry.as_ref().is_ok_and(|dataset| dataset.state != DatasetState::Available) {
                new.push(position);
            }
        }
        for chunk in new.chunks(CHUNK) {
            let datasets: Vec<Dataset> = chunk.iter().filter_map(|position| checked[*position].as_ref().ok().cloned()).collect();
            match self.commit(caller, package_id, datasets).await {
                Ok(done) => {
                    for (position, dataset) in chunk.iter().zip(done) {
                        checked[*position] = dataset;
                    }
                }
                // Chunks before this one are done and answered as such.
                Err(error) => {
                    for position in chunk {
                        checked[*position] = Err(AppError::new(error.kind(), error.code().to_owned(), error.message()));
                    }
                    tracing::warn!(error = &error as &dyn std::error::Error, package = %package_id, "a chunk of datasets could not be completed");
                }
            }
        }
        Ok(checked)
    }

    async fn commit(&self, caller: &Caller, package_id: PackageId, mut datasets: Vec<Dataset>) -> AppResult<Vec<Completion>> {
        for attempt in 0..ATTEMPTS {
            let package = self.core.authorised_package(caller, Action::DatasetUpload, package_id).await?;
            let (writes, done) = self.transaction(caller, &package, &datasets).await?;
            if writes.is_empty() {
                return Ok(done);
            }
            match self.core.store.tables.transact(writes).await {
                Ok(()) => return Ok(done),
                Err(error) if error.is(PortErrorKind::PreconditionFailed) => {
                    // Somebody else came between: what he did is read again.
                    self.core.pause(attempt).await;
                    let ids: Vec<DatasetId> = datasets.iter().map(|dataset| dataset.id).collect();
                    for (dataset, now) in datasets.iter_mut().zip(self.core.store.datasets(package_id, &ids).await?) {
                        let now = now.ok_or_else(|| AppError::not_found("dataset"))?;
                        match now.state {
                            // Somebody else completed it, and perhaps another one of its path after that.
                            DatasetState::Available | DatasetState::Removed => *dataset = now,
                            DatasetState::Pending | DatasetState::Completing => dataset.state = now.state,
                        }
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::busy())
    }

    async fn transaction(&self, caller: &Caller, package: &Package, datasets: &[Dataset]) -> AppResult<(Vec<Write>, Vec<Completion>)> {
        let now = self.core.now();
        let revision = package.revision + 1;
        let stamp = self.core.stamp(caller, Action::DatasetUpload, &["state"]);
        let paths: Vec<DatasetPath> = datasets.iter().map(|dataset| dataset.path.clone()).collect();
        let before = self.core.store.current_datasets(package.id, &paths).await?;
        // What stands on its path already was completed by somebody else since it was read: it replaces nothing, and the
        // condition on its row has the transaction tried again.
        let own: BTreeSet<DatasetId> = datasets.iter().map(|dataset| dataset.id).collect();
        let replaced_ids: Vec<DatasetId> = before.iter().flatten().map(|summary| summary.id).filter(|id| !own.contains(id)).collect();
        let replaced = self.core.store.datasets(package.id, &replaced_ids).await?;
        let replaced: BTreeMap<DatasetId, Dataset> = replaced.into_iter().flatten().map(|dataset| (dataset.id, dataset)).collect();

        let (mut writes, mut done, mut count, mut bytes) = (Vec::new(), Vec::new(), 0_i64, 0_i64);
        for (dataset, before) in datasets.iter().zip(before) {
            match dataset.state {
                DatasetState::Pending | DatasetState::Completing => {}
                DatasetState::Available => {
                    done.push(Ok(dataset.clone()));
                    continue;
                }
                DatasetState::Removed => {
                    done.push(Err(removed()));
                    continue;
                }
            }
            let mut new = dataset.clone();
            new.state = DatasetState::Available;
            new.added_in = Some(revision);
            new.updated_at = now;
            new.upload_id = None;
            writes.push(self.core.store.put_dataset(&new, None, Some(&stamp), Some(still_in(dataset.state)))?);
            writes.push(self.core.store.put_path(&new, before.as_ref().map(|summary| summary.id))?);
            count += 1;
            bytes += i64::try_from(new.size).unwrap_or(i64::MAX);
            if let Some(old) = before.and_then(|summary| replaced.get(&summary.id)) {
                let purge_at = now.plus(RETENTION);
                let gone = Dataset { state: DatasetState::Removed, removed_in: Some(revision), updated_at: now, ..old.clone() };
                writes.push(self.core.store.put_dataset(&gone, Some(purge_at), Some(&stamp), Some(still_in(DatasetState::Available)))?);
                count -= 1;
                bytes -= i64::try_from(old.size).unwrap_or(i64::MAX);
            }
            done.push(Ok(new));
        }
        if !writes.is_empty() {
            let change = PackageChange::at(now).from_revision(package.revision).counts(count, bytes);
            writes.push(change.into_write(package.id));
        }
        Ok((writes, done))
    }
}

fn removed() -> AppError {
    AppError::new(ErrorKind::Conflict, "removed", "The dataset was removed or replaced meanwhile.")
}

fn not_there(error: domain::PortError, dataset: &Dataset) -> AppError {
    if error.is(PortErrorKind::NotFound) {
        let message =
            format!("The bytes of {} have not arrived. Send them as the registration's answer says, then complete again.", dataset.path);
        AppError::new(ErrorKind::Conflict, "not_uploaded", message)
    } else {
        error.into()
    }
}

/// Two entries of one call have the same path: one of them would vanish in silence.
pub(super) fn duplicate_path(path: &DatasetPath) -> AppError {
    AppError::new(ErrorKind::Conflict, "duplicate_path", format!("Another dataset of this call has the path {path} as well."))
}
