//! From a proof to a principal. Rights come from the principal row, never from the proof.

use std::{sync::Arc, time::Duration};

use domain::{
    Principal, Timestamp,
    api_key::ApiKey,
    id::{AccessKeyId, UserId},
    ports::VerifiedToken,
    principal::Via,
    user::PrincipalRecord,
};
use secrecy::SecretString;

use super::Identity;
use crate::error::{AppError, AppResult, ErrorKind};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// The use of a key is noted at most so often.
const USE_NOTED_EVERY: Duration = Duration::from_secs(3600);

/// A key and the secret that its signatures are verified with.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// The key, usable or not: only whoever has the secret learns which.
    pub key: ApiKey,
    /// Its secret.
    pub secret: SecretString,
    /// The row was read before, up to a minute ago.
    pub remembered: bool,
}

impl Identity {
    /// The caller that a verified access token stands for.
    ///
    /// # Errors
    /// 401 for a token from before the last sign-out; 403 for somebody who is disabled, unknown or without a role.
    pub async fn authenticate_token(&self, token: &VerifiedToken) -> AppResult<Principal> {
        let record = self.principal_record(&token.user_id).await?;
        let principal = principal(&record, Via::Session)?;
        // Tokens tell whole seconds: one of the same second is refused too, for it may be the older one.
        if token.issued_at < record.tokens_valid_after {
            return Err(AppError::new(
                ErrorKind::Unauthenticated,
                "token_revoked",
                "The access token was issued before the session was ended. Sign in again.",
            ));
        }
        Ok(principal)
    }

    /// The key with this id and its secret, to verify a signature with; `None` if nothing can be signed with it.
    ///
    /// # Errors
    /// Those of tables, user records and cipher.
    pub async fn signing_key(&self, id: &AccessKeyId) -> AppResult<Option<SigningKey>> {
        let remembered = self.keys.as_ref().and_then(|keys| keys.get(id, self.core.now()));
        let Some(key) = remembered else { return self.stored_signing_key(id).await };
        Ok(self.secret_of(&key).await?.map(|secret| SigningKey { key, secret, remembered: true }))
    }

    /// The same as the tables have it now: for a signature that does not fit what is remembered.
    ///
    /// # Errors
    /// Those of tables, user records and cipher.
    pub async fn stored_signing_key(&self, id: &AccessKeyId) -> AppResult<Option<SigningKey>> {
        let Some(key) = self.core.store.api_key(id).await? else { return Ok(None) };
        self.remember(&key);
        Ok(self.secret_of(&key).await?.map(|secret| SigningKey { key, secret, remembered: false }))
    }

    fn remember(&self, key: &ApiKey) {
        if let Some(keys) = &self.keys {
            keys.put(key.access_key_id.clone(), key.clone(), self.core.now());
        }
    }

    /// The caller that a key stands for whose signature was verified. Its use is noted, at most hourly.
    ///
    /// # Errors
    /// 401 for a key that is inactive or has ended, or whose user must sign in again; 403 for somebody who is disabled,
    /// unknown or without a role.
    pub async fn authenticate_key(&self, key: &ApiKey) -> AppResult<Principal> {
        let now = self.core.now();
        if !key.usable_at(now) {
            return Err(AppError::new(
                ErrorKind::Unauthenticated,
                "key_inactive",
                "The API key is inactive or has expired. Ask an administrator for another one.",
            ));
        }
        let record = self.principal_record(&key.user_id).await?;
        let via = Via::Key { access_key_id: key.access_key_id.clone(), scope: key.scope.clone() };
        let principal = principal(&record, via)?;
        if record.federated {
            self.check_last_sign_in(&record, now).await?;
        }
        if key.last_used_at.is_none_or(|used| now.since(used) >= USE_NOTED_EVERY) {
            self.note_use(key, now).await;
        }
        Ok(principal)
    }

    /// A statistic: no request fails for it.
    async fn note_use(&self, key: &ApiKey, now: Timestamp) {
        match self.core.store.note_key_use(&key.access_key_id, now).await {
            // The row was read when it was: a key that was revoked since must not be remembered any longer for its use.
            Ok(()) => {
                if let Some(keys) = &self.keys {
                    keys.change(&key.access_key_id, |key| key.last_used_at = Some(now));
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, key = %key.access_key_id, "the use of a key could not be noted");
            }
        }
    }

    /// An identity provider does not tell that it closed an account: whoever can't sign in any more can't use keys for long.
    async fn check_last_sign_in(&self, record: &PrincipalRecord, now: Timestamp) -> AppResult<()> {
        let days = match self.key_days.get(&(), now) {
            Some(days) => days,
            None => {
                let days = self.core.store.settings().await?.federated_key_days;
                self.key_days.put((), days, now);
                days
            }
        };
        if record.last_sign_in.is_some_and(|last| now.since(last) <= DAY * days) {
            return Ok(());
        }
        let message = format!("The user of the API key has not signed in for {days} days. Sign in once, then the key works again.");
        Err(AppError::new(ErrorKind::Unauthenticated, "sign_in_required", message))
    }

    /// The principal row, at most a minute old.
    async fn principal_record(&self, user_id: &UserId) -> AppResult<Arc<PrincipalRecord>> {
        let now = self.core.now();
        if let Some(record) = self.principals.get(user_id, now) {
            return Ok(record);
        }
        let record = Arc::new(self.core.store.principal(user_id).await?.ok_or_else(no_access)?);
        self.principals.put(user_id.clone(), Arc::clone(&record), now);
        Ok(record)
    }
}

fn principal(record: &PrincipalRecord, via: Via) -> AppResult<Principal> {
    if !record.enabled {
        return Err(AppError::new(ErrorKind::Forbidden, "user_disabled", "The user is disabled. Ask an administrator."));
    }
    let role = record.role.ok_or_else(no_access)?;
    Ok(Principal { user_id: record.user_id.clone(), role, groups: record.groups.iter().cloned().collect(), via })
}

fn no_access() -> AppError {
    AppError::new(ErrorKind::Forbidden, "no_access", "The user has no role in this data lake. Ask an administrator.")
}
