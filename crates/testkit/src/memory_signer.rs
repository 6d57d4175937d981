//! A signer whose key lives as long as it.

use async_trait::async_trait;
use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{ECDSA_SHA_256, Signature, Signer},
};

use crate::Faults;

/// ECDSA with a key of its own.
#[derive(Debug)]
pub struct MemorySigner {
    key: EcdsaKeyPair,
    /// Failures on demand.
    pub faults: Faults,
}

impl Default for MemorySigner {
    fn default() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key can be made");
        Self { key, faults: Faults::default() }
    }
}

#[async_trait]
impl Signer for MemorySigner {
    async fn sign(&self, message: &[u8]) -> PortResult<Signature> {
        self.faults.check("signer.sign")?;
        if message.len() > 4_096 {
            return Err(PortError::new(PortErrorKind::InvalidArgument, "signer.sign").with("bytes", message.len()));
        }
        let signature = self.key.sign(&SystemRandom::new(), message).expect("a small message can be signed");
        Ok(Signature { algorithm: ECDSA_SHA_256, key: "memory".to_owned(), bytes: signature.as_ref().to_vec() })
    }

    async fn public_key(&self) -> PortResult<Vec<u8>> {
        self.faults.check("signer.public_key")?;
        let key: PublicKeyX509Der<'_> = self.key.public_key().as_der().expect("a public key has a text");
        Ok(key.as_ref().to_vec())
    }
}
