//! `GET /profile/people`.

use domain::{
    access::{Action, Resource},
    id::UserId,
    ports::PageKey,
};

use super::Profile;
use crate::{
    core::Caller,
    error::{AppError, AppResult},
    paging::{Listed, Paging},
    store::Person,
};

/// The longest beginning of a name to look for, in characters.
const PREFIX_CHARACTERS: usize = 100;

impl Profile {
    /// Enabled people whose name begins with `prefix`, by name. Where a setting says so, only people who share a group
    /// with the caller; a page may be short then.
    ///
    /// # Errors
    /// 400 for a foreign cursor or a longer prefix than any name.
    pub async fn people(&self, caller: &Caller, prefix: &str, paging: &Paging) -> AppResult<Listed<Person>> {
        self.core.authorise(caller, Action::PeopleRead, Resource::Application).await?;
        if prefix.chars().count() > PREFIX_CHARACTERS {
            return Err(AppError::bad_parameter("q", format!("has more than {PREFIX_CHARACTERS} characters")));
        }
        self.core.audit_read(caller, Action::PeopleRead, String::new()).await?;
        let query = format!("profile.people {prefix}");
        let after: Option<PageKey> = self.core.open_cursor(caller, &query, paging).await?;
        let (mut items, next) = self.core.store.people(prefix, paging.limit, after).await?;
        let narrowed = self.core.configured().await?.settings.people_in_own_groups_only && !caller.principal.is_admin();
        if narrowed {
            items = self.of_own_groups(caller, items).await?;
        }
        Ok(Listed { items, next_cursor: self.core.seal_cursor(caller, &query, next.as_ref()).await? })
    }

    async fn of_own_groups(&self, caller: &Caller, people: Vec<Person>) -> AppResult<Vec<Person>> {
        let ids: Vec<UserId> = people.iter().map(|person| person.user_id.clone()).collect();
        let records = self.core.store.principals(&ids).await?;
        let own = &caller.principal;
        let shares = |person: &Person, groups: &[_]| person.user_id == own.user_id || groups.iter().any(|group| own.groups.contains(group));
        let both = people.into_iter().zip(records);
        Ok(both.filter_map(|(person, record)| shares(&person, &record?.groups).then_some(person)).collect())
    }
}
