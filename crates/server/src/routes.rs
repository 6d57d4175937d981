//! All routers behind one address, with sign-in beside them and the authorizer before them.

use std::{net::IpAddr, sync::Arc};

use app::profile::Deployment;
use async_trait::async_trait;
use axum::{
    Router,
    extract::{Request, State},
    http::HeaderValue,
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use domain::{
    PortError, PortErrorKind, PortResult, Principal,
    audit::Origin,
    id::UserId,
    ports::Ids,
    principal::{Role, Via},
};
use function_authorizer::Authorizer;
use runtime::configuration::Configuration;
use tracing::Instrument as _;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    authenticate,
    home::{BUCKET, Home, ObjectPorts},
    metrics::Metrics,
    sign_in::{self, Client, SignInConfig, SignInHook, SignInParts},
};

/// The whole HTTP surface.
pub(crate) fn router(
    home: &Arc<Home>,
    ports: &ObjectPorts,
    configuration: &Configuration,
    api_url: &str,
    metrics: &Metrics,
) -> anyhow::Result<Router> {
    let (api, _) = functions(home, ports, api_url).split_for_parts();
    let sign_in = SignInConfig { origin: api_url.to_owned(), clients: vec![Client::console(api_url), Client::command_line()] };
    let authorizer = authenticate::authorizer(home, &sign_in);
    let origins = vec![HeaderValue::from_str(api_url)?];
    let limits = &configuration.limits;
    let of_requests = web::Limits { body: limits.body_bytes, body_time: limits.body_time, time: limits.request_time };
    let edge = web::Edge::new(Arc::clone(&home.ids), origins, limits.concurrent_requests).with_limits(of_requests);
    let door = Door { authorizer, metrics: metrics.clone() };
    let api = web::finish(api, edge).layer(from_fn_with_state(Arc::new(door), enter));
    let sign_in = sign_in::router(SignInParts {
        config: sign_in,
        users: home.users.clone(),
        keys: Arc::clone(&home.signing_keys),
        hook: Arc::new(Project(Arc::clone(home))),
        clock: Arc::clone(&home.clock),
        ids: Arc::clone(&home.ids),
    })?;
    let reception = Reception { ids: Arc::clone(&home.ids), metrics: metrics.clone() };
    Ok(sign_in.layer(from_fn_with_state(Arc::new(reception), receive)).merge(api))
}

/// Before every route of the API.
struct Door {
    authorizer: Authorizer,
    metrics: Metrics,
}

async fn enter(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    door.metrics.observe(request, async |request| authenticate::authenticate(&door.authorizer, request, next).await).await
}

/// Before every route of sign-in.
struct Reception {
    ids: Arc<dyn Ids>,
    metrics: Metrics,
}

async fn receive(State(reception): State<Arc<Reception>>, request: Request, next: Next) -> Response {
    reception.metrics.observe(request, async |request| name_answer(reception.ids.as_ref(), request, next).await).await
}

/// Answers of sign-in have a request id too, by which people and logs can speak of them.
async fn name_answer(ids: &dyn Ids, request: Request, next: Next) -> Response {
    let request_id = format!("req_{}", ids.new_id());
    let span = tracing::info_span!("request", request.id = %request_id, http.method = %request.method());
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

fn functions(home: &Home, ports: &ObjectPorts, api_url: &str) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(function_packages::router(function_packages::Deps {
            tables: home.tables.clone(),
            jobs: home.jobs.clone(),
            cipher: home.cipher.clone(),
            clock: Arc::clone(&home.clock),
            ids: Arc::clone(&home.ids),
            objects: Arc::clone(&ports.objects),
            multipart: Arc::clone(&ports.multipart),
            bucket: BUCKET.to_owned(),
        }))
        .merge(function_search::router(function_search::Deps {
            tables: home.tables.clone(),
            jobs: home.jobs.clone(),
            cipher: home.cipher.clone(),
            clock: Arc::clone(&home.clock),
            ids: Arc::clone(&home.ids),
            index: home.search.clone(),
        }))
        .merge(function_cart::router(function_cart::Deps {
            tables: home.tables.clone(),
            jobs: home.jobs.clone(),
            cipher: home.cipher.clone(),
            clock: Arc::clone(&home.clock),
            ids: Arc::clone(&home.ids),
            objects: Arc::clone(&ports.objects),
            bucket: BUCKET.to_owned(),
        }))
        .merge(function_profile::router(function_profile::Deps {
            tables: home.tables.clone(),
            jobs: home.jobs.clone(),
            cipher: home.cipher.clone(),
            secrets_cipher: home.cipher.clone(),
            clock: Arc::clone(&home.clock),
            ids: Arc::clone(&home.ids),
            groups: Arc::new(home.users.clone()),
            user_records: Arc::new(home.users.clone()),
            deployment: Deployment::at(api_url),
        }))
}

/// The principal row follows the directory at every sign-in, refresh and sign-out.
struct Project(Arc<Home>);

#[async_trait]
impl SignInHook for Project {
    async fn signed_in(&self, user_id: &UserId) -> PortResult<()> {
        self.0.people.sign_in(user_id, &Origin::default()).await.map(drop).map_err(|error| withheld("sign_in.signed_in", error))
    }

    async fn renewed(&self, user_id: &UserId) -> PortResult<()> {
        self.0.people.renew_session(user_id).await.map(drop).map_err(|error| withheld("sign_in.renewed", error))
    }

    async fn refused(&self, address: IpAddr, reason: &str) -> PortResult<()> {
        let origin = Origin { source_ip: Some(address.to_string()), ..Origin::default() };
        self.0.people.sign_in_refused(None, &origin, reason).await.map_err(|error| withheld("sign_in.refused", error))
    }

    async fn signed_out(&self, user_id: &UserId) -> PortResult<()> {
        let principal =
            Principal { user_id: user_id.clone(), role: Role::Member, groups: std::collections::BTreeSet::new(), via: Via::Session };
        let caller = app::Caller { principal, origin: Origin::default() };
        self.0.people.sign_out(&caller).await.map_err(|error| withheld("sign_in.signed_out", error))
    }
}

fn withheld(operation: &'static str, error: app::AppError) -> PortError {
    let kind = if error.kind() == app::ErrorKind::Forbidden { PortErrorKind::PermissionDenied } else { PortErrorKind::Unavailable };
    PortError::new(kind, operation).because(error)
}
