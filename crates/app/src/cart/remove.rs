//! `DELETE /cart/items/{itm}` and `DELETE /cart`.

use domain::{
    ItemId, PackageId,
    access::{Action, HoldingFacts, Resource},
};

use super::Cart;
use crate::{
    core::Caller,
    error::{AppError, AppResult},
};

impl Cart {
    /// Takes an item out of the caller's cart.
    ///
    /// # Errors
    /// 404 if it is not in there; 403 for a key that is narrowed to other packages.
    pub async fn remove(&self, caller: &Caller, id: ItemId) -> AppResult<()> {
        self.authorise(caller, Action::CartRemove).await?;
        let item = self.item(caller, id).await?;
        self.authorise_removal(caller, &[item.package_id]).await?;
        match self.take_out(caller, &[(item.id, item.package_id)]).await? {
            0 => Err(AppError::not_found("cart item")),
            _ => Ok(()),
        }
    }

    /// Empties the caller's cart; an empty one stays as it is.
    ///
    /// # Errors
    /// 403 for a key that is narrowed to fewer packages than are in there. When the tables don't answer; some items may be
    /// out then.
    pub async fn empty(&self, caller: &Caller) -> AppResult<()> {
        self.authorise(caller, Action::CartRemove).await?;
        let items = self.core.store.cart_items(&caller.principal.user_id).await?;
        let items: Vec<(ItemId, PackageId)> = items.into_iter().map(|item| (item.id, item.package_id)).collect();
        let packages: Vec<PackageId> = items.iter().map(|(_, package_id)| *package_id).collect();
        self.authorise_removal(caller, &packages).await?;
        self.take_out(caller, &items).await?;
        Ok(())
    }

    async fn authorise_removal(&self, caller: &Caller, packages: &[PackageId]) -> AppResult<()> {
        let user = &caller.principal.user_id;
        let holding = HoldingFacts { id: user.as_str(), user, packages };
        self.core.authorise(caller, Action::CartRemove, Resource::Holding(holding)).await
    }

    async fn take_out(&self, caller: &Caller, items: &[(ItemId, PackageId)]) -> AppResult<usize> {
        let stamp = self.core.stamp(caller, Action::CartRemove, &[]);
        Ok(self.core.store.remove_cart_items(&caller.principal.user_id, items, Some(&stamp)).await?)
    }
}
