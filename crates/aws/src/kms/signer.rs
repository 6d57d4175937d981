//! Signatures by a key of AWS KMS.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_kms::{
    Client,
    primitives::Blob,
    types::{MessageType, SigningAlgorithmSpec},
};
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{ECDSA_SHA_256, Signature, Signer},
};

use super::{LONGEST, failed, without};
use crate::account::Account;

const SIGN: &str = "signer.sign";
const PUBLIC_KEY: &str = "signer.public_key";

impl Account {
    /// Signatures by the key with this ARN.
    #[must_use]
    pub fn signer(&self, key_arn: &str) -> Arc<KmsSigner> {
        Arc::new(KmsSigner::new(Client::new(self.config()), key_arn))
    }
}

/// The port `Signer` over one key of KMS with the specification `ECC_NIST_P256`.
#[derive(Clone, Debug)]
pub struct KmsSigner {
    client: Client,
    key_arn: String,
}

impl KmsSigner {
    /// Over a client that follows the account's policy of time limits and repetitions.
    #[must_use]
    pub fn new(client: Client, key_arn: impl Into<String>) -> Self {
        Self { client, key_arn: key_arn.into() }
    }
}

#[async_trait]
impl Signer for KmsSigner {
    async fn sign(&self, message: &[u8]) -> PortResult<Signature> {
        if message.len() > LONGEST {
            return Err(PortError::new(PortErrorKind::InvalidArgument, SIGN).with("bytes", message.len()));
        }
        let request = self.client.sign().key_id(&self.key_arn).message(Blob::new(message)).message_type(MessageType::Raw);
        let answer = request.signing_algorithm(SigningAlgorithmSpec::EcdsaSha256).send().await.map_err(|error| failed(&error, SIGN))?;
        let bytes = answer.signature.ok_or_else(|| without("a signature", SIGN))?.into_inner();
        Ok(Signature { algorithm: ECDSA_SHA_256, key: self.key_arn.clone(), bytes })
    }

    async fn public_key(&self) -> PortResult<Vec<u8>> {
        let answer = self.client.get_public_key().key_id(&self.key_arn).send().await.map_err(|error| failed(&error, PUBLIC_KEY))?;
        Ok(answer.public_key.ok_or_else(|| without("a public key", PUBLIC_KEY))?.into_inner())
    }
}
