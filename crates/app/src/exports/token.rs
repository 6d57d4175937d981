//! The token of grant links: 32 random bytes. Rows hold its hash, to find and compare it, and its ciphertext, so that
//! manifests can be written again.

use std::collections::BTreeMap;

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use domain::{ExportId, id::UserId};

use crate::{core::Core, error::AppResult, paging::internal};

/// A token. It has no `Debug`: it is a bearer secret.
pub(crate) struct GrantToken([u8; 32]);

impl GrantToken {
    /// A token as it stands in a link; `None` for any other text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// SHA-256 in lower-case hex.
    pub(crate) fn hash(&self) -> String {
        hex::encode(digest(&SHA256, &self.0))
    }

    /// Whether `hash` is this token's, in a time that does not tell how much of it is.
    pub(crate) fn has_hash(&self, hash: &str) -> bool {
        verify_slices_are_equal(self.hash().as_bytes(), hash.as_bytes()).is_ok()
    }

    /// The links' common part: `{base}/cart/grants/{token}`.
    pub(crate) fn links(&self, base: &str) -> String {
        format!("{}/cart/grants/{}", base.trim_end_matches('/'), URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl Core {
    /// A new token for an export and its ciphertext (base64).
    pub(crate) async fn new_grant_token(&self, user_id: &UserId, id: ExportId) -> AppResult<(GrantToken, String)> {
        let mut bytes = [0_u8; 32];
        self.ids.random(&mut bytes);
        let ciphertext = self.cipher.encrypt(&bytes, &context(user_id, id)).await?;
        Ok((GrantToken(bytes), STANDARD.encode(ciphertext)))
    }

    /// The token of an export from its ciphertext.
    pub(crate) async fn open_grant_token(&self, user_id: &UserId, id: ExportId, ciphertext: &str) -> AppResult<GrantToken> {
        let sealed = STANDARD.decode(ciphertext).map_err(internal)?;
        let bytes = self.cipher.decrypt(&sealed, &context(user_id, id)).await?;
        bytes.try_into().map(GrantToken).map_err(|_| internal("a grant token has 32 bytes"))
    }
}

fn context(user_id: &UserId, id: ExportId) -> BTreeMap<String, String> {
    [("purpose", "grant".to_owned()), ("user_id", user_id.to_string()), ("export_id", id.to_string())]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
