//! Whether somebody may fetch an object directly from the store (buckets and keys of an export, by an API key).

use domain::{DatasetId, PackageId, access::Action, dataset::DatasetState, ports::ObjectVersion};

use super::Datasets;
use crate::{
    core::Caller,
    error::{AppResult, ErrorKind},
};

impl Datasets {
    /// Whether `object` is an available dataset that the caller may download. Another version than the dataset's is not.
    /// Audited as a download, allowed or denied.
    ///
    /// # Errors
    /// Those of the tables and of the audit queue.
    pub async fn may_fetch(&self, caller: &Caller, object: &ObjectVersion) -> AppResult<bool> {
        let Some((package_id, id)) = names(&object.address.key) else { return Ok(false) };
        match self.core.authorised_package(caller, Action::DatasetDownload, package_id).await {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden) => return Ok(false),
            Err(error) => return Err(error),
        }
        let dataset = self.core.store.datasets(package_id, &[id]).await?.pop().flatten();
        Ok(dataset.is_some_and(|dataset| {
            dataset.state == DatasetState::Available
                && dataset.address() == object.address
                && (object.version.is_none() || object.version == dataset.object_version)
        }))
    }
}

/// Package and dataset of `packages/{package}/{dataset}/{file name}`.
fn names(key: &str) -> Option<(PackageId, DatasetId)> {
    let mut parts = key.strip_prefix("packages/")?.splitn(3, '/');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
