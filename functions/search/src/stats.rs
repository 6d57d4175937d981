//! `GET /search/stats`.

use axum::{extract::State, response::Response};
use contract::search::Statistics;
use web::{
    answer::{Answer, ok},
    extract::SignedIn,
};

use crate::App;

/// Counts of what the caller sees.
#[utoipa::path(get, path = "/search/stats", tag = "search", responses((status = 200, description = "The counts", body = Statistics)))]
pub(crate) async fn search_stats(State(app): State<App>, SignedIn(caller): SignedIn) -> Answer<Response> {
    let stats = app.search.stats(&caller).await?;
    Ok(ok(&Statistics {
        owned: stats.owned,
        visible: stats.visible,
        datasets: stats.datasets,
        bytes: stats.bytes,
        growth: stats.growth,
        formats: stats.formats,
    }))
}
