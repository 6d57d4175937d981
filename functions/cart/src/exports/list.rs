//! `GET /cart/exports`.

use axum::{extract::State, response::Response};
use contract::cart::ExportList;
use web::{
    answer::{Answer, ok},
    extract::{Query, SignedIn},
};

use crate::{App, wire};

/// The caller's exports, newest first.
#[utoipa::path(
    get, path = "/cart/exports", tag = "cart",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses((status = 200, description = "A page", body = ExportList))
)]
pub(crate) async fn list_exports(State(app): State<App>, SignedIn(caller): SignedIn, query: Query) -> Answer<Response> {
    let page = app.exports.list(&caller, &query.paging()?).await?;
    Ok(ok(&ExportList { items: page.items.iter().map(wire::export).collect(), next_cursor: page.next_cursor }))
}
