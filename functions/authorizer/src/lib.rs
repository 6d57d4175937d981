//! Decides who a caller is: bearer tokens and request signatures.
//!
//! The server runs it as middleware, the cloud as API Gateway's request authorizer. Either way the request goes on with
//! the [`Verdict`], and the function behind answers.

mod bearer;
mod failures;
mod head;
mod resign;
mod signature;

use std::borrow::Cow;
use std::{sync::Arc, time::Duration};

use app::{
    AppError, Core, ErrorKind,
    identity::{
        Identity,
        verdict::{RefusalKind, Verdict},
    },
};
use async_trait::async_trait;
use domain::{
    PortError, PortErrorKind, PortResult,
    job::Job,
    ports::{Cipher, Clock, Ids, Jobs, Tables, TokenVerifier, UserRecords},
};

use crate::failures::Failures;

pub use crate::head::{HEAD_LIMIT, QUERY_LIMIT, RequestHead};

/// Within this there is a verdict: the gateway waits for ten seconds, and then answers by itself without saying when to
/// come again.
pub const TIME_LIMIT: Duration = Duration::from_secs(8);

/// The ports that this function uses; its policy in the cloud has the same list.
pub struct Deps {
    /// Principal rows and keys to read; the last use of keys to note.
    pub tables: Arc<dyn Tables>,
    /// What keys' secrets are derived from.
    pub records: Arc<dyn UserRecords>,
    /// Decrypts it.
    pub cipher: Arc<dyn Cipher>,
    /// Verifies access tokens.
    pub tokens: Arc<dyn TokenVerifier>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn Ids>,
}

/// Tells who is asking. One per process: it caches, and counts failures.
#[derive(Clone)]
pub struct Authorizer {
    identity: Identity,
    tokens: Arc<dyn TokenVerifier>,
    clock: Arc<dyn Clock>,
    failures: Arc<Failures>,
}

impl Authorizer {
    /// Over its ports.
    #[must_use]
    pub fn new(deps: Deps) -> Self {
        let Deps { tables, records, cipher, tokens, clock, ids } = deps;
        let core = Core::new(tables, Arc::new(NoJobs), cipher, Arc::clone(&clock), ids);
        Self { identity: Identity::new(core, records), tokens, clock, failures: Arc::default() }
    }

    /// Remembers keys for a minute: for a home where each read of a key's row is a call over the network.
    #[must_use]
    pub fn remembering_keys(self) -> Self {
        Self { identity: self.identity.remembering_keys(), ..self }
    }

    /// Who is asking, and with which rights. It never fails: what can't be told, or not in time, is a refusal.
    pub async fn verdict(&self, head: &RequestHead) -> Verdict {
        let decided = tokio::time::timeout(TIME_LIMIT, self.decide(head)).await;
        match decided.unwrap_or_else(|_| Err(Refusal::unavailable())) {
            Ok(verdict) => verdict,
            Err(refusal) => {
                // Names and codes only: what was sent may be a secret.
                tracing::info!(code = %refusal.code, address = head.source_ip.as_deref(), "a caller was refused");
                if refusal.kind == RefusalKind::Unauthenticated {
                    self.failures.count(&head.failure_names(), self.clock.now());
                }
                Verdict::Refused { kind: refusal.kind, code: refusal.code.into_owned(), detail: refusal.detail }
            }
        }
    }

    async fn decide(&self, head: &RequestHead) -> Result<Verdict, Refusal> {
        head.check()?;
        let Some(proof) = head.single("authorization")? else { return Ok(Verdict::Anonymous) };
        if self.failures.are_too_many(&head.failure_names(), self.clock.now()) {
            let detail = "Too many refused requests from here. Try again in a minute.";
            return Err(Refusal::new(RefusalKind::TooMany, "too_many_failures", detail));
        }
        if let Some(token) = bearer::token(proof) {
            bearer::verdict(&self.identity, self.tokens.as_ref(), &token).await
        } else if let Some(parameters) = proof.strip_prefix(signature::ALGORITHM) {
            self.signed(head, parameters).await
        } else {
            let detail = "Authorization must be 'Bearer' and an access token, or an AWS Signature Version 4.";
            Err(Refusal::unauthenticated("unsupported_authorization", detail))
        }
    }

    async fn signed(&self, head: &RequestHead, parameters: &str) -> Result<Verdict, Refusal> {
        let claim = signature::read(head, parameters, self.clock.now())?;
        // For an unknown key the same answer as for a wrong signature: nobody learns which keys exist.
        let invalid = || Refusal::unauthenticated("invalid_signature", INVALID_SIGNATURE);
        let mut key = self.identity.signing_key(&claim.access_key_id).await?.ok_or_else(invalid)?;
        let mut matches = resign::matches(head, &claim, &key.secret);
        if !matches && key.remembered {
            // The secret may be newer than what is remembered.
            key = self.identity.stored_signing_key(&claim.access_key_id).await?.ok_or_else(invalid)?;
            matches = resign::matches(head, &claim, &key.secret);
        }
        if !matches {
            return Err(invalid());
        }
        let principal = self.identity.authenticate_key(&key.key).await?;
        Ok(Verdict::Allowed { principal, body_sha256: claim.body_sha256 })
    }
}

const INVALID_SIGNATURE: &str = "The signature does not fit the request and the access key. Check key id, secret, and that \
                                 method, path, query, signed headers and body hash are sent as they were signed.";

/// A refusal on its way to a verdict.
#[derive(Debug)]
pub(crate) struct Refusal {
    kind: RefusalKind,
    code: Cow<'static, str>,
    detail: String,
}

impl Refusal {
    fn new(kind: RefusalKind, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { kind, code: code.into(), detail: detail.into() }
    }

    fn malformed(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(RefusalKind::Malformed, code, detail)
    }

    fn unauthenticated(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(RefusalKind::Unauthenticated, code, detail)
    }

    fn unavailable() -> Self {
        Self::new(RefusalKind::Unavailable, "unavailable", "Who you are can't be told right now. Try again shortly.")
    }
}

impl From<AppError> for Refusal {
    fn from(error: AppError) -> Self {
        let kind = match error.kind() {
            ErrorKind::Unauthenticated => RefusalKind::Unauthenticated,
            ErrorKind::Forbidden => RefusalKind::Forbidden,
            _ => {
                tracing::error!(error = &error as &dyn std::error::Error, "who is asking can't be told");
                return Self::unavailable();
            }
        };
        Self::new(kind, error.code().to_owned(), error.message())
    }
}

/// The authorizer announces nothing, and has no right to.
struct NoJobs;

#[async_trait]
impl Jobs for NoJobs {
    async fn enqueue(&self, _: &Job, _: Duration) -> PortResult<()> {
        Err(PortError::new(PortErrorKind::Unsupported, "authorizer.jobs"))
    }

    async fn enqueue_many(&self, _: &[Job]) -> PortResult<()> {
        Err(PortError::new(PortErrorKind::Unsupported, "authorizer.jobs"))
    }
}
