//! `DELETE /packages/{id}`.

use std::collections::BTreeSet;

use domain::{PackageId, PortErrorKind, access::Action, package::RETENTION};

use super::Packages;
use crate::{
    core::Caller,
    error::{AppError, AppResult},
    store::PackageChange,
};

/// So often it is tried again when another change came between.
const ATTEMPTS: u32 = 8;

impl Packages {
    /// Deletes a package: it is gone for everybody at once; housekeeping removes rows and objects after 30 days.
    ///
    /// # Errors
    /// 404 for what is absent, deleted or hidden; 412 if `if_match` is not the current version.
    pub async fn delete(&self, caller: &Caller, id: PackageId, if_match: Option<u64>) -> AppResult<()> {
        for attempt in 0..ATTEMPTS {
            if self.try_delete(caller, id, if_match).await? {
                return Ok(());
            }
            self.core.pause(attempt).await;
        }
        Err(AppError::busy())
    }

    /// `false` if another change came between.
    async fn try_delete(&self, caller: &Caller, id: PackageId, if_match: Option<u64>) -> AppResult<bool> {
        let package = self.core.authorised_package(caller, Action::PackageDelete, id).await?;
        if if_match.is_some_and(|version| version != package.version) {
            return Err(AppError::stale());
        }
        let now = self.core.now();
        let purge_at = now.plus(RETENTION);
        // By the version read: groups that a change names meanwhile would keep a row of a package that is gone.
        let change = PackageChange::at(now)
            .stamped(&self.core.stamp(caller, Action::PackageDelete, &[]))
            .from_version(package.version)
            .deleted(id, now, purge_at);
        let mut writes = vec![change.into_write(id)];
        writes.extend(self.core.store.regroup(id, &package.visibility.groups(), &BTreeSet::new()));
        match self.core.store.tables.transact(writes).await {
            Ok(()) => Ok(true),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
