//! A browser session in the secrets file, where it renews itself.

use std::io;

use client::{credentials::TokenStore, oidc::Tokens};
use secrecy::ExposeSecret as _;
use url::Url;

use super::{Folder, Secrets, files};
use crate::failure::Failure;

/// The session of one profile.
#[derive(Clone, Debug)]
pub(crate) struct SavedSession {
    pub(crate) folder: Folder,
    pub(crate) profile: String,
    pub(crate) token_endpoint: Url,
}

impl Secrets {
    pub(crate) fn of_session(tokens: &Tokens, token_endpoint: &Url) -> Self {
        Self::Session {
            access_token: tokens.access_token.expose_secret().to_owned(),
            refresh_token: tokens.refresh_token.as_ref().map(|token| token.expose_secret().to_owned()),
            expires_at: tokens.expires_at.map(|time| time.to_string()),
            token_endpoint: token_endpoint.clone(),
        }
    }

    pub(crate) fn tokens(self) -> Option<Tokens> {
        match self {
            Self::Key { .. } => None,
            Self::Session { access_token, refresh_token, expires_at, .. } => Some(Tokens {
                access_token: access_token.into(),
                refresh_token: refresh_token.map(Into::into),
                // An unreadable time is one long past: the session is renewed.
                expires_at: expires_at.map(|time| time.parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH)),
            }),
        }
    }
}

impl TokenStore for SavedSession {
    fn lock(&self) -> io::Result<Box<dyn Send>> {
        Ok(Box::new(files::lock(&self.folder.lock_file())?))
    }

    fn load(&self) -> io::Result<Option<Tokens>> {
        Ok(self.folder.secrets(&self.profile).map_err(other)?.and_then(Secrets::tokens))
    }

    fn save(&self, tokens: &Tokens) -> io::Result<()> {
        self.folder.save_secrets_locked(&self.profile, Secrets::of_session(tokens, &self.token_endpoint)).map_err(other)
    }
}

/// A failure as an I/O error, which is what the client's store speaks of.
fn other(failure: Failure) -> io::Error {
    io::Error::other(failure.to_string())
}
