//! `GET /healthz`.

use axum::{extract::State, response::Response};
use contract::health::Health;
use web::answer::{Answer, ok};

use crate::App;

/// Whether the service answers. Needs no sign-in.
#[utoipa::path(get, path = "/healthz", tag = "profile", responses((status = 200, description = "It does", body = Health)))]
pub(crate) async fn health(State(app): State<App>) -> Answer<Response> {
    Ok(ok(&Health { status: "ok".to_owned(), version: app.version.clone() }))
}
