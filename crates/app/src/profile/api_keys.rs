//! `GET /profile/api-keys`.

use domain::{
    access::{Action, Resource},
    api_key::ApiKey,
    ports::PageKey,
};

use super::Profile;
use crate::{
    core::Caller,
    error::AppResult,
    paging::{Listed, Paging},
};

const QUERY: &str = "profile.api_keys";

impl Profile {
    /// The caller's API keys, oldest first.
    ///
    /// # Errors
    /// 400 for a foreign cursor.
    pub async fn api_keys(&self, caller: &Caller, paging: &Paging) -> AppResult<Listed<ApiKey>> {
        let user_id = &caller.principal.user_id;
        self.core.authorise(caller, Action::KeyRead, Resource::User(user_id)).await?;
        self.core.audit_read(caller, Action::KeyRead, user_id.to_string()).await?;
        let after: Option<PageKey> = self.core.open_cursor(caller, QUERY, paging).await?;
        let (items, next) = self.core.store.api_keys_of(user_id, paging.limit, after).await?;
        Ok(Listed { items, next_cursor: self.core.seal_cursor(caller, QUERY, next.as_ref()).await? })
    }
}
