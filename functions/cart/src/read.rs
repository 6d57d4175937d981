//! `GET /cart`.

use axum::{extract::State, response::Response};
use contract::cart::Cart;
use web::{
    answer::{Answer, ok},
    extract::{Query, SignedIn},
};

use crate::{App, wire};

/// The caller's cart, oldest item first; packages that are no longer visible are marked.
#[utoipa::path(
    get, path = "/cart", tag = "cart",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses((status = 200, description = "A page", body = Cart))
)]
pub(crate) async fn read_cart(State(app): State<App>, SignedIn(caller): SignedIn, query: Query) -> Answer<Response> {
    let page = app.cart.list(&caller, &query.paging()?).await?;
    Ok(ok(&Cart { items: page.items.iter().map(wire::item).collect(), next_cursor: page.next_cursor }))
}
