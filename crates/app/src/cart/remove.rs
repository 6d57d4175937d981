//! `DELETE /cart/items/{itm}` and `DELETE /cart`.

use domain::{ItemId, PackageId, access::Action};

use super::Cart;
use crate::{
    core::Caller,
    error::{AppError, AppResult},
};

impl Cart {
    /// Takes an item out of the caller's cart.
    ///
    /// # Errors
    /// 404 if it is not in there.
    pub async fn remove(&self, caller: &Caller, id: ItemId) -> AppResult<()> {
        self.authorise(caller, Action::CartRemove).await?;
        let item = self.item(caller, id).await?;
        match self.take_out(caller, &[(item.id, item.package_id)]).await? {
            0 => Err(AppError::not_found("cart item")),
            _ => Ok(()),
        }
    }

    /// Empties the caller's cart; an empty one stays as it is.
    ///
    /// # Errors
    /// When the tables don't answer; some items may be out then.
    pub async fn empty(&self, caller: &Caller) -> AppResult<()> {
        self.authorise(caller, Action::CartRemove).await?;
        let items = self.core.store.cart_items(&caller.principal.user_id).await?;
        let items: Vec<(ItemId, PackageId)> = items.into_iter().map(|item| (item.id, item.package_id)).collect();
        self.take_out(caller, &items).await?;
        Ok(())
    }

    async fn take_out(&self, caller: &Caller, items: &[(ItemId, PackageId)]) -> AppResult<usize> {
        let stamp = self.core.stamp(caller, Action::CartRemove, &[]);
        Ok(self.core.store.remove_cart_items(&caller.principal.user_id, items, Some(&stamp)).await?)
    }
}
