//! `PUT /packages/{id}/owner`.

use domain::{FieldError, PackageId, PortErrorKind, access::Action, id::UserId};

use super::{PackageView, Packages};
use crate::{
    core::Caller,
    error::{AppError, AppResult},
    store::PackageChange,
};

impl Packages {
    /// Hands a package to another user, who must be there and enabled.
    ///
    /// # Errors
    /// 422 for an unknown or disabled user; 412 if `if_match` is not the current version.
    pub async fn transfer(&self, caller: &Caller, id: PackageId, owner: &str, if_match: Option<u64>) -> AppResult<PackageView> {
        let mut package = self.core.authorised_package(caller, Action::PackageTransfer, id).await?;
        if if_match.is_some_and(|version| version != package.version) {
            return Err(AppError::stale());
        }
        let unknown = || {
            AppError::invalid(vec![FieldError { pointer: "/owner".to_owned(), detail: "is no enabled user of this data lake".to_owned() }])
        };
        let owner: UserId = owner.parse().map_err(|_| unknown())?;
        if !self.core.store.principal(&owner).await?.is_some_and(|record| record.enabled && record.role.is_some()) {
            return Err(unknown());
        }
        let now = self.core.now();
        let change = PackageChange::at(now)
            .stamped(&self.core.stamp(caller, Action::PackageTransfer, &["owner"]))
            .from_version(package.version)
            .owner(&owner);
        match self.core.store.tables.transact(vec![change.into_write(id)]).await {
            Ok(()) => {}
            // Only who named a version can be out of date; for anybody else it is a moment to try again.
            Err(error) if error.is(PortErrorKind::PreconditionFailed) && if_match.is_some() => return Err(AppError::stale()),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => return Err(AppError::busy()),
            Err(error) => return Err(error.into()),
        }
        package.owner = owner;
        package.version += 1;
        package.sequence += 1;
        package.updated_at = now;
        let tags = self.tags_of(&package).await?;
        Ok(PackageView::new(&caller.principal, package, tags))
    }
}
