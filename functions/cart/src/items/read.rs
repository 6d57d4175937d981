//! `GET /cart/items/{item}`.

use axum::{extract::State, response::Response};
use contract::cart::CartItem;
use domain::ItemId;
use web::{
    answer::{Answer, ok},
    extract::{Id, SignedIn},
};

use crate::{App, wire};

/// One item of the caller's cart.
#[utoipa::path(
    get, path = "/cart/items/{item}", tag = "cart",
    params(("item" = String, Path, description = "itm_…")),
    responses((status = 200, description = "The item", body = CartItem))
)]
pub(crate) async fn read_cart_item(State(app): State<App>, SignedIn(caller): SignedIn, Id(id): Id<ItemId>) -> Answer<Response> {
    Ok(ok(&wire::item(&app.cart.read(&caller, id).await?)))
}
