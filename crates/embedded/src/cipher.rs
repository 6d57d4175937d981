//! Encryption under a key in a file of this machine: AES-256-GCM.
//!
//! Ciphertext: one byte of version, 12 bytes of nonce, then the sealed bytes with their tag of 16 bytes. The version and
//! the context are authenticated with it.

use std::{collections::BTreeMap, path::Path};

use async_trait::async_trait;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    rand,
};
use domain::{PortError, PortErrorKind, PortResult, ports::Cipher};

use crate::key_file;

/// The only version so far.
const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;
/// What the port promises to take at most.
const PLAINTEXT_LIMIT: usize = 4_096;

/// A cipher whose key lies in a file that only its owner can read.
pub struct AesCipher {
    key: RandomizedNonceKey,
}

impl AesCipher {
    /// Reads the key file at `path`; makes it, with a new key, if there is none.
    ///
    /// # Errors
    /// `PermissionDenied` if others may read the file, `Unexpected` if it holds no key, `Unavailable` if it can't be
    /// read or written.
    pub fn open(path: &Path) -> PortResult<Self> {
        let bytes = key_file::open("cipher.open", path, KEY_BYTES, || {
            let mut key = [0_u8; KEY_BYTES];
            rand::fill(&mut key).map(|()| key.to_vec())
        })?;
        let unusable = |_| {
            PortError::new(PortErrorKind::Unexpected, "cipher.open").with("file", path.display()).with("reason", "holds no key of 32 bytes")
        };
        Ok(Self { key: RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(unusable)? })
    }
}

/// Version and context without ambiguity: each text behind its length, in the order of names.
fn associated(version: u8, context: &BTreeMap<String, String>) -> Aad<Vec<u8>> {
    let mut bytes = vec![version];
    for text in context.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    Aad::from(bytes)
}

#[async_trait]
impl Cipher for AesCipher {
    async fn encrypt(&self, plaintext: &[u8], context: &BTreeMap<String, String>) -> PortResult<Vec<u8>> {
        if plaintext.len() > PLAINTEXT_LIMIT {
            return Err(PortError::new(PortErrorKind::InvalidArgument, "cipher.encrypt").with("bytes", plaintext.len()));
        }
        let mut sealed = plaintext.to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(associated(VERSION, context), &mut sealed)
            .map_err(|error| PortError::new(PortErrorKind::Unexpected, "cipher.encrypt").because(error))?;
        Ok([&[VERSION], nonce.as_ref().as_slice(), &sealed].concat())
    }

    async fn decrypt(&self, ciphertext: &[u8], context: &BTreeMap<String, String>) -> PortResult<Vec<u8>> {
        let refused = || PortError::new(PortErrorKind::InvalidArgument, "cipher.decrypt");
        let (&version, rest) = ciphertext.split_first().ok_or_else(refused)?;
        if version != VERSION {
            return Err(refused().with("version", version));
        }
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or_else(refused)?;
        let mut sealed = sealed.to_vec();
        let opened = self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), associated(version, context), &mut sealed);
        Ok(opened.map_err(|_| refused())?.to_vec())
    }
}
