//! Sign-in by OpenID Connect: discovery, the code flow with PKCE, renewal.

use std::time::Duration;

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use crate::{
    clock,
    error::{Error, Result},
};

/// Scopes worth asking for, where the issuer has them. Some issuers (Cognito) refuse a scope that they don't know.
const SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// What is used of an issuer's discovery document (OpenID Connect Discovery 1.0, section 3).
#[derive(Clone, Debug, Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    #[serde(default)]
    scopes_supported: Vec<String>,
}

/// Tokens of a session.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Sent to the API.
    pub access_token: SecretString,
    /// Gets the next ones, once if the issuer rotates it.
    pub refresh_token: Option<SecretString>,
    /// When the access token ends, if known.
    pub expires_at: Option<Timestamp>,
}

/// The issuer's token endpoint as seen by one client.
#[derive(Clone, Debug)]
pub struct Issuer {
    http: reqwest::Client,
    token_endpoint: Url,
    client_id: String,
}

/// A sign-in that has begun: the person opens `url`, and the code that comes back is exchanged.
#[derive(Debug)]
pub struct Authorization {
    /// To be opened in a browser.
    pub url: Url,
    /// Comes back with the code; anything else is somebody else's answer.
    pub state: String,
    /// Whose answer it must be, where the answer says whose it is (RFC 9207).
    pub issuer_name: String,
    issuer: Issuer,
    redirect_uri: String,
    verifier: SecretString,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    #[serde(default)]
    refresh_token: Option<SecretString>,
    #[serde(default)]
    expires_in: Option<u64>,
}

#[derive(Deserialize)]
struct TokenRefusal {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

/// Begins a sign-in at the issuer whose discovery document lies below `address`: its own address, or that of an API that
/// signs people in itself.
///
/// # Errors
/// When the discovery document can't be had.
pub async fn begin(http: &reqwest::Client, address: &Url, client_id: &str, redirect_uri: &str) -> Result<Authorization> {
    let discovery = discover(http, address).await?;
    let issuer = Issuer::new(http.clone(), discovery.token_endpoint, client_id);
    let (verifier, state) = (random_text()?, random_text()?);
    let scopes: Vec<&str> =
        SCOPES.into_iter().filter(|scope| *scope == "openid" || discovery.scopes_supported.iter().any(|known| known == scope)).collect();
    let mut url = discovery.authorization_endpoint;
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", &scopes.join(" "))
        .append_pair("state", &state)
        .append_pair("code_challenge", &challenge(&verifier))
        .append_pair("code_challenge_method", "S256");
    Ok(Authorization {
        url,
        state,
        issuer_name: discovery.issuer,
        issuer,
        redirect_uri: redirect_uri.to_owned(),
        verifier: verifier.into(),
    })
}

async fn discover(http: &reqwest::Client, address: &Url) -> Result<Discovery> {
    let operation = "read the sign-in configuration";
    let url = format!("{}/.well-known/openid-configuration", address.as_str().trim_end_matches('/'));
    let answer = http.get(url).send().await.map_err(|error| Error::transport(operation, error))?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(|error| Error::transport(operation, error))?;
    if !status.is_success() {
        return Err(Error::Answer { operation, status, request_id: None, retry_after: None });
    }
    serde_json::from_slice(&body).map_err(|source| Error::Decode { operation, source })
}

impl Authorization {
    /// Exchanges the code that came back.
    ///
    /// # Errors
    /// When the issuer refuses it.
    pub async fn exchange(&self, code: &str) -> Result<Tokens> {
        self.issuer
            .ask(&[
                ("grant_type", "authorization_code"),
                ("client_id", &self.issuer.client_id),
                ("code", code),
                ("redirect_uri", &self.redirect_uri),
                ("code_verifier", self.verifier.expose_secret()),
            ])
            .await
    }

    /// Where the session is renewed, to be kept with its tokens.
    #[must_use]
    pub fn token_endpoint(&self) -> &Url {
        &self.issuer.token_endpoint
    }
}

impl Issuer {
    /// The issuer with this token endpoint.
    #[must_use]
    pub fn new(http: reqwest::Client, token_endpoint: Url, client_id: &str) -> Self {
        Self { http, token_endpoint, client_id: client_id.to_owned() }
    }

    /// New tokens for a refresh token.
    ///
    /// # Errors
    /// When the session has ended or the issuer does not answer.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Tokens> {
        self.ask(&[("grant_type", "refresh_token"), ("client_id", &self.client_id), ("refresh_token", refresh_token.expose_secret())]).await
    }

    async fn ask(&self, form: &[(&str, &str)]) -> Result<Tokens> {
        let operation = "ask the issuer for tokens";
        let answer =
            self.http.post(self.token_endpoint.clone()).form(form).send().await.map_err(|error| Error::transport(operation, error))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|error| Error::transport(operation, error))?;
        if status.is_success() {
            let answer: TokenAnswer = serde_json::from_slice(&body).map_err(|source| Error::Decode { operation, source })?;
            let expires_at = answer.expires_in.map(|seconds| clock::now() + Duration::from_secs(seconds.min(366 * 24 * 3600)));
            return Ok(Tokens { access_token: answer.access_token, refresh_token: answer.refresh_token, expires_at });
        }
        match serde_json::from_slice::<TokenRefusal>(&body) {
            Ok(refusal) if refusal.error == "invalid_grant" => {
                Err(Error::SignIn("The session has ended or was ended elsewhere. Sign in again.".to_owned()))
            }
            Ok(refusal) => Err(Error::SignIn(format!("Sign-in was refused: {}", refusal.error_description.unwrap_or(refusal.error)))),
            Err(_) => Err(Error::Answer { operation, status, request_id: None, retry_after: None }),
        }
    }
}

/// The challenge of a verifier by method `S256` (RFC 7636, section 4.2).
fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

fn random_text() -> Result<String> {
    let mut bytes = [0_u8; 32];
    rand::fill(&mut bytes).map_err(|_| Error::SignIn("There is no source of randomness.".to_owned()))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenge_is_that_of_rfc_7636_appendix_b() {
        assert_eq!(challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
