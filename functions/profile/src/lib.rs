//! Routes below `/profile`, `/healthz` and `/openapi.json`.

mod api_keys;
mod groups;
mod health;
mod openapi;
mod people;
mod read;
mod secret;

use std::sync::Arc;

use app::{
    Core,
    identity::Identity,
    profile::{Deployment, Profile},
};
use domain::ports::{Cipher, Clock, Groups, Ids, Jobs, Tables, UserRecords};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The ports that this function uses; its policy in the cloud has the same list.
pub struct Deps {
    /// Keys; settings to read.
    pub tables: Arc<dyn Tables>,
    /// The audit queue.
    pub jobs: Arc<dyn Jobs>,
    /// For the cursors' key.
    pub cipher: Arc<dyn Cipher>,
    /// For what the users' secrets are derived from: another key in the cloud.
    pub secrets_cipher: Arc<dyn Cipher>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn Ids>,
    /// Groups, for admins.
    pub groups: Arc<dyn Groups>,
    /// What secrets are derived from.
    pub user_records: Arc<dyn UserRecords>,
    /// What the deployment tells about itself.
    pub deployment: Deployment,
}

/// Shared, for each request takes a copy.
type App = Arc<UseCases>;

struct UseCases {
    profile: Profile,
    identity: Identity,
    version: String,
}

/// The router of this prefix.
pub fn router(deps: Deps) -> OpenApiRouter {
    let Deps { tables, jobs, cipher, secrets_cipher, clock, ids, groups, user_records, deployment } = deps;
    let secrets = Core::new(tables.clone(), jobs.clone(), secrets_cipher, clock.clone(), ids.clone());
    let core = Core::new(tables, jobs, cipher, clock, ids);
    let version = deployment.version.clone();
    let app = UseCases { profile: Profile::new(core, groups, deployment), identity: Identity::new(secrets, user_records), version };
    OpenApiRouter::new()
        .routes(routes!(read::read_profile))
        .routes(routes!(groups::list_profile_groups))
        .routes(routes!(people::list_people))
        .routes(routes!(api_keys::list_api_keys))
        .routes(routes!(secret::rotate_api_key))
        .routes(routes!(health::health))
        .routes(routes!(openapi::openapi))
        .with_state(Arc::new(app))
}
