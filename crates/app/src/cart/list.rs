//! `GET /cart` and `GET /cart/items/{itm}`.

use domain::{ItemId, PackageId, Timestamp, access::Action, cart::CartItem};

use super::{Cart, CartEntry};
use crate::{
    core::Caller,
    error::AppResult,
    paging::{Listed, Paging},
};

const QUERY: &str = "cart.list";

impl Cart {
    /// The caller's items, oldest first; what is no longer visible is there without its package.
    ///
    /// # Errors
    /// 400 for a foreign cursor.
    pub async fn list(&self, caller: &Caller, paging: &Paging) -> AppResult<Listed<CartEntry>> {
        self.authorise(caller, Action::CartRead).await?;
        let after: Option<(Timestamp, ItemId)> = self.core.open_cursor(caller, QUERY, paging).await?;
        // A cart is bounded, so it is read whole: its rows lie in order of packages, people see it in order of adding.
        let mut items = self.core.store.cart_items(&caller.principal.user_id).await?;
        items.retain(|item| after.is_none_or(|place| (item.added_at, item.id) > place));
        let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let place = items.last().filter(|_| more).map(|item| (item.added_at, item.id));
        Ok(Listed { items: self.entries(caller, items).await?, next_cursor: self.core.seal_cursor(caller, QUERY, place.as_ref()).await? })
    }

    /// One item.
    ///
    /// # Errors
    /// 404 if it is not in the caller's cart.
    pub async fn read(&self, caller: &Caller, id: ItemId) -> AppResult<CartEntry> {
        self.authorise(caller, Action::CartRead).await?;
        let item = self.item(caller, id).await?;
        let package = self.core.store.package(item.package_id).await?;
        Ok(CartEntry::new(&caller.principal, item, package))
    }

    async fn entries(&self, caller: &Caller, items: Vec<CartItem>) -> AppResult<Vec<CartEntry>> {
        let ids: Vec<PackageId> = items.iter().map(|item| item.package_id).collect();
        let packages = self.core.store.packages(&ids).await?;
        Ok(items.into_iter().zip(packages).map(|(item, package)| CartEntry::new(&caller.principal, item, package)).collect())
    }
}
