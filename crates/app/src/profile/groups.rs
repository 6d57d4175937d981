//! `GET /profile/groups`.

use domain::{
    access::{Action, Resource},
    group::GroupName,
};
use serde::{Deserialize, Serialize};

use super::Profile;
use crate::{
    core::Caller,
    error::AppResult,
    paging::{Listed, Paging},
};

const QUERY: &str = "profile.groups";

/// Which of the directory's pages, and behind which name in it.
#[derive(Default, Serialize, Deserialize)]
struct Place {
    page: Option<String>,
    after: Option<String>,
}

impl Profile {
    /// Groups the caller may share with, by name: the own ones; for an admin, all.
    ///
    /// # Errors
    /// 400 for a foreign cursor; those of the groups.
    pub async fn groups(&self, caller: &Caller, paging: &Paging) -> AppResult<Listed<GroupName>> {
        let principal = &caller.principal;
        self.core.authorise(caller, Action::ProfileRead, Resource::User(&principal.user_id)).await?;
        let place: Place = self.core.open_cursor(caller, QUERY, paging).await?.unwrap_or_default();
        let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
        let (page, following) = if principal.is_admin() {
            let page = self.groups.page(place.page.clone()).await?;
            (page.groups.into_iter().map(|group| group.name).collect::<Vec<_>>(), page.next)
        } else {
            (principal.groups.iter().cloned().collect(), None)
        };
        // The directory decides where its pages end; what is too much for one of ours goes on behind its last name.
        let mut rest = page.into_iter().filter(|group| place.after.as_deref().is_none_or(|after| group.as_str() > after));
        let items: Vec<GroupName> = rest.by_ref().take(limit).collect();
        let next = match (rest.next(), items.last(), following) {
            (Some(_), Some(last), _) => Some(Place { page: place.page.clone(), after: Some(last.to_string()) }),
            (_, _, Some(following)) => Some(Place { page: Some(following), after: None }),
            _ => None,
        };
        Ok(Listed { items, next_cursor: self.core.seal_cursor(caller, QUERY, next.as_ref()).await? })
    }
}
