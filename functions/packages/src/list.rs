//! `GET /packages`.

use app::AppError;
use axum::{extract::State, response::Response};
use contract::packages::PackageList;
use domain::id::UserId;
use web::{
    answer::{Answer, ok},
    extract::{Query, SignedIn},
};

use crate::{App, wire};

/// Own packages, newest first; with `state=deleted` those whose deletion can be undone, and a page may be short. Everything
/// visible is `GET /search` with an empty `q`.
#[utoipa::path(
    get, path = "/packages", tag = "packages",
    params(
        ("owner" = Option<String>, Query, description = "For admins: another owner's user id"),
        ("state" = Option<String>, Query, description = "available (default) or deleted"),
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses((status = 200, description = "A page", body = PackageList))
)]
pub(crate) async fn list_packages(State(app): State<App>, SignedIn(caller): SignedIn, query: Query) -> Answer<Response> {
    let owner: Option<UserId> = query.parsed("owner")?;
    let paging = query.paging()?;
    let page = match query.one("state")? {
        None | Some("available") => app.packages.list(&caller, owner.as_ref(), &paging).await?,
        Some("deleted") => app.packages.list_deleted(&caller, owner.as_ref(), &paging).await?,
        Some(_) => return Err(AppError::bad_parameter("state", "must be available or deleted").into()),
    };
    let items = page.items.iter().map(|(package, actions)| wire::package(package, actions)).collect();
    Ok(ok(&PackageList { items, next_cursor: page.next_cursor }))
}
