//! `GET /packages/{id}/history`.

use axum::{extract::State, response::Response};
use contract::packages::HistoryList;
use domain::PackageId;
use web::{
    answer::{Answer, ok},
    extract::{Id, Query, SignedIn},
};

use crate::{App, wire};

/// Who did what to a package, newest first; it follows the changes by a moment.
#[utoipa::path(
    get, path = "/packages/{id}/history", tag = "packages",
    params(
        ("id" = String, Path, description = "pkg_…"),
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses((status = 200, description = "A page", body = HistoryList))
)]
pub(crate) async fn list_history(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Id(id): Id<PackageId>,
    query: Query,
) -> Answer<Response> {
    let page = app.packages.history(&caller, id, &query.paging()?).await?;
    Ok(ok(&HistoryList { items: page.items.iter().map(wire::history).collect(), next_cursor: page.next_cursor }))
}
