//! Signatures with a key in a file of this machine: ECDSA on the curve P-256, the key as PKCS#8 in DER.

use std::path::Path;

use async_trait::async_trait;
use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::{AsDer as _, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{ECDSA_SHA_256, Signature, Signer},
};

use crate::key_file;

/// A key of this curve has 138 bytes.
const KEY_BYTES: usize = 1_024;
/// What the port promises to take at most.
const MESSAGE_LIMIT: usize = 4_096;

/// A signer whose key lies in a file that only its owner can read.
#[derive(Debug)]
pub struct FileSigner {
    pair: EcdsaKeyPair,
    public_key: Vec<u8>,
    name: String,
}

impl FileSigner {
    /// Reads the key file at `path`; makes it, with a new key, if there is none.
    ///
    /// # Errors
    /// `PermissionDenied` if others may read the file, `Unexpected` if it holds no key, `Unavailable` if it can't be
    /// read or written.
    pub fn open(path: &Path) -> PortResult<Self> {
        let bytes = key_file::open("signer.open", path, KEY_BYTES, || {
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).map(|key| key.as_ref().to_vec())
        })?;
        let unusable = || PortError::new(PortErrorKind::Unexpected, "signer.open").with("file", path.display());
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &bytes).map_err(|error| unusable().because(error))?;
        let public_key: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|error| unusable().because(error))?;
        let public_key = public_key.as_ref().to_vec();
        // So that whoever has several public keys finds the right one.
        let name = format!("sha256:{}", hex::encode(digest(&SHA256, &public_key)));
        Ok(Self { pair, public_key, name })
    }
}

#[async_trait]
impl Signer for FileSigner {
    async fn sign(&self, message: &[u8]) -> PortResult<Signature> {
        const OPERATION: &str = "signer.sign";
        if message.len() > MESSAGE_LIMIT {
            return Err(PortError::new(PortErrorKind::InvalidArgument, OPERATION).with("bytes", message.len()));
        }
        let signature = self.pair.sign(&SystemRandom::new(), message);
        let signature = signature.map_err(|error| PortError::new(PortErrorKind::Unexpected, OPERATION).because(error))?;
        Ok(Signature { algorithm: ECDSA_SHA_256, key: self.name.clone(), bytes: signature.as_ref().to_vec() })
    }

    async fn public_key(&self) -> PortResult<Vec<u8>> {
        Ok(self.public_key.clone())
    }
}
