//! Pages of lists: cursors are opaque, authenticated, and bound to caller and query.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::ExposeSecret as _;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::OnceCell;

use crate::{
    core::{Caller, Core},
    error::{AppError, AppResult},
};

/// Items of a page when nothing was asked for.
pub const DEFAULT_LIMIT: u32 = 50;
/// The most items a page.
pub const MAXIMUM_LIMIT: u32 = 200;
/// The longest cursor in bytes: the request line must hold it.
pub const CURSOR_LIMIT: usize = 3_000;

/// Which page is asked for.
#[derive(Clone, Debug)]
pub struct Paging {
    /// At most so many items, 1 to 200.
    pub limit: u32,
    /// Where the last page ended.
    pub cursor: Option<String>,
}

impl Default for Paging {
    fn default() -> Self {
        Self { limit: DEFAULT_LIMIT, cursor: None }
    }
}

/// A page. It may be short or empty while `next_cursor` is there; only its absence is the end.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// Asks for the next page.
    pub next_cursor: Option<String>,
}

/// The cursors' key, read once per process.
#[derive(Default)]
pub struct Cursors {
    key: OnceCell<LessSafeKey>,
}

impl Core {
    /// Reads a cursor that [`Core::seal_cursor`] made for the same caller and query.
    ///
    /// # Errors
    /// 400 for any other text.
    pub async fn open_cursor<T: DeserializeOwned>(&self, caller: &Caller, query: &str, paging: &Paging) -> AppResult<Option<T>> {
        let Some(text) = &paging.cursor else { return Ok(None) };
        let key = self.cursor_key().await?;
        open(key, &binding(caller, query), text)
            .and_then(|plain| serde_json::from_slice(&plain).ok())
            .map(Some)
            .ok_or_else(|| AppError::bad_parameter("cursor", "does not belong to this list, this query and this caller"))
    }

    /// Makes a cursor that works for this caller and query only.
    ///
    /// # Errors
    /// When the key can't be had.
    pub async fn seal_cursor<T: Serialize>(&self, caller: &Caller, query: &str, place: Option<&T>) -> AppResult<Option<String>> {
        let Some(place) = place else { return Ok(None) };
        let key = self.cursor_key().await?;
        let mut nonce = [0_u8; NONCE_LEN];
        self.ids.random(&mut nonce);
        let mut text = serde_json::to_vec(place).map_err(internal)?;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(binding(caller, query)), &mut text)
            .map_err(internal)?;
        Ok(Some(URL_SAFE_NO_PAD.encode([&nonce[..], &text].concat())))
    }

    /// Makes the cursors' key where there is none yet: for a home in which only some processes may make it.
    ///
    /// # Errors
    /// Those of tables and cipher.
    pub async fn make_cursor_key(&self) -> AppResult<()> {
        self.cursor_key().await.map(drop)
    }

    async fn cursor_key(&self) -> AppResult<&LessSafeKey> {
        self.cursors
            .key
            .get_or_try_init(|| async {
                let bytes = self.own_secret("cursor").await?;
                UnboundKey::new(&AES_256_GCM, bytes.expose_secret()).map(LessSafeKey::new).map_err(internal)
            })
            .await
    }
}

fn binding(caller: &Caller, query: &str) -> Vec<u8> {
    format!("{}\n{query}", caller.principal.user_id).into_bytes()
}

fn open(key: &LessSafeKey, binding: &[u8], text: &str) -> Option<Vec<u8>> {
    if text.len() > CURSOR_LIMIT {
        return None;
    }
    let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let nonce: [u8; NONCE_LEN] = bytes.get(..NONCE_LEN)?.try_into().ok()?;
    let plain = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(binding), bytes.get_mut(NONCE_LEN..)?).ok()?;
    Some(plain.to_vec())
}

pub(crate) fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> AppError {
    domain::PortError::new(domain::PortErrorKind::Unexpected, "app").because(source).into()
}
