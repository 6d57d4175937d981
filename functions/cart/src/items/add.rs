//! `POST /cart/items`.

use app::AppError;
use axum::{extract::State, response::Response};
use contract::cart::{AddCartItem, CartItem};
use domain::PackageId;
use web::{
    answer::{Answer, created, ok},
    extract::{SignedIn, ValidJson},
};

use crate::{App, wire};

/// Puts a visible package into the caller's cart; twice is the same item.
#[utoipa::path(
    post, path = "/cart/items", tag = "cart", request_body = AddCartItem,
    responses(
        (status = 200, description = "It was there already", body = CartItem),
        (status = 201, description = "Added; Location tells where", body = CartItem),
    )
)]
pub(crate) async fn add_cart_item(State(app): State<App>, SignedIn(caller): SignedIn, body: ValidJson<AddCartItem>) -> Answer<Response> {
    let package_id: PackageId =
        body.value.package_id.parse().map_err(|why: domain::Invalid| AppError::invalid(vec![why.at("/package_id")]))?;
    let (entry, new) = app.cart.add(&caller, package_id).await?;
    let item = wire::item(&entry);
    Ok(if new { created(&format!("/cart/items/{}", item.id), &item) } else { ok(&item) })
}
