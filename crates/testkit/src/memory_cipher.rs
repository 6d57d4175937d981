//! A cipher under a key that everybody knows.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use domain::{PortError, PortErrorKind, PortResult, ports::Cipher};

use crate::Faults;

/// AES-256-GCM under a key of zeros: as strict as a real one, and no secret.
#[derive(Debug, Default)]
pub struct MemoryCipher {
    /// Failures on demand.
    pub faults: Faults,
}

fn key() -> RandomizedNonceKey {
    RandomizedNonceKey::new(&AES_256_GCM, &[0; 32]).expect("32 bytes are a key")
}

fn associated(context: &BTreeMap<String, String>) -> Aad<Vec<u8>> {
    Aad::from(serde_json::to_vec(context).expect("texts are JSON"))
}

#[async_trait]
impl Cipher for MemoryCipher {
    async fn encrypt(&self, plaintext: &[u8], context: &BTreeMap<String, String>) -> PortResult<Vec<u8>> {
        self.faults.check("cipher.encrypt")?;
        if plaintext.len() > 4_096 {
            return Err(PortError::new(PortErrorKind::InvalidArgument, "cipher.encrypt").with("bytes", plaintext.len()));
        }
        let mut sealed = plaintext.to_vec();
        let nonce = key().seal_in_place_append_tag(associated(context), &mut sealed).expect("a small text can be sealed");
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    async fn decrypt(&self, ciphertext: &[u8], context: &BTreeMap<String, String>) -> PortResult<Vec<u8>> {
        self.faults.check("cipher.decrypt")?;
        let refused = || PortError::new(PortErrorKind::InvalidArgument, "cipher.decrypt");
        let (nonce, sealed) = ciphertext.split_first_chunk::<NONCE_LEN>().ok_or_else(refused)?;
        let mut sealed = sealed.to_vec();
        let opened = key().open_in_place(Nonce::assume_unique_for_key(*nonce), associated(context), &mut sealed);
        Ok(opened.map_err(|_| refused())?.to_vec())
    }
}
