//! `POST /cart/items`.

use domain::{
    ItemId, PackageId, PortError, PortErrorKind,
    access::Action,
    cart::{CartItem, ITEMS_PER_CART},
};

use super::{Cart, CartEntry};
use crate::{
    core::Caller,
    error::{AppError, AppResult, ErrorKind},
    store::Added,
};

impl Cart {
    /// Puts a package into the caller's cart and says whether it is new there; twice is the same item.
    ///
    /// # Errors
    /// 404 for a package that is absent or hidden; 409 `cart_full`.
    pub async fn add(&self, caller: &Caller, package_id: PackageId) -> AppResult<(CartEntry, bool)> {
        let package = self.core.authorised_package(caller, Action::CartAdd, package_id).await?;
        let user_id = &caller.principal.user_id;
        // Read first: an item that is there is the answer even in a full cart, and nothing is written for it.
        let added = match self.core.store.cart_item_with(user_id, package_id).await? {
            Some(present) => Added::Present(present),
            None => {
                let id = ItemId::new(self.core.ids.new_id());
                let item = CartItem { id, user_id: user_id.clone(), package_id, added_at: self.core.now() };
                let stamp = self.core.stamp(caller, Action::CartAdd, &[]);
                self.core.store.add_cart_item(&item, &stamp).await.map_err(between)?
            }
        };
        let (item, new) = match added {
            Added::New(item) => (item, true),
            Added::Present(item) => (item, false),
            Added::Full => {
                let message = format!("The cart holds {ITEMS_PER_CART} packages already. Check out or remove some first.");
                return Err(AppError::new(ErrorKind::Conflict, "cart_full", message));
            }
        };
        Ok((CartEntry::new(&caller.principal, item, Some(package)), new))
    }
}

/// Another request put the same package in and took it out again at the same moment.
fn between(error: PortError) -> AppError {
    if error.is(PortErrorKind::PreconditionFailed) { AppError::busy() } else { error.into() }
}
