//! What tokens say. Access tokens look like Cognito's, so that one verifier reads both.

use std::time::Duration;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{PortResult, Timestamp, ports::DirectoryUser};
use serde::{Deserialize, Serialize};

use super::State;

/// How long access and id tokens are valid.
pub(super) const TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);

#[derive(Serialize)]
struct AccessClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    client_id: &'a str,
    token_use: &'static str,
    scope: &'a str,
    auth_time: i64,
    iat: i64,
    exp: i64,
    jti: String,
}

#[derive(Serialize)]
struct IdClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    token_use: &'static str,
    sid: &'a str,
    at_hash: String,
    auth_time: i64,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(flatten)]
    person: Person<'a>,
}

/// What a client may know of the person, by scope.
#[derive(Serialize)]
pub(super) struct Person<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

impl<'a> Person<'a> {
    pub(super) fn new(user: &'a DirectoryUser, scope: &str) -> Self {
        let has = |name: &str| scope.split(' ').any(|word| word == name);
        Self { name: has("profile").then_some(user.name.as_str()), email: has("email").then_some(user.email.as_str()) }
    }
}

/// What an id token says that comes back as a hint.
#[derive(Deserialize)]
pub(super) struct HintClaims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: String,
    pub(super) sid: String,
    pub(super) token_use: String,
}

/// For whom tokens are made.
pub(super) struct Bearer<'a> {
    pub(super) user: &'a DirectoryUser,
    pub(super) client_id: &'a str,
    pub(super) session_id: &'a str,
    pub(super) scope: &'a str,
    pub(super) nonce: Option<&'a str>,
    pub(super) signed_in_at: Timestamp,
}

impl Bearer<'_> {
    /// An access token and an id token.
    pub(super) fn tokens(&self, state: &State) -> PortResult<(String, String)> {
        let now = state.clock.now();
        let (iat, exp, auth_time) = (now.as_seconds(), now.plus(TOKEN_LIFE).as_seconds(), self.signed_in_at.as_seconds());
        let (iss, sub) = (state.config.origin.as_str(), self.user.user_id.as_str());
        let access = state.keys.sign(&AccessClaims {
            iss,
            sub,
            client_id: self.client_id,
            token_use: "access",
            scope: self.scope,
            auth_time,
            iat,
            exp,
            jti: state.ids.new_id().to_string(),
        })?;
        let id = state.keys.sign(&IdClaims {
            iss,
            sub,
            aud: self.client_id,
            token_use: "id",
            sid: self.session_id,
            at_hash: half_hash(&access),
            auth_time,
            iat,
            exp,
            nonce: self.nonce,
            person: Person::new(self.user, self.scope),
        })?;
        Ok((access, id))
    }
}

/// `at_hash`: the left half of the access token's hash.
fn half_hash(token: &str) -> String {
    let hash = digest::digest(&digest::SHA256, token.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])
}
