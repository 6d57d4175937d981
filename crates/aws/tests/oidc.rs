//! The verifier of access tokens: what it takes, and how it treats an issuer that is slow, gone, or changing its keys.
#![cfg(feature = "oidc")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use datalake_aws::oidc::{HttpKeySource, JwkSet, KeySource, OidcConfig, OidcTokenVerifier, SigningAlgorithm};
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{Clock, TokenVerifier, VerifiedToken},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};
use testkit::FixedClock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const ISSUER: &str = "https://issuer.example/pool";

/// A key pair of an issuer.
struct Key {
    id: String,
    signing: EncodingKey,
}

impl Key {
    fn new(id: &str) -> Self {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("a key");
        Self { id: id.to_owned(), signing: EncodingKey::from_ec_der(pkcs8.as_ref()) }
    }

    fn public(&self) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&self.signing, Algorithm::ES256).expect("a public key");
        jwk.common.key_id = Some(self.id.clone());
        jwk
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.signing).expect("signed")
    }
}

/// An issuer whose keys a test changes, counts the fetching of, or takes away.
#[derive(Default)]
struct Issuer {
    keys: Mutex<Option<Vec<Jwk>>>,
    fetched: AtomicUsize,
}

impl Issuer {
    fn publish(&self, keys: &[&Key]) {
        *self.keys.lock().expect("no panic") = Some(keys.iter().map(|key| key.public()).collect());
    }

    fn go_away(&self) {
        *self.keys.lock().expect("no panic") = None;
    }

    fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl KeySource for Issuer {
    async fn keys(&self) -> PortResult<JwkSet> {
        self.fetched.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let keys = self.keys.lock().expect("no panic").clone();
        keys.map(|keys| JwkSet { keys }).ok_or_else(|| PortError::new(PortErrorKind::Unavailable, "test.keys"))
    }
}

struct Home {
    issuer: Arc<Issuer>,
    clock: Arc<FixedClock>,
    verifier: OidcTokenVerifier,
    key: Key,
}

fn home_with(algorithms: &[SigningAlgorithm]) -> Home {
    let (issuer, clock, key) = (Arc::new(Issuer::default()), Arc::new(FixedClock::default()), Key::new("first"));
    issuer.publish(&[&key]);
    let config =
        OidcConfig { issuer: ISSUER.to_owned(), client_ids: vec!["console".to_owned(), "cli".to_owned()], algorithms: algorithms.to_vec() };
    let verifier = OidcTokenVerifier::new(config, issuer.clone(), clock.clone());
    Home { issuer, clock, verifier, key }
}

fn home() -> Home {
    home_with(&[SigningAlgorithm::Rs256, SigningAlgorithm::Es256])
}

impl Home {
    /// The claims of a good access token as Cognito writes it; `changes` replace, add, or (null) remove claims.
    fn claims(&self, changes: Value) -> Value {
        let now = self.clock.now().as_seconds();
        let mut claims = json!({
            "iss": ISSUER, "sub": "ada", "client_id": "cli", "token_use": "access", "scope": "openid", "iat": now, "exp": now + 900,
        });
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        claims.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        claims
    }

    fn token(&self, changes: Value) -> String {
        self.key.sign(&self.claims(changes))
    }

    async fn verify(&self, token: &str) -> PortResult<VerifiedToken> {
        self.verifier.verify(&token.into()).await
    }

    async fn kind(&self, token: &str) -> Option<PortErrorKind> {
        self.verify(token).await.err().map(|error| error.kind())
    }
}

#[tokio::test]
async fn a_token_that_was_verified_before_is_refused_once_its_key_is_withdrawn() {
    let home = home();
    let token = home.token(json!({ "exp": home.clock.now().as_seconds() + 7_200 }));
    for _ in 0..2 {
        home.verify(&token).await.expect("valid");
    }
    // The same id, another key.
    home.issuer.publish(&[&Key::new("first")]);
    home.clock.advance(Duration::from_secs(3_600));
    assert_eq!(home.kind(&token).await, Some(PortErrorKind::PermissionDenied));
}

#[tokio::test]
async fn a_token_that_was_verified_before_is_refused_once_it_has_expired() {
    let home = home();
    let token = home.token(json!({}));
    for _ in 0..2 {
        home.verify(&token).await.expect("valid");
    }
    home.clock.advance(Duration::from_secs(3_600 - 1));
    assert_eq!(home.kind(&token).await, Some(PortErrorKind::PermissionDenied));
}

#[tokio::test]
async fn a_good_token_tells_user_and_times() {
    let home = home();
    let token = home.verify(&home.token(json!({}))).await.expect("valid");
    let now = home.clock.now();
    assert_eq!((token.user_id.as_str(), token.issued_at, token.expires_at), ("ada", now, now.plus(Duration::from_secs(900))));
}

#[tokio::test]
async fn an_issuer_that_writes_neither_client_id_nor_token_use_is_known_by_its_audience() {
    let home = home();
    for audience in [json!("console"), json!(["other", "cli"])] {
        let token = home.token(json!({"client_id": null, "token_use": null, "aud": audience}));
        home.verify(&token).await.expect("valid");
    }
}

#[tokio::test]
async fn a_claim_that_is_wrong_or_absent_is_refused() {
    let home = home();
    let now = home.clock.now().as_seconds();
    for (changes, fault) in [
        (json!({"iss": "https://issuer.example/other"}), "iss"),
        (json!({"iss": format!("{ISSUER}/")}), "iss"),
        (json!({"token_use": "id"}), "token_use"),
        (json!({"token_use": "refresh"}), "token_use"),
        (json!({"token_use": null, "nonce": "once"}), "an id token"),
        (json!({"client_id": "other"}), "client_id or aud"),
        (json!({"client_id": "other", "aud": "cli"}), "client_id or aud"),
        (json!({"client_id": null, "aud": ["other"]}), "client_id or aud"),
        (json!({"client_id": null}), "client_id or aud"),
        (json!({"exp": now - 60}), "exp"),
        (json!({"exp": null}), "signature or claims"),
        (json!({"exp": "tomorrow"}), "signature or claims"),
        (json!({"exp": -1}), "exp"),
        (json!({"exp": 1e300}), "exp"),
        (json!({"iat": now + 61}), "iat"),
        (json!({"iat": null}), "signature or claims"),
        (json!({"nbf": now + 61}), "nbf"),
        (json!({"sub": "../admin"}), "sub"),
        (json!({"sub": null}), "signature or claims"),
    ] {
        let error = home.verify(&home.token(changes.clone())).await.expect_err("refused");
        assert_eq!((error.kind(), error.context()), (PortErrorKind::PermissionDenied, &[("reason", fault.to_owned())][..]), "{changes}");
    }
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute() {
    let home = home();
    let now = home.clock.now().as_seconds();
    for changes in [json!({"exp": now - 59}), json!({"iat": now + 60}), json!({"nbf": now + 60}), json!({"iat": now as f64 + 0.5})] {
        home.verify(&home.token(changes.clone())).await.unwrap_or_else(|error| panic!("{changes}: {error}"));
    }
}

#[tokio::test]
async fn only_listed_algorithms_are_taken() {
    let home = home_with(&[SigningAlgorithm::Rs256]);
    assert_eq!(home.kind(&home.token(json!({}))).await, Some(PortErrorKind::PermissionDenied));
    assert_eq!(home.issuer.fetched(), 0, "refused before any key is asked for");
}

#[tokio::test]
async fn a_key_serves_only_its_own_algorithm_and_use() {
    let home = home();
    let token = home.token(json!({}));
    let (header, rest) = token.split_once('.').expect("parts");
    let other = header.replace("OiJFUzI1NiI", "OiJSUzI1NiI");
    assert_ne!(other, header, "the header says RS256 now");
    assert_eq!(home.kind(&format!("{other}.{rest}")).await, Some(PortErrorKind::PermissionDenied));

    let mut jwk = home.key.public();
    jwk.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Encryption);
    *home.issuer.keys.lock().expect("no panic") = Some(vec![jwk]);
    home.clock.advance(Duration::from_secs(3_600));
    assert_eq!(home.kind(&home.token(json!({}))).await, Some(PortErrorKind::PermissionDenied), "a key for encryption");
}

#[tokio::test]
async fn a_token_without_key_id_or_with_critical_headers_is_refused() {
    let home = home();
    let claims = home.claims(json!({}));
    let anonymous = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &home.key.signing).expect("signed");
    assert_eq!(home.kind(&anonymous).await, Some(PortErrorKind::PermissionDenied));
    let header = Header { kid: Some("first".to_owned()), crit: Some(vec!["b64".to_owned()]), ..Header::new(Algorithm::ES256) };
    let critical = jsonwebtoken::encode(&header, &claims, &home.key.signing).expect("signed");
    assert_eq!(home.kind(&critical).await, Some(PortErrorKind::PermissionDenied));
}

#[tokio::test]
async fn a_new_key_is_fetched_but_made_up_key_ids_do_not_flood_the_issuer() {
    let home = home();
    home.verify(&home.token(json!({}))).await.expect("valid");
    let (second, made_up) = (Key::new("second"), Key::new("made up"));
    home.issuer.publish(&[&home.key, &second]);
    let token = second.sign(&home.claims(json!({})));
    assert_eq!(home.kind(&token).await, Some(PortErrorKind::PermissionDenied), "asked a moment ago");
    home.clock.advance(Duration::from_secs(30));
    home.verify(&token).await.expect("fetched");
    for _ in 0..20 {
        assert_eq!(home.kind(&made_up.sign(&home.claims(json!({})))).await, Some(PortErrorKind::PermissionDenied));
    }
    assert_eq!(home.issuer.fetched(), 2);
}

#[tokio::test]
async fn a_key_that_the_issuer_withdrew_is_refused_within_the_hour() {
    let home = home();
    home.verify(&home.token(json!({}))).await.expect("valid");
    home.issuer.publish(&[&Key::new("second")]);
    home.clock.advance(Duration::from_secs(3_600));
    assert_eq!(home.kind(&home.token(json!({}))).await, Some(PortErrorKind::PermissionDenied));
}

#[tokio::test]
async fn keys_outlive_an_outage_of_the_issuer_for_a_day() {
    let home = home();
    home.verify(&home.token(json!({}))).await.expect("valid");
    home.issuer.go_away();
    home.clock.advance(Duration::from_secs(24 * 3_600 - 1));
    home.verify(&home.token(json!({}))).await.expect("the keys of before");
    home.clock.advance(Duration::from_secs(1));
    assert_eq!(home.kind(&home.token(json!({}))).await, Some(PortErrorKind::Unavailable));
}

#[tokio::test]
async fn without_keys_nothing_is_decided_and_the_issuer_is_asked_again_soon() {
    let home = home();
    home.issuer.go_away();
    let token = home.token(json!({}));
    assert_eq!(home.kind(&token).await, Some(PortErrorKind::Unavailable));
    assert_eq!(home.kind(&token).await, Some(PortErrorKind::Unavailable));
    assert_eq!(home.issuer.fetched(), 1);
    home.issuer.publish(&[&home.key]);
    home.clock.advance(Duration::from_secs(1));
    home.verify(&token).await.expect("valid");
}

#[tokio::test]
async fn many_tokens_at_once_fetch_the_keys_once() {
    let home = home();
    let token = home.token(json!({}));
    let answers = futures::future::join_all((0..16).map(|_| home.verify(&token))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(home.issuer.fetched(), 1);
}

/// Answers every request with `answer`.
async fn serve(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let url = format!("http://{}/jwks.json", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                // A client that has seen enough hangs up in the middle.
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    url
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nlocation: /elsewhere\r\nconnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn keys_come_over_http_with_unknown_kinds_left_out() {
    let key = Key::new("first");
    let set = json!({"keys": [{"kty": "OKP", "crv": "X448", "x": "AA", "kid": "strange"}, key.public()]});
    let lenient = HttpKeySource::new(serve(answer("200 OK", &set.to_string())).await).expect("a client").keys().await;
    assert!(lenient.expect("keys").find("first").is_some());
}

#[tokio::test]
async fn an_answer_that_is_no_key_set_is_unavailable() {
    for bad in [
        answer("500 Internal Server Error", "{\"keys\":[]}"),
        answer("302 Found", ""),
        answer("200 OK", "<html>"),
        answer("200 OK", &format!("{{\"keys\":[]}}{}", " ".repeat(300 * 1024))),
        String::new(),
    ] {
        let error = HttpKeySource::new(serve(bad.clone()).await).expect("a client").keys().await.expect_err("refused");
        assert_eq!(error.kind(), PortErrorKind::Unavailable, "{}", bad.lines().next().unwrap_or_default());
    }
}
