//! `DELETE /cart`.

use axum::{extract::State, response::Response};
use web::{
    answer::{Answer, no_content},
    extract::SignedIn,
};

use crate::App;

/// Empties the caller's cart.
#[utoipa::path(delete, path = "/cart", tag = "cart", responses((status = 204, description = "Empty")))]
pub(crate) async fn empty_cart(State(app): State<App>, SignedIn(caller): SignedIn) -> Answer<Response> {
    app.cart.empty(&caller).await?;
    Ok(no_content())
}
