//! The contracts of `Cipher` and `Signer`, held by keys of KMS.

#![cfg(feature = "kms")]

mod support;

use std::{collections::BTreeMap, sync::Arc};

use aws_sdk_kms::{
    Client,
    types::{KeySpec, KeyUsageType},
};
use datalake_aws::kms::{KmsCipher, KmsSigner};
use domain::{
    PortErrorKind,
    ports::{Cipher, Signer},
};
use testkit::Subject;

use self::support::account;

/// A key of its own for each check, and a client that can do what Terraform and administrators do.
async fn key(url: &str) -> (Client, String) {
    let client = Client::new(account(url).await.config());
    let key = client.create_key().send().await.expect("a key").key_metadata.expect("its description");
    (client, key.arn.expect("its name"))
}

async fn cipher(url: &str) -> Subject<dyn Cipher> {
    let (client, arn) = key(url).await;
    Subject::new(Arc::new(KmsCipher::new(client, arn)), ())
}

/// A key as Terraform makes the one that signs.
async fn signing_key(url: &str) -> (Client, String) {
    let client = Client::new(account(url).await.config());
    let request = client.create_key().key_usage(KeyUsageType::SignVerify).key_spec(KeySpec::EccNistP256);
    let key = request.send().await.expect("a key").key_metadata.expect("its description");
    (client, key.arn.expect("its name"))
}

async fn signer(url: &str) -> Subject<dyn Signer> {
    let (client, arn) = signing_key(url).await;
    Subject::new(Arc::new(KmsSigner::new(client, arn)), ())
}

fn context(user: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("user".to_owned(), user.to_owned())])
}

/// ministack only veils the text and hashes the context. It deviates from AWS:
/// - a changed or shortened ciphertext reads as another text, while KMS answers `InvalidCiphertextException`
///   (<https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>): these checks run over moto;
/// - it takes an empty text and more than 4,096 bytes
///   (<https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>): the adapter sends neither;
/// - it signs more than 4,096 bytes (<https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html>): the adapter
///   does not send them.
mod ministack {
    use super::*;

    testkit::contract_tests!(make, cipher, unless = left_out;
        what_was_encrypted_reads_back,
        the_same_text_never_gives_the_same_ciphertext,
        another_context_is_refused,
        texts_of_a_context_do_not_run_into_each_other,
        more_than_4096_bytes_are_refused,
    );

    fn left_out() -> bool {
        test_servers::left_out("ministack")
    }

    async fn make() -> Subject<dyn Cipher> {
        cipher(&test_servers::ministack().url()).await
    }

    mod signatures {
        use super::*;

        async fn make() -> Subject<dyn Signer> {
            signer(&test_servers::ministack().url()).await
        }

        testkit::signer_suite!(make, unless = left_out);
    }

    #[tokio::test]
    async fn a_disabled_key_does_not_sign_and_is_unavailable() {
        if left_out() {
            return;
        }
        let (client, arn) = signing_key(&test_servers::ministack().url()).await;
        let signer = KmsSigner::new(client.clone(), arn.clone());
        client.disable_key().key_id(&arn).send().await.expect("disabled");
        let error = signer.sign(b"message").await.expect_err("the key is disabled");
        assert!(error.is(PortErrorKind::Unavailable), "{error}");
    }

    #[tokio::test]
    async fn a_disabled_key_is_unavailable_until_it_is_enabled() {
        if left_out() {
            return;
        }
        let (client, arn) = key(&test_servers::ministack().url()).await;
        let cipher = KmsCipher::new(client.clone(), arn.clone());
        let ciphertext = cipher.encrypt(b"secret", &context("ann")).await.expect("encrypts");
        client.disable_key().key_id(&arn).send().await.expect("disabled");
        let error = cipher.encrypt(b"secret", &context("ann")).await.expect_err("the key is disabled");
        assert!(error.is(PortErrorKind::Unavailable), "{error}");
        let error = cipher.decrypt(&ciphertext, &context("ann")).await.expect_err("the key is disabled");
        assert!(error.is(PortErrorKind::Unavailable), "{error}");
        client.enable_key().key_id(&arn).send().await.expect("enabled");
        assert_eq!(cipher.decrypt(&ciphertext, &context("ann")).await.expect("decrypts"), b"secret");
    }

    #[tokio::test]
    async fn a_key_that_is_not_there_is_a_defect_of_the_deployment() {
        if left_out() {
            return;
        }
        let (client, arn) = key(&test_servers::ministack().url()).await;
        let absent = arn.replace(arn.rsplit('/').next().expect("an id"), "00000000-0000-0000-0000-000000000000");
        let error = KmsCipher::new(client, absent).encrypt(b"secret", &context("ann")).await.expect_err("no key");
        assert!(error.is(PortErrorKind::Unexpected), "{error}");
        assert!(error.context().contains(&("code", "NotFoundException".to_owned())), "{error}");
    }
}

/// moto authenticates ciphertext and context. It deviates from AWS:
/// - a ciphertext whose first 36 bytes, the key's name, are changed gets `AccessDeniedException` without a message; the
///   adapter knows that answer by its message;
/// - it joins names and values of a context without a mark between them, so that two contexts may be one; to KMS they are
///   pairs (<https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html>): that check runs over ministack;
/// - it encrypts under a disabled key, while KMS answers `DisabledException`
///   (<https://docs.aws.amazon.com/kms/latest/developerguide/enabling-keys.html>): that check runs over ministack.
mod moto {
    use super::*;

    /// The mark, then the name of the key.
    const HEAD: usize = 1 + 36;

    testkit::contract_tests!(make, cipher, unless = left_out;
        what_was_encrypted_reads_back,
        the_same_text_never_gives_the_same_ciphertext,
        another_context_is_refused,
        a_short_ciphertext_is_refused,
        more_than_4096_bytes_are_refused,
    );

    fn left_out() -> bool {
        test_servers::left_out("moto")
    }

    async fn make() -> Subject<dyn Cipher> {
        cipher(&test_servers::moto().url()).await
    }

    mod signatures {
        use super::*;

        async fn make() -> Subject<dyn Signer> {
            signer(&test_servers::moto().url()).await
        }

        testkit::signer_suite!(make, unless = left_out);
    }

    #[tokio::test]
    async fn a_changed_ciphertext_is_refused() {
        if left_out() {
            return;
        }
        let cipher = make().await;
        for plaintext in [&b""[..], b"secret"] {
            let ciphertext = cipher.encrypt(plaintext, &context("ann")).await.expect("encrypts");
            for position in 0..ciphertext.len() {
                let mut changed = ciphertext.clone();
                changed[position] ^= 1;
                let error = cipher.decrypt(&changed, &context("ann")).await.expect_err("a changed byte");
                let refused = error.is(PortErrorKind::PermissionDenied) && (1..HEAD).contains(&position);
                assert!(refused || error.is(PortErrorKind::InvalidArgument), "byte {position}: {error}");
            }
        }
    }

    #[tokio::test]
    async fn a_ciphertext_of_another_key_is_refused() {
        if left_out() {
            return;
        }
        let (one, other) = (make().await, make().await);
        let ciphertext = one.encrypt(b"secret", &context("ann")).await.expect("encrypts");
        assert!(other.decrypt(&ciphertext, &context("ann")).await.is_err());
    }
}
