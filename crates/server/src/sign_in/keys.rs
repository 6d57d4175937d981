//! The keys that the issuer signs with: RSA, in a file that only the server's account can read.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use aws_lc_rs::{encoding::AsDer, rsa};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{PortError, PortErrorKind, PortResult, Timestamp, ports::Clock};
use embedded::oidc::{JwkSet, KeySource};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, PublicKeyUse, ThumbprintHash},
};
use serde::{Deserialize, Serialize};

/// A key signs for so long …
const SIGNING: Duration = Duration::from_secs(90 * 24 * 3600);
/// … and is published for so long after its successor was made: longer than any token lives that it signed.
const PUBLISHED_AFTER: Duration = Duration::from_secs(2 * 24 * 3600);

/// The file's content, newest key first.
#[derive(Default, Serialize, Deserialize)]
struct KeyFile {
    keys: Vec<StoredKey>,
}

#[derive(Clone, Serialize, Deserialize)]
struct StoredKey {
    created_at: Timestamp,
    /// PKCS#8 in PEM.
    pem: String,
}

struct Key {
    stored: StoredKey,
    signing: EncodingKey,
    public: Jwk,
    id: String,
}

/// The issuer's keys. The newest signs; those before it are published until nothing that they signed is valid any more.
pub struct SigningKeys {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    keys: RwLock<Vec<Key>>,
}

impl SigningKeys {
    /// The name of the file below the data folder.
    pub const FILE: &'static str = "sign-in-keys.json";

    /// Reads the keys in `folder`; makes the first one, or the next when the newest has signed for 90 days. Blocks.
    ///
    /// # Errors
    /// `Unavailable` if the file can't be read or written, `Unexpected` if it is broken.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> PortResult<Self> {
        let path = folder.join(Self::FILE);
        let file = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(broken)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => KeyFile::default(),
            Err(error) => return Err(PortError::new(PortErrorKind::Unavailable, OPERATION).because(error)),
        };
        let keys = file.keys.into_iter().map(Key::read).collect::<PortResult<Vec<_>>>()?;
        let due = keys.first().is_none_or(|newest| clock.now().since(newest.stored.created_at) >= SIGNING);
        let keys = Self { path, clock, keys: RwLock::new(keys) };
        if due {
            keys.rotate()?;
        }
        Ok(keys)
    }

    /// Makes a new key, which signs from now on, and drops keys that nothing needs any more. Blocks.
    ///
    /// # Errors
    /// `Unavailable` if the file can't be written; the keys stay as they were then.
    pub fn rotate(&self) -> PortResult<()> {
        let now = self.clock.now();
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = vec![Key::generate(now)?.stored];
        next.extend(keys.iter().map(|key| key.stored.clone()));
        // A key is needed while its successor, the one before it in the list, is young.
        let needed =
            (0..next.len()).take_while(|&position| position == 0 || now.since(next[position - 1].created_at) < PUBLISHED_AFTER).count();
        next.truncate(needed);
        write(&self.path, &KeyFile { keys: next.clone() })?;
        *keys = next.into_iter().map(Key::read).collect::<PortResult<Vec<_>>>()?;
        Ok(())
    }

    /// A token with `claims`, signed by the newest key.
    pub(super) fn sign<T: Serialize>(&self, claims: &T) -> PortResult<String> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let newest = keys.first().ok_or_else(|| PortError::new(PortErrorKind::Unexpected, OPERATION))?;
        let header = Header { kid: Some(newest.id.clone()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &newest.signing).map_err(broken)
    }

    /// The public keys.
    pub(super) fn public(&self) -> JwkSet {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        JwkSet { keys: keys.iter().map(|key| key.public.clone()).collect() }
    }
}

#[async_trait]
impl KeySource for SigningKeys {
    async fn keys(&self) -> PortResult<JwkSet> {
        Ok(self.public())
    }

    /// Looking costs nothing here, and a new key must be known at once.
    fn pause(&self) -> Duration {
        Duration::ZERO
    }
}

const OPERATION: &str = "sign_in.keys";

fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::new(PortErrorKind::Unexpected, OPERATION).because(error)
}

impl Key {
    fn generate(now: Timestamp) -> PortResult<Self> {
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).map_err(broken)?;
        let der = pair.as_der().map_err(broken)?;
        Self::read(StoredKey { created_at: now, pem: pem(der.as_ref()) })
    }

    fn read(stored: StoredKey) -> PortResult<Self> {
        let signing = EncodingKey::from_rsa_pem(stored.pem.as_bytes()).map_err(broken)?;
        let mut public = Jwk::from_encoding_key(&signing, Algorithm::RS256).map_err(broken)?;
        let id = public.thumbprint(ThumbprintHash::SHA256).map_err(broken)?;
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { stored, signing, public, id })
    }
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n")
}

/// Replaces the file whole: after a crash there is the old one or the new one.
fn write(path: &Path, file: &KeyFile) -> PortResult<()> {
    let bytes = serde_json::to_vec_pretty(file).map_err(broken)?;
    let temporary = path.with_extension("json.new");
    let replace = || -> io::Result<()> {
        let mut out = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        out.write_all(&bytes)?;
        out.sync_all()?;
        fs::rename(&temporary, path)?;
        path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
    };
    replace().map_err(|error| PortError::new(PortErrorKind::Unavailable, OPERATION).because(error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use testkit::FixedClock;

    use super::*;

    fn ids(keys: &SigningKeys) -> Vec<String> {
        keys.public().keys.into_iter().filter_map(|key| key.common.key_id).collect()
    }

    #[test]
    fn keys_survive_a_restart_and_only_their_owner_can_read_them() {
        let (folder, clock) = (tempfile::tempdir().expect("a folder"), Arc::new(FixedClock::default()));
        let first = ids(&SigningKeys::open(folder.path(), clock.clone()).expect("made"));
        assert_eq!(ids(&SigningKeys::open(folder.path(), clock).expect("read")), first);
        let mode = fs::metadata(folder.path().join(SigningKeys::FILE)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn an_old_key_is_published_until_its_tokens_have_ended_and_a_new_one_comes_after_ninety_days() {
        let (folder, clock) = (tempfile::tempdir().expect("a folder"), Arc::new(FixedClock::default()));
        let keys = SigningKeys::open(folder.path(), clock.clone()).expect("made");
        let first = ids(&keys);
        clock.advance(SIGNING);
        let keys = SigningKeys::open(folder.path(), clock.clone()).expect("read");
        let second = ids(&keys);
        assert_eq!((second.len(), &second[1]), (2, &first[0]));
        clock.advance(PUBLISHED_AFTER);
        keys.rotate().expect("rotated");
        let third = ids(&keys);
        assert_eq!((third.len(), &third[1]), (2, &second[0]), "the first is gone");
    }
}
