//! The OpenID Connect issuer of one machine: code flow with PKCE for public clients, over the people of `embedded::users`.
//!
//! Endpoints stand below `/sign-in`, discovery and keys below `/.well-known`. The pages work without JavaScript.

mod authorize;
mod claims;
mod cookies;
mod discovery;
mod keys;
mod limits;
mod new_password;
mod pages;
mod password;
mod request;
mod respond;
mod revoke;
mod sign_out;
mod token;
mod userinfo;

use std::{net::IpAddr, sync::Arc};

use async_trait::async_trait;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, Method, header},
    routing::{get, post},
};
use domain::{
    PortError, PortErrorKind, PortResult,
    id::UserId,
    ports::{Clock, Ids},
};
use embedded::{
    oidc::{OidcConfig, OidcTokenVerifier, SigningAlgorithm},
    users::Users,
};
use tower_http::cors::{Any, CorsLayer};
use url::Url;

pub use keys::SigningKeys;

/// A program that people may sign in to. All are public: none can keep a secret, so PKCE protects the code.
#[derive(Clone, Debug)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// What people read on the sign-in page.
    pub name: String,
    /// To where codes may be sent; compared byte by byte.
    pub redirect_uris: Vec<String>,
    /// To where a browser may be sent after sign-out; compared byte by byte.
    pub post_logout_redirect_uris: Vec<String>,
}

impl Client {
    /// The ports on which the command line waits for its code (RFC 8252, section 7.3): three, for one may be taken.
    pub const LOOPBACK_PORTS: [u16; 3] = [8971, 8972, 8973];

    /// The console that is served at `origin`.
    #[must_use]
    pub fn console(origin: &str) -> Self {
        let root = format!("{origin}/");
        Self {
            id: "console".to_owned(),
            name: "Data lake console".to_owned(),
            redirect_uris: vec![root.clone(), format!("{origin}/callback")],
            post_logout_redirect_uris: vec![root],
        }
    }

    /// The command line.
    #[must_use]
    pub fn command_line() -> Self {
        Self {
            id: "datalake-cli".to_owned(),
            name: "Data lake command line".to_owned(),
            redirect_uris: Self::LOOPBACK_PORTS.iter().map(|port| format!("http://127.0.0.1:{port}/callback")).collect(),
            post_logout_redirect_uris: Vec::new(),
        }
    }
}

/// How the issuer is set up.
#[derive(Clone, Debug)]
pub struct SignInConfig {
    /// Scheme, host and port under which browsers reach the API, without a slash at the end; also the issuer's name (`iss`).
    pub origin: String,
    /// The programs that people may sign in to.
    pub clients: Vec<Client>,
}

/// What the product does when people come and go: it writes the principal row, by which requests are authorised.
#[async_trait]
pub trait SignInHook: Send + Sync {
    /// Before tokens are given at sign-in. An error withholds them.
    async fn signed_in(&self, user_id: &UserId) -> PortResult<()>;

    /// Before tokens are given at a refresh. An error withholds them.
    async fn renewed(&self, user_id: &UserId) -> PortResult<()>;

    /// When somebody at this address was refused, by what reason: it is audited, and never withholds the answer.
    async fn refused(&self, address: IpAddr, reason: &str) -> PortResult<()>;

    /// After the person has signed out.
    async fn signed_out(&self, user_id: &UserId) -> PortResult<()>;
}

/// What the issuer needs.
pub struct SignInParts {
    /// How it is set up.
    pub config: SignInConfig,
    /// The people.
    pub users: Users,
    /// What it signs with.
    pub keys: Arc<SigningKeys>,
    /// What the product does when people come and go.
    pub hook: Arc<dyn SignInHook>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and random bytes.
    pub ids: Arc<dyn Ids>,
}

/// The state that the handlers share.
struct State {
    config: SignInConfig,
    users: Users,
    keys: Arc<SigningKeys>,
    hook: Arc<dyn SignInHook>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    verifier: OidcTokenVerifier,
    addresses: limits::Addresses,
    forms: cookies::Forms,
}

type Shared = axum::extract::State<Arc<State>>;

impl State {
    fn client(&self, id: &str) -> Option<&Client> {
        self.config.clients.iter().find(|client| client.id == id)
    }

    fn is_secure(&self) -> bool {
        self.config.origin.starts_with("https://")
    }
}

/// The verifier of this issuer's access tokens: the code that verifies Cognito's, with the keys handed over in the process.
#[must_use]
pub fn verifier(config: &SignInConfig, keys: Arc<SigningKeys>, clock: Arc<dyn Clock>) -> OidcTokenVerifier {
    let oidc = OidcConfig {
        issuer: config.origin.clone(),
        client_ids: config.clients.iter().map(|client| client.id.clone()).collect(),
        algorithms: vec![SigningAlgorithm::Rs256],
    };
    OidcTokenVerifier::new(oidc, keys, clock)
}

/// The issuer's routes. Serve them with `into_make_service_with_connect_info::<SocketAddr>()`: limits are per address.
///
/// # Errors
/// `InvalidArgument` if the origin or a client's URI isn't an `http` or `https` URL, or the origin has more than scheme, host and port.
pub fn router(parts: SignInParts) -> PortResult<Router> {
    check(&parts.config)?;
    let verifier = verifier(&parts.config, Arc::clone(&parts.keys), Arc::clone(&parts.clock));
    let state = State {
        addresses: limits::Addresses::new(Arc::clone(&parts.clock)),
        forms: cookies::Forms::new(parts.ids.as_ref()),
        config: parts.config,
        users: parts.users,
        keys: parts.keys,
        hook: parts.hook,
        clock: parts.clock,
        ids: parts.ids,
        verifier,
    };
    Ok(routes().with_state(Arc::new(state)))
}

fn routes() -> Router<Arc<State>> {
    // What programs call may be called by pages of any origin: nothing there is authorised by a cookie.
    let programs = Router::new()
        .route("/.well-known/openid-configuration", get(discovery::document))
        .route("/.well-known/jwks.json", get(discovery::keys))
        .route("/sign-in/token", post(token::exchange))
        .route("/sign-in/revoke", post(revoke::revoke))
        .route("/sign-in/userinfo", get(userinfo::show).post(userinfo::show))
        .layer(CorsLayer::new().allow_origin(Any).allow_methods([Method::GET, Method::POST]).allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("x-requested-with"),
        ]));
    let people = Router::new()
        .route("/sign-in/authorize", get(authorize::show).post(authorize::by_form))
        .route("/sign-in/password", get(password::again).post(password::submit))
        .route("/sign-in/new-password", get(new_password::show).post(new_password::submit))
        .route("/sign-in/end-session", get(sign_out::by_link).post(sign_out::by_form))
        .route("/sign-in/style.css", get(pages::style));
    programs.merge(people).layer(DefaultBodyLimit::max(16 * 1024))
}

fn check(config: &SignInConfig) -> PortResult<()> {
    let invalid =
        |what: &str, uri: &str| PortError::new(PortErrorKind::InvalidArgument, "sign_in.router").with("what", what).with("uri", uri);
    let origin = web_url(&config.origin).ok_or_else(|| invalid("origin", &config.origin))?;
    if origin.origin().ascii_serialization() != config.origin {
        return Err(invalid("origin", &config.origin));
    }
    for client in &config.clients {
        for uri in client.redirect_uris.iter().chain(&client.post_logout_redirect_uris) {
            web_url(uri).filter(|url| url.fragment().is_none()).ok_or_else(|| invalid("client's URI", uri))?;
        }
    }
    Ok(())
}

fn web_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}
