//! `DELETE /cart/items/{item}`.

use axum::{extract::State, response::Response};
use domain::ItemId;
use web::{
    answer::{Answer, no_content},
    extract::{Id, SignedIn},
};

use crate::App;

/// Takes an item out of the caller's cart.
#[utoipa::path(
    delete, path = "/cart/items/{item}", tag = "cart",
    params(("item" = String, Path, description = "itm_…")),
    responses((status = 204, description = "Removed"))
)]
pub(crate) async fn remove_cart_item(State(app): State<App>, SignedIn(caller): SignedIn, Id(id): Id<ItemId>) -> Answer<Response> {
    app.cart.remove(&caller, id).await?;
    Ok(no_content())
}
