//! Port `TokenVerifier` for access tokens of any OpenID Connect issuer: Cognito, a foreign one, or our own.

mod claims;
mod keys;
mod verified;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{Clock, TokenVerifier, VerifiedToken},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};

pub use jsonwebtoken::jwk::JwkSet;
pub use keys::{HttpKeySource, KeySource};

use claims::Claims;
use keys::KeyCache;

/// Longer tokens are refused unread. Cognito's stay far below.
const LONGEST_TOKEN: usize = 16 * 1024;

/// Signature algorithms that may be allowed: asymmetric ones only, so that no public key can be taken for a shared secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl SigningAlgorithm {
    fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::RS256 => Some(Self::Rs256),
            Algorithm::ES256 => Some(Self::Es256),
            _ => None,
        }
    }

    fn algorithm(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Es256 => Algorithm::ES256,
        }
    }
}

/// Which tokens are taken.
#[derive(Clone, Debug)]
pub struct OidcConfig {
    /// The issuer, compared with `iss` byte by byte.
    pub issuer: String,
    /// The clients whose tokens are taken: `client_id`, or `aud` where the issuer writes no `client_id`.
    pub client_ids: Vec<String>,
    /// Signature algorithms that are taken.
    pub algorithms: Vec<SigningAlgorithm>,
}

/// Verifies access tokens of one issuer.
pub struct OidcTokenVerifier {
    config: OidcConfig,
    keys: KeyCache,
    clock: Arc<dyn Clock>,
}

impl OidcTokenVerifier {
    /// A verifier that takes the issuer's keys from `source`: [`HttpKeySource`], or the issuer itself in the same process.
    #[must_use]
    pub fn new(config: OidcConfig, source: Arc<dyn KeySource>, clock: Arc<dyn Clock>) -> Self {
        Self { config, keys: KeyCache::new(source, Arc::clone(&clock)), clock }
    }

    async fn check(&self, token: &str) -> Result<VerifiedToken, Refusal> {
        if token.len() > LONGEST_TOKEN {
            return Err(Refusal::Token("too long"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refusal::Token("malformed"))?;
        let algorithm = SigningAlgorithm::of(header.alg)
            .filter(|algorithm| self.config.algorithms.contains(algorithm))
            .ok_or(Refusal::Token("algorithm"))?;
        if header.crit.is_some() {
            return Err(Refusal::Token("critical header"));
        }
        let key_id = header.kid.ok_or(Refusal::Token("no key id"))?;
        let keys = self.keys.with(&key_id).await?;
        let key = keys.key(&key_id, algorithm)?;
        let check = |claims: &Claims| claims.check(&self.config, self.clock.now()).map_err(Refusal::Token);
        keys.verified.check(token, || verified_claims(token, key, algorithm), check)
    }
}

/// The verifier of a Cognito user pool, which signs with RS256 only
/// (<https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html>).
///
/// # Errors
/// If no client for the address of its keys can be made.
pub fn cognito<'a>(
    issuer: &str,
    jwks_url: &str,
    client_ids: impl Iterator<Item = &'a str>,
    clock: Arc<dyn Clock>,
) -> PortResult<Arc<dyn TokenVerifier>> {
    let config = OidcConfig {
        issuer: issuer.to_owned(),
        client_ids: client_ids.map(str::to_owned).collect(),
        algorithms: vec![SigningAlgorithm::Rs256],
    };
    Ok(Arc::new(OidcTokenVerifier::new(config, Arc::new(HttpKeySource::new(jwks_url)?), clock)))
}

/// Checks the signature alone: the times are checked against our own clock afterwards.
fn verified_claims(token: &str, key: &DecodingKey, algorithm: SigningAlgorithm) -> Result<Claims, Refusal> {
    let mut validation = Validation::new(algorithm.algorithm());
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let decoded = jsonwebtoken::decode::<Claims>(token, key, &validation);
    decoded.map(|data| data.claims).map_err(|_| Refusal::Token("signature or claims"))
}

/// Why a token wasn't taken.
#[derive(Debug)]
enum Refusal {
    /// The token is at fault.
    Token(&'static str),
    /// The issuer's keys can't be had.
    Keys(PortError),
}

#[async_trait]
impl TokenVerifier for OidcTokenVerifier {
    async fn verify(&self, token: &SecretString) -> PortResult<VerifiedToken> {
        const OPERATION: &str = "tokens.verify";
        self.check(token.expose_secret()).await.map_err(|refusal| match refusal {
            Refusal::Token(reason) => PortError::new(PortErrorKind::PermissionDenied, OPERATION).with("reason", reason),
            Refusal::Keys(error) => PortError::new(PortErrorKind::Unavailable, OPERATION).because(error),
        })
    }
}
