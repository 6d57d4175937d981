//! An issuer whose keys come late, old, broken or not at all.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use aws::oidc::{HttpKeySource, OidcConfig, OidcTokenVerifier, SigningAlgorithm};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use axum::{Json, Router, routing::get};
use datalake_tests_faults::{Fault, Proxy};
use domain::{
    PortErrorKind,
    ports::{Clock, TokenVerifier},
};
use futures::future::join_all;
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use secrecy::SecretString;
use serde_json::json;
use testkit::FixedClock;
use tokio::net::TcpListener;

const ISSUER: &str = "https://issuer.example/pool";
/// Between two looks for a key that nobody knows.
const PAUSE: Duration = Duration::from_secs(30);

struct Key {
    id: &'static str,
    signing: EncodingKey,
}

impl Key {
    fn new(id: &'static str) -> Self {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("a key");
        Self { id, signing: EncodingKey::from_ec_der(pkcs8.as_ref()) }
    }

    fn public(&self) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&self.signing, Algorithm::ES256).expect("a public key");
        jwk.common.key_id = Some(self.id.to_owned());
        jwk
    }
}

/// An issuer behind a proxy, and a verifier of its tokens.
struct Issuer {
    proxy: Proxy,
    published: Arc<Mutex<Vec<Jwk>>>,
    clock: Arc<FixedClock>,
    verifier: OidcTokenVerifier,
}

impl Issuer {
    async fn publishing(key: &Key) -> Self {
        let published = Arc::new(Mutex::new(vec![key.public()]));
        let keys = published.clone();
        let answer = move || async move { Json(json!({ "keys": *keys.lock().expect("no panic") })) };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/jwks.json", get(answer))).await });
        let (proxy, clock) = (Proxy::before(&url).await, Arc::new(FixedClock::default()));
        let config =
            OidcConfig { issuer: ISSUER.to_owned(), client_ids: vec!["cli".to_owned()], algorithms: vec![SigningAlgorithm::Es256] };
        let source = HttpKeySource::new(format!("{}/jwks.json", proxy.url())).expect("a client");
        let verifier = OidcTokenVerifier::new(config, Arc::new(source), clock.clone());
        Self { proxy, published, clock, verifier }
    }

    fn publish(&self, keys: &[&Key]) {
        *self.published.lock().expect("no panic") = keys.iter().map(|key| key.public()).collect();
    }

    /// Why a token that this key signed just now is not taken, if it isn't.
    async fn refusal(&self, key: &Key) -> Option<PortErrorKind> {
        let now = self.clock.now().as_seconds();
        let claims = json!({
            "iss": ISSUER, "sub": "ada", "client_id": "cli", "token_use": "access", "scope": "openid", "iat": now, "exp": now + 900,
        });
        let header = Header { kid: Some(key.id.to_owned()), ..Header::new(Algorithm::ES256) };
        let token = jsonwebtoken::encode(&header, &claims, &key.signing).expect("signed");
        let begin = Instant::now();
        let verified = self.verifier.verify(&SecretString::from(token)).await;
        // API Gateway waits ten seconds for an authorizer.
        assert!(begin.elapsed() < Duration::from_secs(8), "it took {:?}", begin.elapsed());
        verified.err().map(|error| error.kind())
    }
}

const FAULTS: [Fault; 4] = [Fault::Broken, Fault::Unheard, Fault::Torn, Fault::Slow(Duration::from_secs(60))];

#[tokio::test]
async fn without_keys_a_caller_is_told_to_come_again() {
    join_all(FAULTS.map(|fault| async move {
        let key = Key::new("first");
        let issuer = Issuer::publishing(&key).await;
        issuer.proxy.always(fault);
        assert_eq!(issuer.refusal(&key).await, Some(PortErrorKind::Unavailable), "{fault:?}");
        issuer.proxy.heal();
        issuer.clock.advance(Duration::from_secs(1));
        assert_eq!(issuer.refusal(&key).await, None, "after {fault:?}");
    }))
    .await;
}

#[tokio::test]
async fn tokens_of_known_keys_are_taken_while_the_issuer_is_away() {
    join_all(FAULTS.map(|fault| async move {
        let key = Key::new("first");
        let issuer = Issuer::publishing(&key).await;
        assert_eq!(issuer.refusal(&key).await, None);
        issuer.proxy.always(fault);
        issuer.clock.advance(Duration::from_secs(2 * 3_600));
        assert_eq!(issuer.refusal(&key).await, None, "{fault:?}");
    }))
    .await;
}

#[tokio::test]
async fn a_new_key_that_can_not_be_had_is_no_fault_of_the_caller() {
    join_all(FAULTS.map(|fault| async move {
        let (first, second) = (Key::new("first"), Key::new("second"));
        let issuer = Issuer::publishing(&first).await;
        assert_eq!(issuer.refusal(&first).await, None);
        issuer.publish(&[&first, &second]);
        issuer.proxy.always(fault);
        issuer.clock.advance(PAUSE);
        assert_eq!(issuer.refusal(&second).await, Some(PortErrorKind::Unavailable), "{fault:?}");
        assert_eq!(issuer.refusal(&second).await, Some(PortErrorKind::Unavailable), "{fault:?}, a moment later");
        assert_eq!(issuer.refusal(&first).await, None, "{fault:?}");
        issuer.proxy.heal();
        issuer.clock.advance(PAUSE);
        assert_eq!(issuer.refusal(&second).await, None, "after {fault:?}");
    }))
    .await;
}

#[tokio::test]
async fn a_rotation_is_noticed_as_soon_as_no_old_set_comes_any_more() {
    let (first, second) = (Key::new("first"), Key::new("second"));
    let issuer = Issuer::publishing(&first).await;
    assert_eq!(issuer.refusal(&first).await, None);
    issuer.publish(&[&second]);
    issuer.proxy.always(Fault::Stale);
    issuer.clock.advance(PAUSE);
    assert_eq!(issuer.refusal(&second).await, Some(PortErrorKind::PermissionDenied), "the set that came does not have it");
    assert_eq!(issuer.refusal(&first).await, None);
    issuer.proxy.heal();
    issuer.clock.advance(PAUSE);
    assert_eq!(issuer.refusal(&second).await, None);
    assert_eq!(issuer.refusal(&first).await, Some(PortErrorKind::PermissionDenied), "withdrawn");
}
