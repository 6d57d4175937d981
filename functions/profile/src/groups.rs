//! `GET /profile/groups`.

use axum::{extract::State, response::Response};
use contract::profile::{Group, GroupList};
use web::{
    answer::{Answer, ok},
    extract::{Query, SignedIn},
};

use crate::App;

/// Groups that the caller may share with: the own ones; for an admin, all.
#[utoipa::path(
    get, path = "/profile/groups", tag = "profile",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses((status = 200, description = "A page", body = GroupList))
)]
pub(crate) async fn list_profile_groups(State(app): State<App>, SignedIn(caller): SignedIn, query: Query) -> Answer<Response> {
    let page = app.profile.groups(&caller, &query.paging()?).await?;
    let items = page.items.iter().map(|name| Group { name: name.to_string() }).collect();
    Ok(ok(&GroupList { items, next_cursor: page.next_cursor }))
}
