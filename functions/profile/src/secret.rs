//! `POST /profile/api-keys/{access_key_id}/secret`.

use axum::{extract::State, response::Response};
use contract::profile::ApiKeySecret;
use domain::id::AccessKeyId;
use secrecy::ExposeSecret as _;
use web::{
    answer::{Answer, ok},
    extract::{Id, SignedIn},
};

use crate::App;

/// Makes a new secret for an own API key, shown this once; the old one stops at once.
#[utoipa::path(
    post, path = "/profile/api-keys/{access_key_id}/secret", tag = "profile",
    params(("access_key_id" = String, Path, description = "DLAK…")),
    responses((status = 200, description = "The secret", body = ApiKeySecret))
)]
pub(crate) async fn rotate_api_key(State(app): State<App>, SignedIn(caller): SignedIn, Id(id): Id<AccessKeyId>) -> Answer<Response> {
    let secret = app.identity.rotate_secret(&caller, &id).await?;
    Ok(ok(&ApiKeySecret { access_key_id: id.to_string(), secret_access_key: secret.expose_secret().to_owned() }))
}
