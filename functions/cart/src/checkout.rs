//! `POST /cart/checkout`.

use app::exports::Checkout as Entered;
use axum::{extract::State, http::HeaderMap, response::Response};
use contract::cart::{Checkout, Export};
use domain::access::Action;
use web::{
    answer::{Answer, accepted},
    extract::{SignedIn, ValidJson, idempotency_key},
};

use crate::{App, wire};

/// Checks out the cart: its items stay until the export is ready.
#[utoipa::path(
    post, path = "/cart/checkout", tag = "cart", request_body = Checkout,
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat within 24 hours answers the first result")),
    responses((status = 202, description = "Accepted; Location tells where its state is", body = Export))
)]
pub(crate) async fn checkout(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    headers: HeaderMap,
    body: ValidJson<Checkout>,
) -> Answer<Response> {
    let key = idempotency_key(&headers, &caller, Action::ExportCreate, "/cart/checkout", &body.bytes)?;
    let Checkout { format, items, paths, expires_in } = body.value;
    let entered = Entered { format, items, paths: paths.unwrap_or_default(), expires_in };
    let export = app.exports.checkout(&caller, &entered, key.as_ref()).await?;
    Ok(accepted(&format!("/cart/exports/{}", export.id), &wire::export(&export)))
}
