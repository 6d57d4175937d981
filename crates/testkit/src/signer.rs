//! What every `Signer` promises.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use domain::{
    PortErrorKind,
    ports::{ECDSA_SHA_256, Signer},
};

/// Runs the suite: `signer_suite!(make)`, where `make` is an asynchronous function to a `Subject<dyn Signer>`.
#[macro_export]
macro_rules! signer_suite {
    ($make:path $(, unless = $left_out:path)?) => {
        $crate::contract_tests!($make, signer $(, unless = $left_out)?;
            what_was_signed_verifies_by_the_public_key,
            another_message_does_not_verify,
            the_key_stays_the_same,
            more_than_4096_bytes_are_not_signed,
        );
    };
}

/// Whether `signature` is of `message` under this public key (DER).
fn verifies(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public_key).verify(message, signature).is_ok()
}

/// Also the longest.
pub async fn what_was_signed_verifies_by_the_public_key(signer: &dyn Signer) {
    let public_key = signer.public_key().await.expect("has a public half");
    for message in [&b"m"[..], &[7; 4_096]] {
        let signature = signer.sign(message).await.expect("signs");
        assert!(verifies(&public_key, message, &signature.bytes), "{} bytes", message.len());
        assert_eq!(signature.algorithm, ECDSA_SHA_256);
        assert!(!signature.key.is_empty());
    }
}

/// Nor does a changed signature.
pub async fn another_message_does_not_verify(signer: &dyn Signer) {
    let public_key = signer.public_key().await.expect("has a public half");
    let mut signature = signer.sign(b"message").await.expect("signs").bytes;
    assert!(!verifies(&public_key, b"massage", &signature));
    let middle = signature.len() / 2;
    signature[middle] ^= 1;
    assert!(!verifies(&public_key, b"message", &signature));
}

/// So that what was signed earlier can be verified later.
pub async fn the_key_stays_the_same(signer: &dyn Signer) {
    let (first, second) = (signer.sign(b"1").await.expect("signs"), signer.sign(b"2").await.expect("signs"));
    assert_eq!(first.key, second.key);
    assert_eq!(signer.public_key().await.expect("has one"), signer.public_key().await.expect("has one"));
}

/// What KMS would not take either.
pub async fn more_than_4096_bytes_are_not_signed(signer: &dyn Signer) {
    let error = signer.sign(&[0; 4_097]).await.expect_err("too long");
    assert_eq!(error.kind(), PortErrorKind::InvalidArgument);
}

#[cfg(test)]
mod memory {
    use std::sync::Arc;

    use super::Signer;
    use crate::{MemorySigner, Subject};

    async fn make() -> Subject<dyn Signer> {
        Subject::new(Arc::new(MemorySigner::default()), ())
    }

    signer_suite!(make);
}
