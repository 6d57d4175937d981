//! `POST /packages/{id}/restore`.

use std::collections::BTreeSet;

use domain::{PackageId, PortErrorKind, access::Action, package::Package};

use super::{PackageView, Packages};
use crate::{
    core::Caller,
    error::{AppError, AppResult, ErrorKind},
    store::PackageChange,
};

/// So often it is tried again when another change came between.
const ATTEMPTS: u32 = 8;

impl Packages {
    /// Undoes a deletion: the package is there again with everything in it, for everybody who saw it before.
    ///
    /// # Errors
    /// 404 for what is absent, hidden, or deleted for 30 days; 409 for what is not deleted.
    pub async fn restore(&self, caller: &Caller, id: PackageId) -> AppResult<PackageView> {
        for attempt in 0..ATTEMPTS {
            let deleted = self.core.authorised_package(caller, Action::PackageRestore, id).await?;
            let now = self.core.now();
            let Some(end) = deleted.restorable_until() else {
                return Err(AppError::new(ErrorKind::Conflict, "not_deleted", "The package is not deleted: there is nothing to restore."));
            };
            if now >= end || self.core.store.is_package_being_purged(id).await? {
                return Err(AppError::not_found("package"));
            }
            let change =
                PackageChange::undeleting(now).stamped(&self.core.stamp(caller, Action::PackageRestore, &[])).from_version(deleted.version);
            let mut writes = vec![change.into_write(id)];
            writes.extend(self.core.store.regroup(id, &BTreeSet::new(), &deleted.visibility.groups()));
            match self.core.store.tables.transact(writes).await {
                Ok(()) => {
                    let (version, sequence) = (deleted.version + 1, deleted.sequence + 1);
                    let restored = Package { deleted_at: None, version, sequence, updated_at: now, ..deleted };
                    let tags = self.tags_of(&restored).await?;
                    return Ok(PackageView::new(&caller.principal, restored, tags));
                }
                Err(error) if error.is(PortErrorKind::PreconditionFailed) => self.core.pause(attempt).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::busy())
    }
}
