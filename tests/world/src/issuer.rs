//! Access tokens without a sign-in: an issuer with a key of our own, whose key set the deployment is told to trust.

use std::time::{Duration, SystemTime};

use anyhow::Result;
use aws_lc_rs::{encoding::AsDer as _, rsa};
use axum::{Router, routing::get};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use serde_json::{Value, json};

/// Tokens live as long as Terraform has the pool's live.
const LIFE: Duration = Duration::from_secs(900);

/// Signs tokens; its key set is served on loopback as long as the runtime runs that it was made in.
pub struct Issuer {
    signing: EncodingKey,
    key_id: String,
    jwks_url: String,
}

/// What a token says.
#[derive(Clone, Debug)]
pub struct Token {
    /// `iss`.
    pub issuer: String,
    /// `client_id`.
    pub client_id: String,
    /// `token_use`.
    pub token_use: &'static str,
    /// `sub`.
    pub user_id: String,
    /// So long ago it was issued.
    pub age: Duration,
}

impl Issuer {
    /// With a fresh key.
    ///
    /// # Errors
    /// If no key can be made or no port be had.
    pub async fn start() -> Result<Self> {
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048)?;
        let der = pair.as_der()?;
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines(&STANDARD.encode(der.as_ref())));
        let signing = EncodingKey::from_rsa_pem(pem.as_bytes())?;
        let mut public = Jwk::from_encoding_key(&signing, Algorithm::RS256)?;
        let key_id = public.thumbprint(ThumbprintHash::SHA256)?;
        public.common.key_id = Some(key_id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        let keys = serde_json::to_string(&JwkSet { keys: vec![public] })?;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let jwks_url = format!("http://{}/jwks.json", listener.local_addr()?);
        let router = Router::new().route("/jwks.json", get(move || std::future::ready(keys.clone())));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { signing, key_id, jwks_url })
    }

    /// Where its keys are.
    #[must_use]
    pub fn jwks_url(&self) -> &str {
        &self.jwks_url
    }

    /// A token, signed.
    ///
    /// # Errors
    /// If it can't be signed.
    pub fn sign(&self, token: &Token) -> Result<String> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::RS256) };
        Ok(jsonwebtoken::encode(&header, &claims(token), &self.signing)?)
    }

    /// The same claims without a signature, as `alg: none` has them.
    ///
    /// # Errors
    /// If the claims have no JSON form.
    pub fn unsigned(&self, token: &Token) -> Result<String> {
        let part =
            |value: &Value| Ok::<_, serde_json::Error>(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(serde_json::to_vec(value)?));
        let header = json!({ "alg": "none", "typ": "JWT", "kid": self.key_id });
        Ok(format!("{}.{}.", part(&header)?, part(&claims(token))?))
    }
}

#[expect(clippy::disallowed_methods, reason = "the deployed authorizer compares a token's times with the system's")]
fn claims(token: &Token) -> Value {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let issued = now.saturating_sub(token.age);
    json!({
        "iss": token.issuer,
        "client_id": token.client_id,
        "token_use": token.token_use,
        "sub": token.user_id,
        "iat": issued.as_secs(),
        "exp": (issued + LIFE).as_secs(),
    })
}

fn lines(text: &str) -> String {
    text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n")
}
