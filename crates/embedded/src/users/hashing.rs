//! Password hashing: argon2id, off the async threads, few at once.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use domain::{PortError, PortErrorKind, PortResult, ports::Ids};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

/// Memory in KiB, passes and lanes: the first choice of OWASP's Password Storage Cheat Sheet for argon2id
/// (19 MiB, 2 passes, 1 lane). Stored hashes carry their own parameters, so these may rise later.
const PARAMETERS: (u32, u32, u32) = (19 * 1024, 2, 1);

/// So many hashes are computed at once, so that a rush of sign-ins takes neither all processors nor much memory …
const AT_ONCE: usize = 2;
/// … and so many more may wait. Who comes then is asked to come later.
const WAITING: usize = 64;

/// Computes and verifies password hashes.
pub(super) struct Hashing {
    argon2: Argon2<'static>,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    /// A hash of a random password: verified in place of the one that an unknown address doesn't have, so that it takes as long.
    nobody: Arc<str>,
}

impl Hashing {
    pub(super) fn new(ids: &dyn Ids) -> PortResult<Self> {
        let (memory, passes, lanes) = PARAMETERS;
        let params = Params::new(memory, passes, lanes, None).map_err(|error| failed(error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut bytes = [0; 48];
        ids.random(&mut bytes);
        let nobody = argon2.hash_password_with_salt(&bytes[..32], &bytes[32..]).map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            argon2,
            running: Arc::new(Semaphore::new(AT_ONCE)),
            admitted: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            nobody: nobody.to_string().into(),
        })
    }

    /// The hash of `password` in PHC string form.
    pub(super) async fn hash(&self, password: &SecretString, ids: &dyn Ids) -> PortResult<String> {
        let mut salt = [0; 16];
        ids.random(&mut salt);
        let (argon2, password) = (self.argon2.clone(), normalised(password));
        self.run(move || {
            let hash = argon2.hash_password_with_salt(password.expose_secret().as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|error| failed(error.to_string()))
        })
        .await
    }

    /// Whether `password` is the one of `hash`; without a hash the same work for nothing.
    pub(super) async fn verify(&self, password: &SecretString, hash: Option<String>) -> PortResult<bool> {
        let (argon2, password, nobody) = (self.argon2.clone(), normalised(password), Arc::clone(&self.nobody));
        self.run(move || {
            let parsed = PasswordHash::new(hash.as_deref().unwrap_or(&nobody)).map_err(|error| failed(error.to_string()))?;
            let right = argon2.verify_password(password.expose_secret().as_bytes(), &parsed).is_ok();
            Ok(right && hash.is_some())
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> PortResult<T> + Send + 'static) -> PortResult<T> {
        let Ok(_admitted) = self.admitted.try_acquire() else {
            return Err(PortError::new(PortErrorKind::RateLimited, OPERATION));
        };
        // The permit goes along with the work: a caller that leaves doesn't make room before the processor is free again.
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|error| failed(error.to_string()))?;
        let task = tokio::task::spawn_blocking(move || {
            let _running = running;
            work()
        });
        task.await.map_err(|error| PortError::new(PortErrorKind::Unexpected, OPERATION).because(error))?
    }
}

const OPERATION: &str = "users.hash_password";

fn failed(reason: String) -> PortError {
    PortError::new(PortErrorKind::Unexpected, OPERATION).because(reason)
}

/// One person's keyboards may encode the same accent in two ways.
fn normalised(password: &SecretString) -> SecretString {
    password.expose_secret().nfkc().collect::<String>().into()
}
