//! Secrets of API keys: derived from the user's record and the key's salt, never stored.

use std::{collections::BTreeMap, sync::Arc};

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    PortError, PortErrorKind,
    api_key::ApiKey,
    id::{AccessKeyId, UserId},
};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

use super::Identity;
use crate::{error::AppResult, paging::internal};

/// 30 bytes are 40 characters.
const SECRET_BYTES: usize = 30;

struct SecretLength;

impl KeyType for SecretLength {
    fn len(&self) -> usize {
        SECRET_BYTES
    }
}

impl Identity {
    /// The secret of a key; `None` for one whose user made none yet or is gone.
    ///
    /// # Errors
    /// Those of user records and cipher.
    pub async fn secret_of(&self, key: &ApiKey) -> AppResult<Option<SecretString>> {
        let Some(salt) = &key.salt else { return Ok(None) };
        let now = self.core.now();
        let seed = match self.seeds.get(&key.user_id, now) {
            Some(seed) => seed,
            None => {
                let Some(seed) = self.seed(&key.user_id).await?.map(Arc::new) else { return Ok(None) };
                self.seeds.put(key.user_id.clone(), Arc::clone(&seed), now);
                seed
            }
        };
        derive(&seed, salt, &key.access_key_id).map(Some)
    }

    /// The user's 32 bytes, made now if there are none.
    pub(super) async fn ensure_seed(&self, user_id: &UserId) -> AppResult<SecretBox<[u8; 32]>> {
        if let Some(seed) = self.seed(user_id).await? {
            return Ok(seed);
        }
        let _alone = self.first_record.lock().await;
        if let Some(seed) = self.seed(user_id).await? {
            return Ok(seed);
        }
        let fresh = SecretBox::<[u8; 32]>::init_with_mut(|bytes| self.core.ids.random(bytes));
        let ciphertext = self.core.cipher.encrypt(fresh.expose_secret(), &context(user_id)).await?;
        self.records.put(user_id, &ciphertext).await?;
        // What another process may have put there meanwhile counts.
        Ok(self.seed(user_id).await?.unwrap_or(fresh))
    }

    async fn seed(&self, user_id: &UserId) -> AppResult<Option<SecretBox<[u8; 32]>>> {
        let ciphertext = match self.records.get(user_id).await {
            Ok(Some(ciphertext)) => ciphertext,
            Ok(None) => return Ok(None),
            Err(error) if error.is(PortErrorKind::NotFound) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let bytes = SecretBox::new(Box::new(self.core.cipher.decrypt(&ciphertext, &context(user_id)).await?));
        let found = bytes.expose_secret().len();
        if found != 32 {
            return Err(PortError::new(PortErrorKind::Unexpected, "identity.seed").with("bytes", found).into());
        }
        Ok(Some(SecretBox::init_with_mut(|seed: &mut [u8; 32]| seed.copy_from_slice(bytes.expose_secret()))))
    }
}

/// HKDF-SHA256 over the user's bytes, the key's salt, and the key's id.
pub(super) fn derive(seed: &SecretBox<[u8; 32]>, salt: &str, id: &AccessKeyId) -> AppResult<SecretString> {
    let salt = hex::decode(salt).map_err(internal)?;
    let pseudorandom = Salt::new(HKDF_SHA256, &salt).extract(seed.expose_secret());
    let info = [id.as_str().as_bytes()];
    let expanded = pseudorandom.expand(&info, SecretLength).map_err(internal)?;
    let mut secret = [0_u8; SECRET_BYTES];
    expanded.fill(&mut secret).map_err(internal)?;
    Ok(SecretString::from(URL_SAFE_NO_PAD.encode(secret)))
}

fn context(user_id: &UserId) -> BTreeMap<String, String> {
    BTreeMap::from([("user_id".to_owned(), user_id.to_string())])
}
