//! Whether somebody may fetch an object directly from the store (buckets and keys of an export, by an API key).

use domain::{
    DatasetId, PackageId, Principal,
    access::{Action, Resource, decide},
    dataset::DatasetState,
    ports::ObjectVersion,
};

use super::Datasets;
use crate::error::AppResult;

impl Datasets {
    /// Whether `object` is an available dataset that `principal` may download. Another version than the dataset's is not.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn may_fetch(&self, principal: &Principal, object: &ObjectVersion) -> AppResult<bool> {
        let Some((package_id, id)) = names(&object.address.key) else { return Ok(false) };
        let Some(package) = self.core.store.package(package_id).await? else { return Ok(false) };
        if decide(principal, Action::DatasetDownload, Resource::Package((&package).into())).is_err() {
            return Ok(false);
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
