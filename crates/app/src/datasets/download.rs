//! `GET /packages/{id}/datasets/{ds}/download`.

use std::time::Duration;

use domain::{
    DatasetId, PackageId,
    access::Action,
    dataset::{DatasetKind, DatasetState},
    ports::SignedRequest,
};

use super::Datasets;
use crate::{
    core::Caller,
    error::{AppError, AppResult, ErrorKind},
};

/// A download's URL lives so long.
const DOWNLOAD_LIFE: Duration = Duration::from_secs(900);

impl Datasets {
    /// A URL of the dataset's bytes, signed now and pinned to the object's version.
    ///
    /// # Errors
    /// 409 unless the dataset is available; those of the package.
    pub async fn download(&self, caller: &Caller, package_id: PackageId, id: DatasetId) -> AppResult<SignedRequest> {
        self.core.authorised_package(caller, Action::DatasetDownload, package_id).await?;
        let dataset = self.dataset(package_id, id).await?;
        if dataset.state != DatasetState::Available {
            return Err(AppError::new(ErrorKind::Conflict, "not_available", format!("The dataset is {}.", dataset.state.name())));
        }
        if dataset.kind == DatasetKind::Prefix {
            let message = "The dataset is a folder of many objects. Export the package to have all of them.";
            return Err(AppError::new(ErrorKind::Conflict, "is_prefix", message));
        }
        Ok(self.objects.sign_get(&dataset.object(), dataset.path.file_name(), DOWNLOAD_LIFE).await?)
    }
}
