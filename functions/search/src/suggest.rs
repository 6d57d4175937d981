//! `GET /search/suggest`.

use axum::{extract::State, response::Response};
use contract::search::Suggestions;
use web::{
    answer::{Answer, ok},
    extract::{Query, SignedIn},
};

use crate::App;

/// Completions of the last word, from what the caller sees only.
#[utoipa::path(
    get, path = "/search/suggest", tag = "search",
    params(("q" = Option<String>, Query, description = "What was typed so far")),
    responses((status = 200, description = "Words", body = Suggestions))
)]
pub(crate) async fn suggest(State(app): State<App>, SignedIn(caller): SignedIn, query: Query) -> Answer<Response> {
    let items = app.search.suggest(&caller, query.one("q")?.unwrap_or_default()).await?;
    Ok(ok(&Suggestions { items }))
}
