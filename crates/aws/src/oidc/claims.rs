//! What an access token says, and whether that is enough.

use std::time::Duration;

use domain::{Timestamp, ports::VerifiedToken};
use serde::Deserialize;

use super::OidcConfig;

/// How far the issuer's clock may be from ours.
const LEEWAY: Duration = Duration::from_secs(60);

/// The claims of an access token that are checked.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    iss: String,
    sub: String,
    exp: NumericDate,
    iat: NumericDate,
    nbf: Option<NumericDate>,
    /// Cognito's and ours: `access` or `id`.
    token_use: Option<String>,
    client_id: Option<String>,
    aud: Option<Audience>,
    /// Only id tokens carry one: a foreign issuer without `token_use` is told apart by it.
    nonce: Option<serde::de::IgnoredAny>,
}

/// Seconds since the epoch; RFC 7519 allows fractions.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct NumericDate(serde_json::Number);

impl NumericDate {
    fn time(&self) -> Option<Timestamp> {
        let millis = match self.0.as_i64() {
            Some(seconds) => seconds.checked_mul(1_000)?,
            None => {
                let seconds = self.0.as_f64().filter(|seconds| (0.0..1e12).contains(seconds))?;
                i64::try_from(Duration::try_from_secs_f64(seconds).ok()?.as_millis()).ok()?
            }
        };
        Timestamp::from_millis(millis)
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn names(&self, client_ids: &[String]) -> bool {
        match self {
            Self::One(name) => client_ids.contains(name),
            Self::Many(names) => names.iter().any(|name| client_ids.contains(name)),
        }
    }
}

impl Claims {
    /// The error names the claim at fault, for the log.
    pub(super) fn check(&self, config: &OidcConfig, now: Timestamp) -> Result<VerifiedToken, &'static str> {
        if self.iss != config.issuer {
            return Err("iss");
        }
        match self.token_use.as_deref() {
            Some("access") => {}
            Some(_) => return Err("token_use"),
            None if self.nonce.is_some() => return Err("an id token"),
            None => {}
        }
        let ours = match (&self.client_id, &self.aud) {
            (Some(client_id), _) => config.client_ids.contains(client_id),
            (None, Some(audience)) => audience.names(&config.client_ids),
            (None, None) => false,
        };
        if !ours {
            return Err("client_id or aud");
        }
        let expires_at = self.exp.time().ok_or("exp")?;
        if now >= expires_at.plus(LEEWAY) {
            return Err("exp");
        }
        let issued_at = self.iat.time().ok_or("iat")?;
        if issued_at > now.plus(LEEWAY) {
            return Err("iat");
        }
        if let Some(not_before) = &self.nbf
            && not_before.time().ok_or("nbf")? > now.plus(LEEWAY)
        {
            return Err("nbf");
        }
        Ok(VerifiedToken { user_id: self.sub.parse().map_err(|_| "sub")?, issued_at, expires_at })
    }
}
