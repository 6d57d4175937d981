//! `GET /profile/people`.

use axum::{extract::State, response::Response};
use contract::profile::{PeopleList, Person};
use web::{
    answer::{Answer, ok},
    extract::{Query, SignedIn},
};

use crate::App;

/// People by the beginning of their name, to hand a package over.
#[utoipa::path(
    get, path = "/profile/people", tag = "profile",
    params(
        ("q" = Option<String>, Query, description = "The beginning of the name"),
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses((status = 200, description = "A page", body = PeopleList))
)]
pub(crate) async fn list_people(State(app): State<App>, SignedIn(caller): SignedIn, query: Query) -> Answer<Response> {
    let page = app.profile.people(&caller, query.one("q")?.unwrap_or_default(), &query.paging()?).await?;
    let items = page.items.into_iter().map(|person| Person { user_id: person.user_id.to_string(), name: person.name }).collect();
    Ok(ok(&PeopleList { items, next_cursor: page.next_cursor }))
}
