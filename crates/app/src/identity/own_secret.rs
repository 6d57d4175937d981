//! Secrets that the product makes for itself at first use and keeps as ciphertext: the key that seals cursors (`cursor`),
//! and on one machine the key by which it signs URLs (`objects`).

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::SecretBox;

use crate::{core::Core, error::AppResult, paging::internal};

impl Core {
    /// The 32 bytes of the secret of this name.
    ///
    /// # Errors
    /// Those of tables and cipher.
    pub async fn own_secret(&self, name: &str) -> AppResult<SecretBox<[u8]>> {
        let context = BTreeMap::from([("purpose".to_owned(), name.to_owned())]);
        let ciphertext = match self.store.own_secret(name).await? {
            Some(ciphertext) => ciphertext,
            None => {
                let mut fresh = [0_u8; 32];
                self.ids.random(&mut fresh);
                let ciphertext = STANDARD.encode(self.cipher.encrypt(&fresh, &context).await?);
                self.store.keep_own_secret(name, &ciphertext).await?
            }
        };
        let bytes = STANDARD.decode(ciphertext).map_err(internal)?;
        Ok(SecretBox::from(self.cipher.decrypt(&bytes, &context).await?.into_boxed_slice()))
    }
}
