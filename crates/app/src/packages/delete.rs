//! `DELETE /packages/{id}`.

use std::{collections::BTreeSet, time::Duration};

use domain::{PackageId, PortErrorKind, access::Action, package::RETENTION_DAYS};

use super::Packages;
use crate::{
    core::Caller,
    error::{AppError, AppResult},
    store::PackageChange,
};

impl Packages {
    /// Deletes a package: it is gone for everybody at once; housekeeping removes rows and objects after 30 days.
    ///
    /// # Errors
    /// 404 for what is absent, deleted or hidden; 412 if `if_match` is not the current version.
    pub async fn delete(&self, caller: &Caller, id: PackageId, if_match: Option<u64>) -> AppResult<()> {
        let package = self.core.authorised_package(caller, Action::PackageDelete, id).await?;
        if if_match.is_some_and(|version| version != package.version) {
            return Err(AppError::stale());
        }
        let now = self.core.now();
        let purge_at = now.plus(Duration::from_secs(RETENTION_DAYS * 24 * 3600));
        let mut change = PackageChange::at(now).stamped(&self.core.stamp(caller, Action::PackageDelete, &[])).deleted(id, now, purge_at);
        if let Some(version) = if_match {
            change = change.from_version(version);
        }
        let mut writes = vec![change.into_write(id)];
        writes.extend(self.core.store.regroup(id, &package.visibility.groups(), &BTreeSet::new()));
        match self.core.store.tables.transact(writes).await {
            Ok(()) => Ok(()),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) && if_match.is_some() => Err(AppError::stale()),
            // Somebody else deleted it at the same moment.
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => Err(AppError::not_found("package")),
            Err(error) => Err(error.into()),
        }
    }
}
