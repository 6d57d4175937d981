//! From the directory to the principal row.

use domain::{
    PortErrorKind, Timestamp,
    change::Stamp,
    id::UserId,
    ports::{Directory, DirectoryUser},
    user::{PrincipalRecord, UserStatus},
};

use super::People;
use crate::{
    core::Core,
    error::{AppError, AppResult},
};

/// So often a row is tried again that somebody else wrote meanwhile.
const ATTEMPTS: usize = 8;

impl Core {
    /// Writes the principal row that `make` makes of the one that is there. `stamp` tells it; without one it is told to
    /// nobody, and what would change nothing is not written.
    ///
    /// # Errors
    /// Those of `make` and of the tables.
    pub(super) async fn write_principal<F>(
        &self,
        user_id: &UserId,
        stamp: Option<&Stamp>,
        make: impl Fn(Option<PrincipalRecord>) -> F + Send + Sync,
    ) -> AppResult<PrincipalRecord>
    where
        F: Future<Output = AppResult<PrincipalRecord>> + Send,
    {
        for _ in 0..ATTEMPTS {
            // The row first: when what `make` reads changes between the two, its writer's row is newer than this one.
            let before = self.store.stored_principal(user_id).await?;
            let record = make(before.as_ref().map(|before| before.record.clone())).await?;
            if stamp.is_none() && before.as_ref().is_some_and(|before| before.record == record) {
                return Ok(record);
            }
            match self.store.tables.transact(self.store.put_principal(&record, before.as_ref(), stamp)?).await {
                Ok(()) => return Ok(record),
                Err(error) if error.is(PortErrorKind::PreconditionFailed) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::busy())
    }

    /// Writes the principal row as the directory has the person now, and what `adjust` changes besides. `stamp` tells
    /// it; without one it is told to nobody.
    ///
    /// # Errors
    /// 404 for somebody who is in neither; those of directory and tables.
    pub(super) async fn project(
        &self,
        directory: &dyn Directory,
        user_id: &UserId,
        stamp: Option<&Stamp>,
        adjust: impl Fn(&mut PrincipalRecord) + Send + Sync,
    ) -> AppResult<PrincipalRecord> {
        let adjust = &adjust;
        self.write_principal(user_id, stamp, |kept| async move {
            let mut record = match directory.get(user_id).await {
                Ok(user) => projection(user, kept.as_ref()),
                // Gone from the directory: nobody comes in by what is left.
                Err(error) if error.is(PortErrorKind::NotFound) => match kept {
                    Some(kept) => PrincipalRecord { enabled: false, role: None, groups: Vec::new(), ..kept },
                    None => return Err(AppError::not_found("user")),
                },
                Err(error) => return Err(error.into()),
            };
            adjust(&mut record);
            Ok(record)
        })
        .await
    }
}

impl People {
    /// As [`Core::project`], in this directory.
    ///
    /// # Errors
    /// As there.
    pub(super) async fn project(
        &self,
        user_id: &UserId,
        stamp: Option<&Stamp>,
        adjust: impl Fn(&mut PrincipalRecord) + Send + Sync,
    ) -> AppResult<PrincipalRecord> {
        self.core.project(self.directory.as_ref(), user_id, stamp, adjust).await
    }

    /// Brings the principal row in step with the directory after a change behind the product's back.
    ///
    /// # Errors
    /// 404 for somebody who is in neither; those of directory and tables.
    pub async fn sync_principal(&self, user_id: &UserId) -> AppResult<PrincipalRecord> {
        self.project(user_id, None, |_| {}).await
    }
}

pub(super) fn projection(user: DirectoryUser, kept: Option<&PrincipalRecord>) -> PrincipalRecord {
    let (role, groups) = match (user.role, kept) {
        (Some(role), _) => (Some(role), user.groups),
        // What the directory doesn't know, it said at the last sign-in.
        (None, Some(kept)) => (kept.role, kept.groups.clone()),
        (None, None) => (None, Vec::new()),
    };
    PrincipalRecord {
        user_id: user.user_id,
        directory_name: user.directory_name,
        email: user.email,
        name: user.name,
        role,
        groups,
        enabled: user.status != UserStatus::Disabled,
        tokens_valid_after: kept.map_or(Timestamp::EPOCH, |kept| kept.tokens_valid_after),
        last_sign_in: kept.and_then(|kept| kept.last_sign_in),
        federated: kept.is_some_and(|kept| kept.federated),
    }
}
