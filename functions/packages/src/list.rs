//! `GET /packages`.

use axum::{extract::State, response::Response};
use contract::packages::PackageList;
use domain::id::UserId;
use web::{
    answer::{Answer, ok},
    extract::{Query, SignedIn},
};

use crate::{App, wire};

/// Own packages, newest first. Everything visible is `GET /search` with an empty `q`.
#[utoipa::path(
    get, path = "/packages", tag = "packages",
    params(
        ("owner" = Option<String>, Query, description = "For admins: another owner's user id"),
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses((status = 200, description = "A page", body = PackageList))
)]
pub(crate) async fn list_packages(State(app): State<App>, SignedIn(caller): SignedIn, query: Query) -> Answer<Response> {
    let owner: Option<UserId> = query.parsed("owner")?;
    let page = app.packages.list(&caller, owner.as_ref(), &query.paging()?).await?;
    let items = page.items.iter().map(|(package, actions)| wire::package(package, actions)).collect();
    Ok(ok(&PackageList { items, next_cursor: page.next_cursor }))
}
