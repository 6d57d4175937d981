//! The key that seals cursors: made by the cipher's home at first use, kept as ciphertext.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{core::Core, error::AppResult, paging::internal};

impl Core {
    /// The 32 bytes of the cursors' key.
    pub(crate) async fn cursor_secret(&self) -> AppResult<Vec<u8>> {
        let context = BTreeMap::from([("purpose".to_owned(), "cursor".to_owned())]);
        let ciphertext = match self.store.cursor_secret().await? {
            Some(ciphertext) => ciphertext,
            None => {
                let mut fresh = [0_u8; 32];
                self.ids.random(&mut fresh);
                let ciphertext = STANDARD.encode(self.cipher.encrypt(&fresh, &context).await?);
                self.store.keep_cursor_secret(&ciphertext).await?
            }
        };
        let bytes = STANDARD.decode(ciphertext).map_err(internal)?;
        Ok(self.cipher.decrypt(&bytes, &context).await?)
    }
}
