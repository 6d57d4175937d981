//! `POST /profile/api-keys/{access_key_id}/secret`.

use domain::{
    PortErrorKind,
    access::{Action, Resource},
    id::AccessKeyId,
};
use secrecy::SecretString;

use super::{Identity, secret::derive};
use crate::{
    core::Caller,
    error::{AppError, AppResult, ErrorKind},
};

impl Identity {
    /// Gives an own key a new secret of 40 characters, shown this once; the old one stops at once.
    ///
    /// # Errors
    /// 404 for a key that is absent or somebody else's; 409 for one that is inactive, has expired, or was given another
    /// secret at the same moment.
    pub async fn rotate_secret(&self, caller: &Caller, id: &AccessKeyId) -> AppResult<SecretString> {
        let absent = || AppError::not_found("API key");
        let key = self.core.store.api_key(id).await?.ok_or_else(absent)?;
        let allowed = self.core.authorise(caller, Action::KeyRotate, Resource::User(&key.user_id)).await;
        // Somebody else's key is told exactly as one that is not there.
        allowed.map_err(|error| if error.kind() == ErrorKind::NotFound { absent() } else { error })?;
        if !key.active || key.expires_at.is_some_and(|end| end <= self.core.now()) {
            return Err(AppError::new(ErrorKind::Conflict, "key_inactive", "The API key is inactive or has expired: it gets no secret."));
        }
        let seed = self.ensure_seed(&key.user_id).await?;
        let mut salt = [0_u8; 16];
        self.core.ids.random(&mut salt);
        let salt = hex::encode(salt);
        let stamp = self.core.stamp(caller, Action::KeyRotate, &["secret"]);
        match self.core.store.tables.write(self.core.store.put_salt(&key, &salt, &stamp)?).await {
            Ok(()) => derive(&seed, &salt, id),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => {
                Err(AppError::new(ErrorKind::Conflict, "key_changed", "The API key was changed at the same moment. Look at it again."))
            }
            Err(error) => Err(error.into()),
        }
    }
}
