//! `GET /profile/groups`.

use domain::{
    access::{Action, Resource},
    group::GroupName,
};

use super::Profile;
use crate::{
    core::Caller,
    error::AppResult,
    paging::{Listed, Paging},
};

const QUERY: &str = "profile.groups";

impl Profile {
    /// Groups the caller may share with, by name: the own ones; for an admin, all.
    ///
    /// # Errors
    /// 400 for a foreign cursor; those of the groups.
    pub async fn groups(&self, caller: &Caller, paging: &Paging) -> AppResult<Listed<GroupName>> {
        let principal = &caller.principal;
        self.core.authorise(caller, Action::ProfileRead, Resource::User(&principal.user_id)).await?;
        let after: Option<String> = self.core.open_cursor(caller, QUERY, paging).await?;
        if principal.is_admin() {
            // The directory decides where its pages end.
            let page = self.groups.page(after).await?;
            let items = page.groups.into_iter().map(|group| group.name).collect();
            return Ok(Listed { items, next_cursor: self.core.seal_cursor(caller, QUERY, page.next.as_ref()).await? });
        }
        let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
        let mut rest = principal.groups.iter().filter(|group| after.as_deref().is_none_or(|after| group.as_str() > after));
        let items: Vec<GroupName> = rest.by_ref().take(limit).cloned().collect();
        let next = rest.next().and(items.last()).map(|group| group.as_str().to_owned());
        Ok(Listed { items, next_cursor: self.core.seal_cursor(caller, QUERY, next.as_ref()).await? })
    }
}
