//! Opaque secrets that are handed out once and kept as their hash.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::ports::Ids;
use secrecy::{ExposeSecret, SecretString};

/// Thirty-two random bytes as text.
pub(super) fn new_token(ids: &dyn Ids) -> SecretString {
    let mut bytes = [0; 32];
    ids.random(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes).into()
}

/// What is kept of a token. A fast hash is enough: nobody guesses 256 random bits.
pub(super) fn hash(token: &SecretString) -> Vec<u8> {
    hash_text(token.expose_secret())
}

/// SHA-256 of `text`.
pub(super) fn hash_text(text: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec()
}
