//! Sessions of browsers at the sign-in pages.

use std::time::Duration;

use domain::{PortResult, Timestamp, id::UserId};
use rusqlite::{OptionalExtension, Transaction, params};
use secrecy::SecretString;

use super::{
    Users,
    directory::{broken, exists, time},
    store::Work,
    tokens,
};

/// How long a browser stays signed in.
pub const SESSION_LIFE: Duration = Duration::from_secs(12 * 3600);

/// A browser's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Names the session in id tokens (`sid`); no secret.
    pub session_id: String,
    /// Who signed in.
    pub user_id: UserId,
    /// When the password was given.
    pub signed_in_at: Timestamp,
}

impl Users {
    /// Begins a session and returns the cookie's value.
    ///
    /// # Errors
    /// `NotFound` for an absent user.
    pub async fn begin_session(&self, user_id: &UserId) -> PortResult<(SecretString, Session)> {
        let now = self.clock.now();
        let session_id = self.ids.new_id().to_string().to_lowercase();
        let session = Session { session_id, user_id: user_id.clone(), signed_in_at: now };
        let (token, kept) = (tokens::new_token(self.ids.as_ref()), session.clone());
        let hash = tokens::hash(&token);
        self.store
            .run("users.begin_session", move |transaction| {
                exists(transaction, kept.user_id.as_str())?;
                forget_what_ended(transaction, now)?;
                transaction.execute(
                    "INSERT INTO session (token_hash, session_id, user_id, signed_in_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![hash, kept.session_id, kept.user_id.as_str(), now.as_millis(), now.plus(SESSION_LIFE).as_millis()],
                )?;
                Ok(())
            })
            .await?;
        Ok((token, session))
    }

    /// The session of a cookie, if it stands and its person may still come in.
    ///
    /// # Errors
    /// When the file can't be read.
    pub async fn session(&self, token: &SecretString) -> PortResult<Option<Session>> {
        let (hash, now) = (tokens::hash(token), self.clock.now());
        self.store
            .run("users.session", move |transaction| {
                let row: Option<(String, String, i64)> = transaction
                    .query_row(
                        "SELECT session_id, user_id, signed_in_at FROM session JOIN user USING (user_id)
                         WHERE token_hash = ?1 AND expires_at > ?2 AND enabled",
                        params![hash, now.as_millis()],
                        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                    )
                    .optional()?;
                row.map(|(session_id, user_id, signed_in_at)| {
                    Ok(Session { session_id, user_id: user_id.parse().map_err(broken)?, signed_in_at: time(signed_in_at)? })
                })
                .transpose()
            })
            .await
    }

    /// Ends a session with the codes and refresh tokens that came from it. Ending what is no more is no error.
    ///
    /// # Errors
    /// When the file can't be written.
    pub async fn end_session(&self, session_id: &str) -> PortResult<()> {
        let session_id = session_id.to_owned();
        self.store
            .run("users.end_session", move |transaction| {
                for statement in [
                    "DELETE FROM session WHERE session_id = ?1",
                    "DELETE FROM code WHERE session_id = ?1",
                    "DELETE FROM family WHERE session_id = ?1",
                ] {
                    transaction.execute(statement, params![session_id])?;
                }
                Ok(())
            })
            .await
    }
}

/// Ends all of a person's sessions with their codes and refresh tokens.
pub(super) fn end_all(transaction: &Transaction<'_>, user_id: &str) -> Work<()> {
    for statement in
        ["DELETE FROM session WHERE user_id = ?1", "DELETE FROM code WHERE user_id = ?1", "DELETE FROM family WHERE user_id = ?1"]
    {
        transaction.execute(statement, params![user_id])?;
    }
    Ok(())
}

/// Removes what has expired; a new session is a rare enough moment for it.
fn forget_what_ended(transaction: &Transaction<'_>, now: Timestamp) -> Work<()> {
    for statement in [
        "DELETE FROM session WHERE expires_at <= ?1",
        "DELETE FROM code WHERE expires_at <= ?1",
        "DELETE FROM family WHERE expires_at <= ?1",
    ] {
        transaction.execute(statement, params![now.as_millis()])?;
    }
    Ok(())
}
