//! `POST /admin/api-keys`.

use domain::{
    Timestamp,
    access::{Action, Resource},
    api_key::ApiKey,
    id::{AccessKeyId, UserId},
    ports::{Condition, Ids},
    principal::KeyScope,
};

use super::Identity;
use crate::{
    core::Caller,
    error::{AppError, AppResult},
    paging::internal,
};

/// At most so many packages in a key's scope: a row has 400 KB, and every request carries the scope.
const PACKAGES_PER_KEY: usize = 100;

/// What an admin enters for a new key.
#[derive(Clone, Debug)]
pub struct GrantKey {
    /// Whom it acts for.
    pub user_id: UserId,
    /// What it is narrowed to.
    pub scope: KeyScope,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

impl Identity {
    /// Grants an API key to a user, who then makes its secret.
    ///
    /// # Errors
    /// 403 unless the caller is an admin; 404 for an unknown user; 422 for an end that has passed or too many packages.
    pub async fn grant_key(&self, caller: &Caller, entered: &GrantKey) -> AppResult<ApiKey> {
        self.core.authorise(caller, Action::KeyGrant, Resource::Application).await?;
        let now = self.core.now();
        let mut errors = Vec::new();
        if entered.expires_at.is_some_and(|end| end <= now) {
            errors.push(domain::Invalid::new("has passed already").at("/expires_at"));
        }
        if entered.scope.packages.as_ref().is_some_and(|packages| packages.is_empty() || packages.len() > PACKAGES_PER_KEY) {
            errors.push(domain::Invalid::new(format!("must name 1 to {PACKAGES_PER_KEY} packages")).at("/packages"));
        }
        if !errors.is_empty() {
            return Err(AppError::invalid(errors));
        }
        if self.core.store.principal(&entered.user_id).await?.is_none() {
            return Err(AppError::not_found("user"));
        }
        let key = ApiKey {
            access_key_id: new_access_key_id(self.core.ids.as_ref())?,
            user_id: entered.user_id.clone(),
            active: true,
            scope: entered.scope.clone(),
            salt: None,
            created_at: now,
            last_used_at: None,
            expires_at: entered.expires_at,
        };
        let stamp = self.core.stamp(caller, Action::KeyGrant, &["user_id", "scope", "expires_at"]);
        self.core.store.tables.write(self.core.store.put_api_key(&key, &stamp, Condition::Absent)?).await?;
        Ok(key)
    }
}

/// 16 characters of 5 random bits each.
fn new_access_key_id(ids: &dyn Ids) -> AppResult<AccessKeyId> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut random = [0_u8; 16];
    ids.random(&mut random);
    let name: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
    format!("{}{name}", AccessKeyId::PREFIX).parse().map_err(internal)
}
