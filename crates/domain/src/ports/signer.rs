//! Signatures that anybody can verify.

use async_trait::async_trait;

use crate::error::PortResult;

/// A signature: ECDSA on the curve P-256 over SHA-256, in DER, as common tools take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The signature's algorithm by its keeper's name.
    pub algorithm: &'static str,
    /// The keeper's name of the key.
    pub key: String,
    /// The signature.
    pub bytes: Vec<u8>,
}

/// The only algorithm so far.
pub const ECDSA_SHA_256: &str = "ECDSA_SHA_256";

/// Signs small messages with a key that never leaves its keeper, and that stays the same.
#[async_trait]
pub trait Signer: Send + Sync {
    /// The signature of `message`. More than 4,096 bytes are `InvalidArgument`.
    async fn sign(&self, message: &[u8]) -> PortResult<Signature>;

    /// The public half of the key, by which everybody can verify: a `SubjectPublicKeyInfo` in DER.
    async fn public_key(&self) -> PortResult<Vec<u8>>;
}
