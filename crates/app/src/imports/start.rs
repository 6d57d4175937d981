//! `POST /packages/{id}/imports`.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use domain::{
    DatasetId, FieldError, ImportId, PackageId,
    access::Action,
    dataset::{Dataset, DatasetKind, DatasetState},
    import::{self, INLINE_LIMIT, Import, ImportCounts, ImportState},
    ports::{ObjectAddress, ObjectVersion, PutOptions},
};
use futures::{StreamExt as _, stream};

use super::Imports;
use crate::{
    core::Caller,
    error::{AppError, AppResult, ErrorKind},
    idempotency::IdempotencyKey,
    store::ImportRecord,
};

/// Of so many last imports none may be running.
const LOOKED_AT: u32 = 20;

/// The manifest of an import as entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewImport {
    /// As it came with the request.
    Inline {
        /// Its bytes.
        bytes: Bytes,
        /// Its media type.
        content_type: &'static str,
    },
    /// A dataset of the package.
    Uploaded(DatasetId),
}

impl Imports {
    /// Accepts an import. Its manifest is read by a worker, which follows from the write.
    ///
    /// # Errors
    /// Those of the package; 409 while another import into it runs, and for a reused idempotency key; 422 if there is no
    /// manifest.
    pub async fn start(
        &self,
        caller: &Caller,
        package_id: PackageId,
        entered: &NewImport,
        key: Option<&IdempotencyKey>,
    ) -> AppResult<Import> {
        self.core.authorised_package(caller, Action::ImportStart, package_id).await?;
        let id = match self.core.first_answer::<ImportId>(key).await? {
            Some(first) => first,
            None => {
                self.check_none_runs(package_id).await?;
                let id = ImportId::new(self.core.ids.new_id());
                let (dataset_id, manifest, size) = self.manifest(package_id, id, entered).await?;
                let now = self.core.now();
                let import = Import {
                    id,
                    package_id,
                    dataset_id,
                    manifest,
                    size,
                    state: ImportState::Running,
                    failure: None,
                    counts: ImportCounts::default(),
                    created_by: caller.principal.user_id.clone(),
                    created_at: now,
                    updated_at: now,
                };
                let stamp = self.core.stamp(caller, Action::ImportStart, &[]);
                let write = self.core.store.put_import(&ImportRecord::unread(import), &stamp)?;
                self.core.create_once(vec![write], key, id).await?
            }
        };
        Ok(self.record(package_id, id).await?.import)
    }

    /// Two imports at once would write beyond the rate that each keeps to.
    async fn check_none_runs(&self, package_id: PackageId) -> AppResult<()> {
        let (last, _) = self.core.store.imports_of(package_id, LOOKED_AT, None).await?;
        match last.iter().find(|record| record.import.state == ImportState::Running) {
            None => Ok(()),
            Some(running) => {
                let message = format!("The import {} into this package is running. Wait until it is done.", running.import.id);
                Err(AppError::new(ErrorKind::Conflict, "import_running", message))
            }
        }
    }

    /// Where the manifest is, and its size.
    async fn manifest(
        &self,
        package_id: PackageId,
        id: ImportId,
        entered: &NewImport,
    ) -> AppResult<(Option<DatasetId>, ObjectVersion, u64)> {
        let wrong = |pointer: &str, detail: String| AppError::invalid(vec![FieldError { pointer: pointer.to_owned(), detail }]);
        match entered {
            NewImport::Inline { bytes, .. } if bytes.is_empty() || bytes.len() > INLINE_LIMIT => {
                Err(wrong("", format!("must have 1 to {INLINE_LIMIT} bytes; upload a larger manifest and name its dataset")))
            }
            NewImport::Inline { bytes, content_type } => {
                let address = ObjectAddress { bucket: self.bucket.clone(), key: import::manifest_key(package_id, id) };
                let size = bytes.len() as u64;
                let sha256 = hex::encode(digest(&SHA256, bytes));
                let options = PutOptions { size, content_type: (*content_type).to_owned(), sha256, only_if_absent: false };
                let content = bytes.clone();
                let info = self.objects.put(&address, &options, stream::once(async move { Ok(content) }).boxed()).await?;
                Ok((None, ObjectVersion { address, version: info.version }, size))
            }
            NewImport::Uploaded(dataset_id) => {
                let found = self.core.store.datasets(package_id, &[*dataset_id]).await?.pop().flatten();
                let there = |dataset: &Dataset| dataset.state == DatasetState::Available && dataset.kind != DatasetKind::Prefix;
                let Some(dataset) = found.filter(there) else {
                    return Err(wrong("/dataset_id", "is no available file of this package".to_owned()));
                };
                Ok((Some(*dataset_id), dataset.object(), dataset.size))
            }
        }
    }
}
