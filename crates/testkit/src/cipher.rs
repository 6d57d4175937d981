//! What every `Cipher` promises.

use std::collections::BTreeMap;

use domain::{PortErrorKind, ports::Cipher};

/// Runs the suite: `cipher_suite!(make)`, where `make` is an asynchronous function to a `Subject<dyn Cipher>`.
#[macro_export]
macro_rules! cipher_suite {
    ($make:path $(, unless = $left_out:path)?) => {
        $crate::contract_tests!($make, cipher $(, unless = $left_out)?;
            what_was_encrypted_reads_back,
            the_same_text_never_gives_the_same_ciphertext,
            another_context_is_refused,
            texts_of_a_context_do_not_run_into_each_other,
            a_changed_ciphertext_is_refused,
            a_short_ciphertext_is_refused,
            more_than_4096_bytes_are_refused,
        );
    };
}

fn context(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Also the empty text and the longest.
pub async fn what_was_encrypted_reads_back(cipher: &dyn Cipher) {
    let context = context(&[("user", "ann")]);
    for plaintext in [&b""[..], b"secret", &[7; 4_096]] {
        let ciphertext = cipher.encrypt(plaintext, &context).await.expect("encrypts");
        assert!(plaintext.is_empty() || !ciphertext.windows(plaintext.len()).any(|window| window == plaintext));
        assert_eq!(cipher.decrypt(&ciphertext, &context).await.expect("decrypts"), plaintext);
    }
}

/// So that nobody learns that two secrets are the same.
pub async fn the_same_text_never_gives_the_same_ciphertext(cipher: &dyn Cipher) {
    let context = context(&[]);
    let first = cipher.encrypt(b"secret", &context).await.expect("encrypts");
    let second = cipher.encrypt(b"secret", &context).await.expect("encrypts");
    assert_ne!(first, second);
}

/// A ciphertext that was moved to another user's row is of no use.
pub async fn another_context_is_refused(cipher: &dyn Cipher) {
    let ciphertext = cipher.encrypt(b"secret", &context(&[("user", "ann")])).await.expect("encrypts");
    for other in [context(&[("user", "bob")]), context(&[]), context(&[("user", "ann"), ("more", "")])] {
        let error = cipher.decrypt(&ciphertext, &other).await.expect_err("another context");
        assert_eq!(error.kind(), PortErrorKind::InvalidArgument, "{other:?}");
    }
}

/// `{"a": "bc"}` and `{"ab": "c"}` are two contexts.
pub async fn texts_of_a_context_do_not_run_into_each_other(cipher: &dyn Cipher) {
    let ciphertext = cipher.encrypt(b"secret", &context(&[("a", "bc"), ("d", "e")])).await.expect("encrypts");
    for other in [context(&[("ab", "c"), ("d", "e")]), context(&[("a", "bcde")]), context(&[("a", "bc"), ("de", "")])] {
        assert!(cipher.decrypt(&ciphertext, &other).await.is_err(), "{other:?}");
    }
}

/// At every byte.
pub async fn a_changed_ciphertext_is_refused(cipher: &dyn Cipher) {
    let context = context(&[("user", "ann")]);
    let ciphertext = cipher.encrypt(b"secret", &context).await.expect("encrypts");
    for position in 0..ciphertext.len() {
        let mut changed = ciphertext.clone();
        changed[position] ^= 1;
        let error = cipher.decrypt(&changed, &context).await.expect_err("a changed byte");
        assert_eq!(error.kind(), PortErrorKind::InvalidArgument, "byte {position}");
    }
}

/// At every length.
pub async fn a_short_ciphertext_is_refused(cipher: &dyn Cipher) {
    let context = context(&[]);
    let ciphertext = cipher.encrypt(b"s", &context).await.expect("encrypts");
    for length in 0..ciphertext.len() {
        let error = cipher.decrypt(&ciphertext[..length], &context).await.expect_err("a part");
        assert_eq!(error.kind(), PortErrorKind::InvalidArgument, "{length} bytes");
    }
}

/// What KMS would not take either.
pub async fn more_than_4096_bytes_are_refused(cipher: &dyn Cipher) {
    let error = cipher.encrypt(&[0; 4_097], &context(&[])).await.expect_err("too long");
    assert_eq!(error.kind(), PortErrorKind::InvalidArgument);
}

#[cfg(test)]
mod memory {
    use std::sync::Arc;

    use super::Cipher;
    use crate::{MemoryCipher, Subject};

    async fn make() -> Subject<dyn Cipher> {
        Subject::new(Arc::new(MemoryCipher::default()), ())
    }

    cipher_suite!(make);
}
