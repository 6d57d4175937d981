//! The cart: packages that a person means to export.

mod add;
mod list;
mod remove;

use domain::{
    ItemId, Principal,
    access::{Action, Resource, decide},
    cart::CartItem,
    package::Package,
};

use crate::{
    core::{Caller, Core},
    error::{AppError, AppResult},
};

/// Use cases about the caller's own cart.
#[derive(Clone)]
pub struct Cart {
    core: Core,
}

/// An item as its owner sees it.
#[derive(Clone, Debug)]
pub struct CartEntry {
    /// The item.
    pub item: CartItem,
    /// Its package, while the caller may have it: without, nothing of it is told, and an export leaves it out.
    pub package: Option<Package>,
}

impl CartEntry {
    fn new(principal: &Principal, item: CartItem, package: Option<Package>) -> Self {
        let seen = |package: &Package| decide(principal, Action::ExportPackage, Resource::Package(package.into())).is_ok();
        Self { item, package: package.filter(seen) }
    }

    /// Whether the caller may still see the package.
    #[must_use]
    pub fn visible(&self) -> bool {
        self.package.is_some()
    }
}

impl Cart {
    /// Over the core.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    async fn authorise(&self, caller: &Caller, action: Action) -> AppResult<()> {
        self.core.authorise(caller, action, Resource::User(&caller.principal.user_id)).await
    }

    async fn item(&self, caller: &Caller, id: ItemId) -> AppResult<CartItem> {
        let items = self.core.store.cart_items(&caller.principal.user_id).await?;
        items.into_iter().find(|item| item.id == id).ok_or_else(|| AppError::not_found("cart item"))
    }
}
