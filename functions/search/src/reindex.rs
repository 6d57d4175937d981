//! `POST /search/reindex` and `GET /search/reindex`.

use axum::{extract::State, http::HeaderMap, response::Response};
use contract::search::Reindex;
use domain::access::Action;
use web::{
    answer::{Answer, accepted, ok},
    extract::{SignedIn, idempotency_key},
};

use crate::App;

const PATH: &str = "/search/reindex";

/// Has the whole index built anew; for administrators. The old one answers searches until the new one stands, which then has
/// everything that was written meanwhile. One rebuild runs at a time: while it does, this is 409 `reindex_running`. One that came
/// no further for an hour is replaced.
#[utoipa::path(
    post, path = "/search/reindex", tag = "search",
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat within 24 hours begins no other rebuild, and answers how far the last one is")),
    responses((status = 202, description = "Accepted; Location tells how far it is", body = Reindex))
)]
pub(crate) async fn start_reindex(State(app): State<App>, SignedIn(caller): SignedIn, headers: HeaderMap) -> Answer<Response> {
    let key = idempotency_key(&headers, &caller, Action::SearchReindex, PATH, b"")?;
    let reindex = app.search.start_reindex(&caller, key.as_ref()).await?;
    Ok(accepted(PATH, &wire(&reindex)))
}

/// How far the rebuild of the index is, or how the last one ended; for administrators. 404 if there never was one.
#[utoipa::path(
    get, path = "/search/reindex", tag = "search",
    responses((status = 200, description = "The last rebuild", body = Reindex))
)]
pub(crate) async fn read_reindex(State(app): State<App>, SignedIn(caller): SignedIn) -> Answer<Response> {
    Ok(ok(&wire(&app.search.reindex(&caller).await?)))
}

fn wire(reindex: &domain::reindex::Reindex) -> Reindex {
    Reindex {
        state: reindex.state.name().to_owned(),
        done: reindex.done,
        total: reindex.total,
        failed: reindex.failed,
        failure: reindex.failure.clone(),
        started_by: reindex.started_by.as_ref().map(ToString::to_string),
        started_at: reindex.started_at.to_string(),
        updated_at: reindex.updated_at.to_string(),
    }
}
