//! The authorizer with one user, one key and the issuer's real verifier, in memory.

use std::{
    cell::OnceCell,
    sync::{Arc, Mutex},
    time::Duration,
};

use app::{Caller, identity::Identity, identity::verdict::Verdict};
use async_trait::async_trait;
use aws::oidc::{JwkSet, KeySource, OidcConfig, OidcTokenVerifier, SigningAlgorithm};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    PortResult, Timestamp,
    access::Action,
    api_key::ApiKey,
    audit::{Actor, Origin},
    id::UserId,
    ports::{Condition, Tables as _, UserRecords},
    principal::{KeyScope, Role},
    user::PrincipalRecord,
};
use function_authorizer::{Authorizer, Deps, RequestHead};
use secrecy::ExposeSecret as _;
use serde_json::json;
use testkit::builders::{access_key_id, api_key, group, member, user_id};
use tests_api::Ports;
use tokio::runtime::{Builder, Runtime};

use crate::told;

pub(crate) const ISSUER: &str = "https://issuer.example/pool";
pub(crate) const CLIENT: &str = "console";
pub(crate) const KEY_ID: &str = "key-1";

/// A door that `ann`, a member, comes in by.
pub(crate) struct Door {
    runtime: Runtime,
    authorizer: Authorizer,
    /// Of her key.
    pub(crate) secret: String,
    /// The issuer's key, whose public half the authorizer knows.
    pub(crate) issuer: EcdsaKeyPair,
    /// One that it does not know.
    pub(crate) stranger: EcdsaKeyPair,
}

thread_local! {
    static DOOR: OnceCell<Door> = const { OnceCell::new() };
}

/// Hands over this thread's door.
pub(crate) fn at_the_door(visit: impl FnOnce(&Door)) {
    DOOR.with(|door| visit(door.get_or_init(Door::new)));
}

impl Door {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        let (issuer, stranger) = (key_pair(), key_pair());
        let (authorizer, secret) = runtime.block_on(furnished(&issuer));
        Self { runtime, authorizer, secret, issuer, stranger }
    }

    /// What the authorizer says; a refusal is fit to be shown, and the same each time.
    pub(crate) fn verdict(&self, head: &RequestHead) -> Verdict {
        let verdict = self.runtime.block_on(self.authorizer.verdict(head));
        if let Verdict::Refused { code, detail, .. } = &verdict {
            let proof = head.headers.iter().find(|(name, _)| name == "authorization").map_or("", |(_, value)| value);
            told::fits(detail, 300, proof);
            assert!(!detail.contains(&self.secret), "{detail}");
            assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
            assert_ne!(code, "unavailable", "a stranger's bytes are no failure of ours");
            assert_eq!(self.runtime.block_on(self.authorizer.verdict(head)), verdict, "it depends on something else");
        }
        verdict
    }
}

fn key_pair() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key")
}

/// A signature over the two other parts of a token.
pub(crate) fn es256(key: &EcdsaKeyPair, message: &str) -> String {
    URL_SAFE_NO_PAD.encode(key.sign(&SystemRandom::new(), message.as_bytes()).expect("signed"))
}

/// The public half as the verifier reads it.
fn key_set(key: &EcdsaKeyPair) -> JwkSet {
    // A point that is not compressed: 4, x, y.
    let point = key.public_key().as_ref();
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let key = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID, "x": part(&point[1..33]), "y": part(&point[33..65]) });
    serde_json::from_value(json!({ "keys": [key] })).expect("a key set")
}

async fn furnished(issuer: &EcdsaKeyPair) -> (Authorizer, String) {
    let ports = Ports::new(|search| search);
    // Of the directory everybody has an id of its own choice.
    let (core, records) = (ports.core(), Arc::new(Records::default()));
    let Ports { tables, cipher, clock, ids, .. } = ports;
    let record = PrincipalRecord {
        user_id: user_id("ann"),
        directory_name: "ann".to_owned(),
        email: "ann@example.org".to_owned(),
        name: "Ann".to_owned(),
        role: Some(Role::Member),
        groups: vec![group("team")],
        enabled: true,
        tokens_valid_after: Timestamp::EPOCH,
        last_sign_in: None,
        federated: false,
    };
    tables.transact(core.store.put_principal(&record, None, None).expect("a row")).await.expect("a known person");
    let key = ApiKey { scope: KeyScope::default(), salt: None, ..api_key(1, "ann") };
    let stamp = core.stamp_of(Actor::system(), &Origin::default(), Action::KeyGrant, &[]);
    tables.write(core.store.put_api_key(&key, &stamp, Condition::Absent).expect("a row")).await.expect("a granted key");

    let identity = Identity::new(core, records.clone());
    let caller = Caller { principal: member("ann"), origin: Origin::default() };
    identity.rotate_secret(&caller, &access_key_id(1)).await.expect("an own key");
    let secret = identity.signing_key(&access_key_id(1)).await.expect("tables answer").expect("a secret").secret;

    let algorithms = vec![SigningAlgorithm::Es256, SigningAlgorithm::Rs256];
    let config = OidcConfig { issuer: ISSUER.to_owned(), client_ids: vec![CLIENT.to_owned()], algorithms };
    let tokens = Arc::new(OidcTokenVerifier::new(config, Arc::new(Issuer(key_set(issuer))), clock.clone()));
    (Authorizer::new(Deps { tables, records, cipher, tokens, clock, ids }), secret.expose_secret().to_owned())
}

struct Issuer(JwkSet);

#[async_trait]
impl KeySource for Issuer {
    async fn keys(&self) -> PortResult<JwkSet> {
        Ok(self.0.clone())
    }

    /// Unknown keys are asked for each time.
    fn pause(&self) -> Duration {
        Duration::ZERO
    }
}

/// Users' records: one for everybody.
#[derive(Default)]
struct Records(Mutex<Option<Vec<u8>>>);

#[async_trait]
impl UserRecords for Records {
    async fn get(&self, _: &UserId) -> PortResult<Option<Vec<u8>>> {
        Ok(self.0.lock().expect("no panic while locked").clone())
    }

    async fn put(&self, _: &UserId, ciphertext: &[u8]) -> PortResult<()> {
        *self.0.lock().expect("no panic while locked") = Some(ciphertext.to_vec());
        Ok(())
    }
}
