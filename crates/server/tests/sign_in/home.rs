//! A running issuer with people.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use aws_lc_rs::digest;
use axum::{
    extract::{ConnectInfo, Request},
    middleware::map_request,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use datalake_server::sign_in::{Client, SignInConfig, SignInHook, SignInParts, SigningKeys, router, verifier};
use domain::{
    PortError, PortErrorKind, PortResult,
    id::UserId,
    ports::{Directory, Invitation, TokenVerifier, VerifiedToken},
    principal::Role,
};
use embedded::{oidc::OidcTokenVerifier, users::Users};
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use testkit::{FixedClock, SequentialIds};
use url::form_urlencoded;

use crate::browser::{Browser, Page, parameter};

pub(crate) const PASSWORD: &str = "seven boats on a quiet lake";
pub(crate) const EMAIL: &str = "ada@example.org";
pub(crate) const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters";
pub(crate) const CALLBACK: &str = "http://127.0.0.1:8971/callback";

/// Remembers who came and went; fails on demand.
#[derive(Default)]
pub(crate) struct Diary {
    pub(crate) entries: Mutex<Vec<String>>,
    pub(crate) broken: Mutex<bool>,
}

#[async_trait]
impl SignInHook for Diary {
    async fn signed_in(&self, user_id: &UserId) -> PortResult<()> {
        if *self.broken.lock().expect("no panic") {
            return Err(PortError::new(PortErrorKind::Unavailable, "test.signed_in"));
        }
        self.entries.lock().expect("no panic").push(format!("in {user_id}"));
        Ok(())
    }

    async fn renewed(&self, user_id: &UserId) -> PortResult<()> {
        if *self.broken.lock().expect("no panic") {
            return Err(PortError::new(PortErrorKind::Unavailable, "test.signed_in"));
        }
        self.entries.lock().expect("no panic").push(format!("in {user_id}"));
        Ok(())
    }

    async fn refused(&self, _: IpAddr, reason: &str) -> PortResult<()> {
        self.entries.lock().expect("no panic").push(format!("refused: {reason}"));
        Ok(())
    }

    async fn signed_out(&self, user_id: &UserId) -> PortResult<()> {
        self.entries.lock().expect("no panic").push(format!("out {user_id}"));
        Ok(())
    }
}

pub(crate) struct Home {
    pub(crate) origin: String,
    pub(crate) users: Users,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) keys: Arc<SigningKeys>,
    pub(crate) diary: Arc<Diary>,
    pub(crate) verifier: OidcTokenVerifier,
    server: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Drop for Home {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Each request comes from the address that it names, as if from another machine.
async fn told_address(mut request: Request) -> Request {
    let told = request.headers().get("x-forwarded-for").map(|value| value.to_str().expect("text").parse::<IpAddr>().expect("an address"));
    if let Some(address) = told {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, 0)));
    }
    request
}

/// The answer of the token endpoint.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) id: String,
    pub(crate) refresh: String,
}

impl Home {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (clock, ids) = (Arc::new(FixedClock::default()), Arc::new(SequentialIds::default()));
        let users = Users::open(folder.path(), clock.clone(), ids.clone()).expect("opened");
        let keys = Arc::new(SigningKeys::open(folder.path(), clock.clone()).expect("made"));
        let diary = Arc::new(Diary::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let origin = format!("http://{}", listener.local_addr().expect("bound"));
        let clients = vec![Client::console(&origin), Client::command_line()];
        let config = SignInConfig { origin: origin.clone(), clients };
        let verifier = verifier(&config, keys.clone(), clock.clone());
        let parts = SignInParts { config, users: users.clone(), keys: keys.clone(), hook: diary.clone(), clock: clock.clone(), ids };
        let service = router(parts).expect("valid").layer(map_request(told_address)).into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, service).await.expect("served") });
        Self { origin, users, clock, keys, diary, verifier, server, _folder: folder }
    }

    /// Invites Ada and returns her one-time password.
    pub(crate) async fn invite(&self) -> (UserId, SecretString) {
        let invitation = Invitation { email: EMAIL.to_owned(), name: "Ada <b>Lovelace".to_owned(), role: Role::Member };
        let user_id = self.users.invite(&invitation).await.expect("invited").user_id;
        let password = self.users.set_one_time_password(&user_id).await.expect("set");
        (user_id, password)
    }

    /// Ada with a password of her own.
    pub(crate) async fn member(&self) -> UserId {
        let (user_id, _) = self.invite().await;
        self.users.change_password(&user_id, &PASSWORD.into()).await.expect("answered").expect("good enough");
        user_id
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// The link of a program to the sign-in page; `changes` replace, add, or (empty) remove parameters.
    pub(crate) fn authorize_url(&self, changes: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, VERIFIER.as_bytes()));
        let mut pairs = vec![
            ("client_id", "datalake-cli"),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "openid profile email"),
            ("state", "state & more"),
            ("nonce", "once"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.url(&format!("/sign-in/authorize?{query}"))
    }

    /// Opens the sign-in page and sends its form.
    pub(crate) async fn submit(&self, browser: &Browser, email: &str, password: &str) -> Page {
        let page = browser.get(&self.authorize_url(&[])).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let form = [("form_token", page.form_token().as_str()), ("email", email), ("password", password)]
            .map(|(name, value)| (name, value.to_owned()));
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post(&self.url(&page.action()), &form).await
    }

    /// Signs Ada in and returns the code.
    pub(crate) async fn code(&self, browser: &Browser) -> String {
        let page = self.submit(browser, EMAIL, PASSWORD).await;
        parameter(&page.location(), "code").expect("a code")
    }

    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Page {
        Browser::new().post(&self.url("/sign-in/token"), form).await
    }

    pub(crate) async fn redeem(&self, code: &str) -> Page {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("client_id", "datalake-cli"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Page {
        self.token(&[("grant_type", "refresh_token"), ("client_id", "datalake-cli"), ("refresh_token", token)]).await
    }

    /// Signs Ada in, all the way.
    pub(crate) async fn sign_in(&self, browser: &Browser) -> Tokens {
        let code = self.code(browser).await;
        tokens(&self.redeem(&code).await)
    }

    pub(crate) async fn verify(&self, token: &str) -> PortResult<VerifiedToken> {
        self.verifier.verify(&token.into()).await
    }

    pub(crate) fn diary(&self) -> Vec<String> {
        self.diary.entries.lock().expect("no panic").clone()
    }
}

pub(crate) fn tokens(page: &Page) -> Tokens {
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let body: Value = serde_json::from_str(&page.body).expect("JSON");
    let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned();
    Tokens { access: text("access_token"), id: text("id_token"), refresh: text("refresh_token") }
}

/// The `error` of the token endpoint's answer.
pub(crate) fn error_of(page: &Page) -> String {
    let body: Value = serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("no JSON: {}", page.body));
    body["error"].as_str().expect("an error").to_owned()
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

pub(crate) fn clear(secret: &SecretString) -> &str {
    secret.expose_secret()
}
