//! `GET /packages/{id}`.

use domain::{PackageId, access::Action, metadata::Tags, package::Package};

use super::{PackageView, Packages};
use crate::{core::Caller, error::AppResult};

impl Packages {
    /// A package with its tags and what the caller may do with it.
    ///
    /// # Errors
    /// 404 for what is absent, deleted or hidden.
    pub async fn read(&self, caller: &Caller, id: PackageId) -> AppResult<PackageView> {
        let (package, tags) = self.core.authorised_package_and_tags(caller, Action::PackageRead, id).await?;
        let tags = match tags {
            Some(tags) => tags,
            None => self.tags_of(&package).await?,
        };
        Ok(PackageView::new(&caller.principal, package, tags))
    }

    pub(crate) async fn tags_of(&self, package: &Package) -> AppResult<Tags> {
        let version = self.core.store.metadata(package.id, package.metadata_version).await?;
        Ok(version.map(|version| version.tags).unwrap_or_default())
    }
}
