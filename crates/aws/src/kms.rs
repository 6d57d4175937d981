//! Encryption under a key of AWS KMS, and signatures by another.

mod signer;

use std::{collections::BTreeMap, error::Error, sync::Arc};

use async_trait::async_trait;
use aws_sdk_kms::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use domain::{PortError, PortErrorKind, PortResult, ports::Cipher};

pub use self::signer::KmsSigner;
use crate::{account::Account, failure};

const ENCRYPT: &str = "cipher.encrypt";
const DECRYPT: &str = "cipher.decrypt";
/// What KMS encrypts or signs at once.
const LONGEST: usize = 4_096;

/// What a ciphertext begins with: KMS takes no empty text, so that one is told by the mark. The context holds the mark
/// too, which makes a changed one as wrong as a changed context.
const TEXT: u8 = 1;
const EMPTY: u8 = 0;
/// Stands for the empty text.
const FILLER: &[u8] = &[0];
/// The name under which the context says so.
const EMPTY_NAME: &str = "datalake:empty";

impl Account {
    /// Encryption under the key with this ARN.
    #[must_use]
    pub fn cipher(&self, key_arn: &str) -> Arc<KmsCipher> {
        Arc::new(KmsCipher::new(Client::new(self.config()), key_arn))
    }
}

/// The port `Cipher` over one symmetric key of KMS; what it calls context is KMS's encryption context.
///
/// A key that an administrator disabled or is about to delete is `Unavailable`: it may come back, and until then nothing
/// is lost that is tried again. A key that isn't there at all is a defect of the deployment.
#[derive(Clone, Debug)]
pub struct KmsCipher {
    client: Client,
    key_arn: String,
}

impl KmsCipher {
    /// Over a client that follows the account's policy of time limits and repetitions.
    #[must_use]
    pub fn new(client: Client, key_arn: impl Into<String>) -> Self {
        Self { client, key_arn: key_arn.into() }
    }
}

#[async_trait]
impl Cipher for KmsCipher {
    async fn encrypt(&self, plaintext: &[u8], context: &BTreeMap<String, String>) -> PortResult<Vec<u8>> {
        if plaintext.len() > LONGEST {
            return Err(PortError::new(PortErrorKind::InvalidArgument, ENCRYPT).with("bytes", plaintext.len()));
        }
        let (mark, text) = if plaintext.is_empty() { (EMPTY, FILLER) } else { (TEXT, plaintext) };
        let request = self.client.encrypt().key_id(&self.key_arn).plaintext(Blob::new(text));
        let request = request.set_encryption_context(Some(encryption_context(mark, context)));
        let answer = request.send().await.map_err(|error| failed(&error, ENCRYPT))?;
        let blob = answer.ciphertext_blob.ok_or_else(|| without("a ciphertext", ENCRYPT))?;
        Ok([&[mark], blob.as_ref()].concat())
    }

    async fn decrypt(&self, ciphertext: &[u8], context: &BTreeMap<String, String>) -> PortResult<Vec<u8>> {
        let [mark @ (EMPTY | TEXT), blob @ ..] = ciphertext else { return Err(no_ciphertext()) };
        if blob.is_empty() {
            return Err(no_ciphertext());
        }
        // With the key's name KMS refuses what was encrypted under any other.
        let request = self.client.decrypt().key_id(&self.key_arn).ciphertext_blob(Blob::new(blob));
        let request = request.set_encryption_context(Some(encryption_context(*mark, context)));
        let answer = request.send().await.map_err(|error| failed(&error, DECRYPT))?;
        let text = answer.plaintext.ok_or_else(|| without("a plaintext", DECRYPT))?.into_inner();
        Ok(if *mark == EMPTY { Vec::new() } else { text })
    }
}

fn encryption_context(mark: u8, context: &BTreeMap<String, String>) -> std::collections::HashMap<String, String> {
    let empty = (mark == EMPTY).then(|| (EMPTY_NAME.to_owned(), "true".to_owned()));
    context.iter().map(|(name, value)| (name.clone(), value.clone())).chain(empty).collect()
}

fn no_ciphertext() -> PortError {
    PortError::new(PortErrorKind::InvalidArgument, DECRYPT).because("not a ciphertext of this cipher")
}

fn without(what: &'static str, operation: &'static str) -> PortError {
    PortError::new(PortErrorKind::Unexpected, operation).with("without", what)
}

fn failed<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>, operation: &'static str) -> PortError {
    let message = error.as_service_error().and_then(ProvideErrorMetadata::message).unwrap_or_default();
    failure::failed(error, operation, |code, status| kind_of(code, status, message))
}

fn kind_of(code: &str, status: u16, message: &str) -> PortErrorKind {
    match code {
        "InvalidCiphertextException" | "IncorrectKeyException" => PortErrorKind::InvalidArgument,
        // So it answers where the part of a ciphertext that names its key was changed.
        "AccessDeniedException" if message.starts_with("The ciphertext refers to") => PortErrorKind::InvalidArgument,
        "DisabledException" | "KMSInvalidStateException" | "KeyUnavailableException" | "DependencyTimeoutException" => {
            PortErrorKind::Unavailable
        }
        "NotFoundException" => PortErrorKind::Unexpected,
        _ => failure::kind_of(code, status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_kms_have_kinds() {
        let unknown_key = "The ciphertext refers to a customer master key that does not exist";
        let cases = [
            ("InvalidCiphertextException", "", PortErrorKind::InvalidArgument),
            ("AccessDeniedException", unknown_key, PortErrorKind::InvalidArgument),
            ("AccessDeniedException", "not authorized to perform: kms:Decrypt", PortErrorKind::PermissionDenied),
            ("KMSInvalidStateException", "pending deletion", PortErrorKind::Unavailable),
            ("ThrottlingException", "", PortErrorKind::RateLimited),
            ("NotFoundException", "", PortErrorKind::Unexpected),
        ];
        for (code, message, kind) in cases {
            assert_eq!(kind_of(code, 400, message), kind, "{code} {message}");
        }
    }
}
