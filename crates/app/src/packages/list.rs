//! `GET /packages`.

use domain::{
    access::{Action, Resource, actions_on, decide},
    id::UserId,
    package::Package,
    ports::PageKey,
};

use super::Packages;
use crate::{
    core::Caller,
    error::AppResult,
    paging::{Listed, Paging},
};

/// Packages, each with what the caller may do with it.
pub type ListedPackages = Listed<(Package, Vec<Action>)>;

impl Packages {
    /// Own packages, newest first, with what the caller may do with each; an admin may ask for another owner's.
    ///
    /// # Errors
    /// 403 for another owner unless the caller is an admin; 400 for a foreign cursor.
    pub async fn list(&self, caller: &Caller, owner: Option<&UserId>, paging: &Paging) -> AppResult<ListedPackages> {
        // The index lags behind: the policy decides anew for every row, as it does for deleted ones and narrowed keys.
        let visible = |package: &Package| decide(&caller.principal, Action::PackageRead, Resource::Package(package.into())).is_ok();
        self.list_where(caller, "packages.list", owner, paging, visible).await
    }

    /// The same of packages that were deleted and can still be restored. A page may be short.
    ///
    /// # Errors
    /// As of [`Self::list`].
    pub async fn list_deleted(&self, caller: &Caller, owner: Option<&UserId>, paging: &Paging) -> AppResult<ListedPackages> {
        let now = self.core.now();
        let restorable = |package: &Package| {
            package.restorable_until().is_some_and(|end| now < end)
                && decide(&caller.principal, Action::PackageReadDeleted, Resource::Package(package.into())).is_ok()
        };
        self.list_where(caller, "packages.list_deleted", owner, paging, restorable).await
    }

    async fn list_where(
        &self,
        caller: &Caller,
        list: &str,
        owner: Option<&UserId>,
        paging: &Paging,
        wanted: impl Fn(&Package) -> bool,
    ) -> AppResult<ListedPackages> {
        let owner = owner.unwrap_or(&caller.principal.user_id);
        let action = if *owner == caller.principal.user_id { Action::PackageList } else { Action::PackageListOthers };
        self.core.authorise(caller, action, Resource::Application).await?;
        let query = format!("{list} owner={owner}");
        let after: Option<PageKey> = self.core.open_cursor(caller, &query, paging).await?;
        let (packages, next) = self.core.store.packages_of(owner, paging.limit, after).await?;
        let items = packages
            .into_iter()
            .filter(wanted)
            .map(|package| {
                let actions = actions_on(&caller.principal, (&package).into());
                (package, actions)
            })
            .collect();
        Ok(Listed { items, next_cursor: self.core.seal_cursor(caller, &query, next.as_ref()).await? })
    }
}
