//! `GET /profile/api-keys`.

use axum::{extract::State, response::Response};
use contract::profile::{ApiKey, ApiKeyList};
use web::{
    answer::{Answer, ok},
    extract::{Query, SignedIn},
};

use crate::App;

/// The caller's API keys, without secrets.
#[utoipa::path(
    get, path = "/profile/api-keys", tag = "profile",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 200, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses((status = 200, description = "A page", body = ApiKeyList))
)]
pub(crate) async fn list_api_keys(State(app): State<App>, SignedIn(caller): SignedIn, query: Query) -> Answer<Response> {
    let page = app.profile.api_keys(&caller, &query.paging()?).await?;
    Ok(ok(&ApiKeyList { items: page.items.iter().map(wire).collect(), next_cursor: page.next_cursor }))
}

fn wire(key: &domain::api_key::ApiKey) -> ApiKey {
    ApiKey {
        access_key_id: key.access_key_id.to_string(),
        status: if key.active { "active" } else { "inactive" }.to_owned(),
        scope: if key.scope.read_only { "read" } else { "full" }.to_owned(),
        packages: key.scope.packages.as_ref().map(|packages| packages.iter().map(ToString::to_string).collect()),
        has_secret: key.salt.is_some(),
        created_at: key.created_at.to_string(),
        last_used_at: key.last_used_at.map(|time| time.to_string()),
        expires_at: key.expires_at.map(|time| time.to_string()),
    }
}
