//! Ending all of a person's sessions.

use domain::{
    PortErrorKind,
    access::{Action, Resource},
    id::UserId,
};

use super::People;
use crate::{core::Caller, error::AppResult};

impl People {
    /// Ends all sessions of the caller: access tokens issued before now are refused within a minute, refresh tokens
    /// at once.
    ///
    /// # Errors
    /// Those of directory and tables.
    pub async fn sign_out(&self, caller: &Caller) -> AppResult<()> {
        let user_id = &caller.principal.user_id;
        self.core.authorise(caller, Action::SignOut, Resource::User(user_id)).await?;
        let now = self.core.now();
        let stamp = self.core.stamp(caller, Action::SignOut, &["tokens_valid_after"]);
        self.project(user_id, Some(&stamp), |record| record.tokens_valid_after = now).await?;
        self.end_sessions(user_id).await
    }

    /// Refresh tokens stop working, where the directory is ours to say so.
    pub(super) async fn end_sessions(&self, user_id: &UserId) -> AppResult<()> {
        match self.directory.sign_out(user_id).await {
            Err(error) if !error.is(PortErrorKind::Unsupported) => Err(error.into()),
            _ => Ok(()),
        }
    }
}
