//! The issuer's public keys: where they come from, and how long they are kept.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use domain::{PortError, PortErrorKind, PortResult, Timestamp, ports::Clock};
use futures::StreamExt;
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};
use tokio::sync::Mutex;

use super::{Refusal, SigningAlgorithm, verified::Verified};

/// Keys are fetched again when they are so old …
const FRESH: Duration = Duration::from_secs(3600);
/// … and used for so long when the issuer can't be reached.
const USABLE: Duration = Duration::from_secs(24 * 3600);
/// Without any keys a failed fetch is tried again after so long.
const RETRY: Duration = Duration::from_secs(1);
/// A key set is a few kilobytes.
const LARGEST_ANSWER: usize = 256 * 1024;

/// Where an issuer's public keys come from.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// The keys as they are now. `Unavailable` when they can't be had.
    async fn keys(&self) -> PortResult<JwkSet>;

    /// How long to wait between two fetches for key ids that were unknown: anybody can make such ids up.
    fn pause(&self) -> Duration {
        Duration::from_secs(30)
    }
}

/// Keys at a `jwks_uri`.
pub struct HttpKeySource {
    url: String,
    client: reqwest::Client,
}

impl HttpKeySource {
    /// Keys at `url`.
    ///
    /// # Errors
    /// `Unexpected` if no HTTP client can be made.
    pub fn new(url: impl Into<String>) -> PortResult<Self> {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| PortError::new(PortErrorKind::Unexpected, OPERATION).because(error))?;
        Ok(Self { url: url.into(), client })
    }
}

const OPERATION: &str = "tokens.keys";

#[async_trait]
impl KeySource for HttpKeySource {
    async fn keys(&self) -> PortResult<JwkSet> {
        let unavailable = || PortError::new(PortErrorKind::Unavailable, OPERATION).with("url", &self.url);
        let answer = self.client.get(&self.url).send().await.and_then(reqwest::Response::error_for_status);
        let mut stream = answer.map_err(|error| unavailable().because(error))?.bytes_stream();
        let mut body = Vec::new();
        while let Some(part) = stream.next().await {
            body.extend_from_slice(&part.map_err(|error| unavailable().because(error))?);
            if body.len() > LARGEST_ANSWER {
                return Err(unavailable().with("reason", "the key set is too large"));
            }
        }
        serde_json::from_slice(&body).map_err(|error| unavailable().because(error))
    }
}

/// A set of keys as it was fetched, and the tokens that were verified with them: what a newer set lacks verifies nothing more.
#[derive(Default)]
pub(super) struct Keys {
    by_id: HashMap<String, (SigningAlgorithm, DecodingKey)>,
    pub(super) verified: Verified,
}

impl Keys {
    /// The key `id`, if it is one for `algorithm`.
    pub(super) fn key(&self, id: &str, algorithm: SigningAlgorithm) -> Result<&DecodingKey, Refusal> {
        let (of, key) = self.by_id.get(id).ok_or(Refusal::Token("unknown key"))?;
        if *of == algorithm { Ok(key) } else { Err(Refusal::Token("algorithm of the key")) }
    }
}

#[derive(Clone)]
struct Cached {
    keys: Arc<Keys>,
    fetched_at: Timestamp,
}

/// The keys of one issuer by key id.
pub(super) struct KeyCache {
    source: Arc<dyn KeySource>,
    clock: Arc<dyn Clock>,
    cached: RwLock<Option<Cached>>,
    /// When the last fetch began. Held while fetching: one fetch at a time, the others wait for its keys.
    tried_at: Mutex<Option<Timestamp>>,
}

impl KeyCache {
    pub(super) fn new(source: Arc<dyn KeySource>, clock: Arc<dyn Clock>) -> Self {
        Self { source, clock, cached: RwLock::new(None), tried_at: Mutex::new(None) }
    }

    /// Keys among which is `key_id`, if the issuer has it.
    pub(super) async fn with(&self, key_id: &str) -> Result<Arc<Keys>, Refusal> {
        let cached = self.cached();
        let fresh = |cached: &&Cached| cached.keys.by_id.contains_key(key_id) && self.clock.now().since(cached.fetched_at) < FRESH;
        if let Some(known) = cached.as_ref().filter(fresh) {
            return Ok(Arc::clone(&known.keys));
        }
        match self.refreshed(cached).await? {
            // It may be a new one: the caller is not at fault if the issuer doesn't answer.
            (keys, Some(failure)) if !keys.by_id.contains_key(key_id) => Err(Refusal::Keys(failure)),
            (keys, _) => Ok(keys),
        }
    }

    fn cached(&self) -> Option<Cached> {
        self.cached.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Newer keys than `seen`, or what there is when it is too early to ask or the issuer doesn't answer; with the failure,
    /// if the last time that it was asked it didn't.
    async fn refreshed(&self, seen: Option<Cached>) -> Result<(Arc<Keys>, Option<PortError>), Refusal> {
        let mut tried_at = self.tried_at.lock().await;
        let (cached, now) = (self.cached(), self.clock.now());
        if let Some(cached) = &cached
            && seen.is_none_or(|seen| cached.fetched_at > seen.fetched_at)
        {
            return Ok((Arc::clone(&cached.keys), None));
        }
        let pause = if cached.is_some() { self.source.pause() } else { RETRY };
        let too_early = tried_at.is_some_and(|tried_at| now.since(tried_at) < pause);
        let failure = if too_early {
            PortError::new(PortErrorKind::Unavailable, OPERATION).with("reason", "the last try failed a moment ago")
        } else {
            *tried_at = Some(now);
            match self.source.keys().await {
                Ok(set) => return Ok((self.keep(&set, now), None)),
                Err(error) => {
                    tracing::warn!(%error, source = ?std::error::Error::source(&error), "the issuer's keys can't be had");
                    error
                }
            }
        };
        match cached {
            Some(cached) if now.since(cached.fetched_at) < USABLE => {
                let answered = too_early && tried_at.is_none_or(|tried_at| tried_at <= cached.fetched_at);
                Ok((cached.keys, (!answered).then_some(failure)))
            }
            _ => Err(Refusal::Keys(failure)),
        }
    }

    fn keep(&self, set: &JwkSet, now: Timestamp) -> Arc<Keys> {
        let keys = Arc::new(Keys { by_id: set.keys.iter().filter_map(usable).collect(), verified: Verified::default() });
        *self.cached.write().unwrap_or_else(PoisonError::into_inner) = Some(Cached { keys: Arc::clone(&keys), fetched_at: now });
        keys
    }
}

/// A key with the one algorithm that it may be used for; `None` for keys that aren't for signatures that we check.
fn usable(jwk: &Jwk) -> Option<(String, (SigningAlgorithm, DecodingKey))> {
    if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (SigningAlgorithm::Rs256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => (SigningAlgorithm::Es256, KeyAlgorithm::ES256),
        _ => return None,
    };
    if jwk.common.key_algorithm.is_some_and(|declared| declared != name) {
        return None;
    }
    Some((jwk.common.key_id.clone()?, (algorithm, DecodingKey::from_jwk(jwk).ok()?)))
}
