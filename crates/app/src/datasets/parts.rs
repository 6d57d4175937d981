//! `POST` and `GET /packages/{id}/datasets/{ds}/parts`.

use domain::{
    DatasetId, FieldError, Invalid, PackageId, PortErrorKind,
    access::Action,
    dataset::{Dataset, DatasetState, is_sha256, part_size},
    ports::{PartInfo, PartUpload, SignedRequest, StoredPart},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{Datasets, register::UPLOAD_LIFE};
use crate::{
    core::Caller,
    error::{AppError, AppResult, ErrorKind},
};

/// At most so many parts are signed in a call: URLs die, so nobody should hold many.
pub(super) const SIGN_LIMIT: usize = 100;

impl Datasets {
    /// Signs the parts asked for, now, each with its length and checksum.
    ///
    /// # Errors
    /// 409 unless the dataset is a pending upload in parts; 422 for parts that it does not have.
    pub async fn sign_parts(
        &self,
        caller: &Caller,
        package_id: PackageId,
        id: DatasetId,
        parts: &[PartInfo],
    ) -> AppResult<Vec<(u32, SignedRequest)>> {
        let (dataset, upload) = self.upload(caller, package_id, id).await?;
        validate(&dataset, parts)?;
        let upload = &upload;
        stream::iter(parts.to_vec())
            .map(|part| async move { Ok((part.number, self.multipart.sign_part(upload, &part, UPLOAD_LIFE).await?)) })
            .buffered(SIGN_LIMIT)
            .try_collect()
            .await
    }

    /// The parts that arrived, so that an upload resumes.
    ///
    /// # Errors
    /// 409 unless the dataset is a pending upload in parts; 409 `parts_assembled` if the store keeps no parts any more, for it
    /// has put them together.
    pub async fn parts(&self, caller: &Caller, package_id: PackageId, id: DatasetId) -> AppResult<Vec<StoredPart>> {
        let (_, upload) = self.upload(caller, package_id, id).await?;
        match self.multipart.parts(&upload).await {
            // The attempt to complete it did not come to its end: the store was told, and the tables were not. Or the store gave
            // up what lay too long; then completing it is refused with that.
            Err(error) if error.is(PortErrorKind::NotFound) => {
                let message = "The store keeps no parts of it any more: it has put them together. Complete the upload; if that is refused, \
                               register the file anew.";
                Err(AppError::new(ErrorKind::Conflict, "parts_assembled", message))
            }
            parts => Ok(parts?),
        }
    }

    async fn upload(&self, caller: &Caller, package_id: PackageId, id: DatasetId) -> AppResult<(Dataset, PartUpload)> {
        self.core.authorised_package(caller, Action::DatasetUpload, package_id).await?;
        let dataset = self.dataset(package_id, id).await?;
        match dataset.part_upload() {
            Some(upload) if dataset.state == DatasetState::Pending => Ok((dataset, upload)),
            _ => Err(AppError::new(ErrorKind::Conflict, "not_uploading", "The dataset is not a pending upload in parts.")),
        }
    }
}

fn validate(dataset: &Dataset, parts: &[PartInfo]) -> AppResult<()> {
    if parts.is_empty() || parts.len() > SIGN_LIMIT {
        let detail = format!("must hold 1 to {SIGN_LIMIT} entries");
        return Err(AppError::invalid(vec![FieldError { pointer: "/parts".to_owned(), detail }]));
    }
    let size = part_size(dataset.size);
    let last = dataset.size.div_ceil(size);
    let errors: Vec<FieldError> = parts
        .iter()
        .enumerate()
        .flat_map(|(n, part)| {
            let number = u64::from(part.number);
            let due = if number == last { dataset.size - (last - 1) * size } else { size };
            let bad_number = (number == 0 || number > last)
                .then(|| Invalid::new(format!("is not between 1 and {last}")).at(format!("/parts/{n}/number")));
            let bad_size =
                (bad_number.is_none() && part.size != due).then(|| Invalid::new(format!("must be {due}")).at(format!("/parts/{n}/size")));
            let bad_sha256 =
                (!is_sha256(&part.sha256)).then(|| Invalid::new("is not a SHA-256 in lower-case hex").at(format!("/parts/{n}/sha256")));
            [bad_number, bad_size, bad_sha256].into_iter().flatten()
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(AppError::invalid(errors)) }
}
