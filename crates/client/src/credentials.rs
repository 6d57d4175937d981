//! Who calls: an API key, a token that renews itself, or nobody.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use crate::{
    clock,
    error::{Error, Result},
    oidc::{Issuer, Tokens},
};

/// What a request is authorised with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credential {
    /// Nothing: for the operations that need no sign-in.
    Anonymous,
    /// An API key; requests are signed.
    Key(KeyPair),
    /// An access token.
    Bearer(SecretString),
}

/// An API key with its secret.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// `DLAK…`.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: SecretString,
}

/// Gives credentials for requests.
#[async_trait]
pub trait CredentialProvider: fmt::Debug + Send + Sync {
    /// What the next request is authorised with.
    ///
    /// # Errors
    /// When there is nothing usable any more, such as a session that ended.
    async fn credential(&self) -> Result<Credential>;

    /// The service answered 401 to `used`. Says whether another attempt with [`CredentialProvider::credential`] makes sense.
    ///
    /// # Errors
    /// When there is nothing usable any more.
    async fn refused(&self, used: &Credential) -> Result<bool> {
        let _ = used;
        Ok(false)
    }
}

/// Always the same credential.
#[derive(Clone, Debug)]
pub struct Fixed(pub Credential);

#[async_trait]
impl CredentialProvider for Fixed {
    async fn credential(&self) -> Result<Credential> {
        Ok(self.0.clone())
    }
}

/// Keeps tokens between runs. The methods may block.
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// Keeps every other process from renewing until the answer is dropped: an issuer that rotates refresh tokens ends
    /// the session of whoever shows an old one.
    ///
    /// # Errors
    /// When the lock can't be had.
    fn lock(&self) -> std::io::Result<Box<dyn Send>>;

    /// The tokens as they were saved last, perhaps by another process.
    ///
    /// # Errors
    /// When they can't be read.
    fn load(&self) -> std::io::Result<Option<Tokens>>;

    /// Keeps renewed tokens.
    ///
    /// # Errors
    /// When they can't be written.
    fn save(&self, tokens: &Tokens) -> std::io::Result<()>;
}

/// A session that renews its access token by its refresh token.
#[derive(Debug)]
pub struct Session {
    issuer: Issuer,
    store: Arc<dyn TokenStore>,
    tokens: Mutex<Tokens>,
}

/// A token is renewed so long before it ends, because clocks differ and requests take time.
const EARLY: Duration = Duration::from_secs(60);

impl Session {
    /// A session that starts with `tokens`, is renewed at `issuer` and kept in `store`.
    #[must_use]
    pub fn new(issuer: Issuer, store: Arc<dyn TokenStore>, tokens: Tokens) -> Self {
        Self { issuer, store, tokens: Mutex::new(tokens) }
    }

    async fn renew(&self, tokens: &mut Tokens) -> Result<()> {
        let locking = self.store.clone();
        let guard = tokio::task::spawn_blocking(move || locking.lock())
            .await
            .map_err(|_| interrupted())?
            .map_err(file("lock the saved session"))?;
        if let Some(saved) = self.store.load().map_err(file("read the saved session"))?
            && saved.access_token.expose_secret() != tokens.access_token.expose_secret()
        {
            *tokens = saved;
            if !is_due(tokens) {
                return Ok(());
            }
        }
        let Some(refresh_token) = &tokens.refresh_token else { return Err(signed_out()) };
        let mut renewed = self.issuer.refresh(refresh_token).await?;
        if renewed.refresh_token.is_none() {
            renewed.refresh_token = Some(refresh_token.clone());
        }
        self.store.save(&renewed).map_err(file("save the renewed session"))?;
        *tokens = renewed;
        drop(guard);
        Ok(())
    }
}

#[async_trait]
impl CredentialProvider for Session {
    async fn credential(&self) -> Result<Credential> {
        let mut tokens = self.tokens.lock().await;
        if is_due(&tokens) {
            self.renew(&mut tokens).await?;
        }
        Ok(Credential::Bearer(tokens.access_token.clone()))
    }

    async fn refused(&self, used: &Credential) -> Result<bool> {
        let mut tokens = self.tokens.lock().await;
        // Of many requests that were refused together only the first renews.
        if let Credential::Bearer(token) = used
            && token.expose_secret() == tokens.access_token.expose_secret()
        {
            self.renew(&mut tokens).await?;
        }
        Ok(true)
    }
}

fn is_due(tokens: &Tokens) -> bool {
    tokens.expires_at.is_some_and(|end| clock::now() + EARLY >= end)
}

fn signed_out() -> Error {
    Error::SignIn("The session has ended. Sign in again.".to_owned())
}

fn interrupted() -> Error {
    Error::SignIn("Renewing the session was interrupted.".to_owned())
}

fn file(context: &str) -> impl FnOnce(std::io::Error) -> Error {
    let context = context.to_owned();
    move |source| Error::File { context, source }
}
