//! Encryption of small secrets under the deployment's key.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::error::PortResult;

/// Encrypts small values (<= 4,096 bytes) under a key that never leaves its keeper.
#[async_trait]
pub trait Cipher: Send + Sync {
    /// Ciphertext of `plaintext`, bound to `context`.
    async fn encrypt(&self, plaintext: &[u8], context: &BTreeMap<String, String>) -> PortResult<Vec<u8>>;

    /// The plaintext. Another context, or a changed ciphertext, is `InvalidArgument`.
    async fn decrypt(&self, ciphertext: &[u8], context: &BTreeMap<String, String>) -> PortResult<Vec<u8>>;
}
