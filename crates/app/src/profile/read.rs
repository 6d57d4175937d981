//! `GET /profile`.

use domain::access::{Action, Resource};

use super::{Profile, ProfileView};
use crate::{
    core::Caller,
    error::{AppError, AppResult},
};

impl Profile {
    /// Who the caller is, by its principal row, and what this deployment can do.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn read(&self, caller: &Caller) -> AppResult<ProfileView> {
        let principal = &caller.principal;
        self.core.authorise(caller, Action::ProfileRead, Resource::User(&principal.user_id)).await?;
        self.core.audit_read(caller, Action::ProfileRead, principal.user_id.to_string()).await?;
        let record = self.core.store.principal(&principal.user_id).await?.ok_or_else(|| AppError::not_found("user"))?;
        Ok(ProfileView {
            user_id: record.user_id,
            name: record.name,
            email: record.email,
            // As this request was authorised, which may be a minute behind the row.
            role: principal.role,
            groups: principal.groups.iter().cloned().collect(),
            deployment: self.deployment.clone(),
        })
    }
}
