//! `/cart`.

use contract::cart::{AddCartItem, Cart, CartItem, Checkout, Export, ExportList, Revoked};
use futures::Stream;

use crate::{
    call::Call,
    client::Client,
    error::Result,
    paging::{Page, entries, pages},
};

impl Client {
    /// A page of the cart, oldest first.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn list_cart(&self, page: &Page) -> Result<Cart> {
        self.json(Call::get("read the cart", &["cart"]).query("limit", page.limit).query("cursor", page.cursor.as_deref())).await
    }

    /// All of the cart, oldest first.
    pub fn cart(&self) -> impl Stream<Item = Result<CartItem>> + Send + '_ {
        entries(pages(None, move |cursor| async move { self.list_cart(&Page::largest().at(cursor)).await }))
    }

    /// Empties the cart.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn empty_cart(&self) -> Result<()> {
        self.send(Call::delete("empty the cart", &["cart"])).await.map(drop)
    }

    /// Puts a package into the cart; one that is there already answers the same item.
    ///
    /// # Errors
    /// 404 for a package that is absent or hidden.
    pub async fn add_to_cart(&self, package: &str) -> Result<CartItem> {
        let body = AddCartItem { package_id: package.to_owned() };
        self.json(Call::post("add to the cart", &["cart", "items"]).json(&body).idempotent()).await
    }

    /// Reads an item.
    ///
    /// # Errors
    /// 404 for what is absent.
    pub async fn cart_item(&self, item: &str) -> Result<CartItem> {
        self.json(Call::get("read an item of the cart", &["cart", "items", item])).await
    }

    /// Takes an item out.
    ///
    /// # Errors
    /// 404 for what is absent.
    pub async fn remove_from_cart(&self, item: &str) -> Result<()> {
        self.send(Call::delete("remove from the cart", &["cart", "items", item])).await.map(drop)
    }

    /// Asks for an export of the cart.
    ///
    /// # Errors
    /// 422 for an empty cart or a life that the format can't have.
    pub async fn checkout(&self, checkout: &Checkout) -> Result<Export> {
        self.json(Call::post("check out", &["cart", "checkout"]).json(checkout).idempotent()).await
    }

    /// A page of exports, newest first.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn list_exports(&self, page: &Page) -> Result<ExportList> {
        self.json(Call::get("list exports", &["cart", "exports"]).query("limit", page.limit).query("cursor", page.cursor.as_deref())).await
    }

    /// All exports, newest first.
    pub fn exports(&self) -> impl Stream<Item = Result<Export>> + Send + '_ {
        entries(pages(None, move |cursor| async move { self.list_exports(&Page::largest().at(cursor)).await }))
    }

    /// Reads an export; while it is ready, with URLs of its manifests.
    ///
    /// # Errors
    /// 404 for what is absent.
    pub async fn export(&self, export: &str) -> Result<Export> {
        self.json(Call::get("read the export", &["cart", "exports", export])).await
    }

    /// Starts a failed export again.
    ///
    /// # Errors
    /// 409 unless it failed.
    pub async fn retry_export(&self, export: &str) -> Result<Export> {
        self.json(Call::post("start the export again", &["cart", "exports", export, "retry"])).await
    }

    /// Takes an export back.
    ///
    /// # Errors
    /// 404 for what is absent.
    pub async fn revoke_export(&self, export: &str) -> Result<Revoked> {
        let answer = self.send(Call::delete("revoke the export", &["cart", "exports", export])).await?;
        // Nothing is said when an attempt whose answer was lost revoked it.
        if answer.body.is_empty() { Ok(Revoked { id: export.to_owned(), urls_live_until: None }) } else { answer.json() }
    }
}
