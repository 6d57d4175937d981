//! `GET /profile`.

use axum::{extract::State, response::Response};
use contract::profile::Profile;
use web::{
    answer::{Answer, ok},
    extract::SignedIn,
};

use crate::App;

/// Who the caller is and what this deployment can do.
#[utoipa::path(get, path = "/profile", tag = "profile", responses((status = 200, description = "The caller", body = Profile)))]
pub(crate) async fn read_profile(State(app): State<App>, SignedIn(caller): SignedIn) -> Answer<Response> {
    let view = app.profile.read(&caller).await?;
    Ok(ok(&Profile {
        user_id: view.user_id.to_string(),
        name: view.name,
        email: view.email,
        role: view.role.name().to_owned(),
        groups: view.groups.iter().map(ToString::to_string).collect(),
        endpoint: view.deployment.endpoint,
        version: view.deployment.version,
        capabilities: view.deployment.capabilities,
    }))
}
