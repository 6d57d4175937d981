//! Passwords: one-time ones, their replacement, verification, and the lock after wrong guesses.

use std::time::Duration;

use domain::{Invalid, PortErrorKind, PortResult, Timestamp, id::UserId, ports::DirectoryUser};
use rusqlite::{OptionalExtension, Transaction, params};
use secrecy::{ExposeSecret, SecretString};

use super::{
    Users,
    directory::{exists, find, found, time},
    fold, password_rules, sessions,
    store::Work,
    tokens,
};

/// How long a one-time password can be used.
pub const ONE_TIME_PASSWORD_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// So many wrong guesses in a row are free; from then on each locks the address for twice as long as the one before.
const FREE_FAILURES: u32 = 5;
const FIRST_LOCK: Duration = Duration::from_secs(30);
const LONGEST_LOCK: Duration = Duration::from_secs(15 * 60);
/// An address without a new failure for so long starts afresh.
const FAILURES_FORGOTTEN: Duration = Duration::from_secs(24 * 3600);

/// Symbols of a one-time password: 32, none easily taken for another when read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What a password check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordCheck {
    /// The password is right and the person may come in.
    Accepted {
        /// Who.
        user_id: UserId,
        /// Whether the password was a one-time one, which must be replaced before anything else.
        must_change: bool,
    },
    /// It is not. Which of address, password, and being let in was wrong is not said.
    Refused,
    /// Too many wrong guesses for this address, whether or not it is anybody's.
    Locked {
        /// When the next guess is heard.
        until: Timestamp,
    },
}

struct Stored {
    user_id: String,
    hash: Option<String>,
    one_time_until: Option<i64>,
    enabled: bool,
}

impl Users {
    /// Gives the person a new one-time password, in place of any password there was, and ends the sessions. Returns it this once.
    ///
    /// # Errors
    /// `NotFound` for an absent user.
    pub async fn set_one_time_password(&self, user_id: &UserId) -> PortResult<SecretString> {
        let password = self.new_one_time_password();
        let hash = self.hashing.hash(&password, self.ids.as_ref()).await?;
        let (user_id, until) = (user_id.to_string(), self.clock.now().plus(ONE_TIME_PASSWORD_LIFE).as_millis());
        self.store
            .run("users.set_one_time_password", move |transaction| {
                found(transaction.execute(
                    "UPDATE user SET password_hash = ?2, one_time_until = ?3 WHERE user_id = ?1",
                    params![user_id, hash, until],
                )?)?;
                sessions::end_all(transaction, &user_id)
            })
            .await?;
        Ok(password)
    }

    /// Checks a password. An unknown address, a disabled person and an expired one-time password cost the same work as a wrong password.
    ///
    /// # Errors
    /// `RateLimited` when too many checks wait already.
    pub async fn verify_password(&self, email: &str, password: &SecretString) -> PortResult<PasswordCheck> {
        let (email, now) = (fold(email), self.clock.now());
        let email_hash = tokens::hash_text(&email);
        let failures = email_hash.clone();
        // The guess is counted before it is heard: guesses at the same time can't all be the first.
        let looked_up = self
            .store
            .run("users.verify_password", move |transaction| {
                if let Some(until) = count_attempt(transaction, &failures, now)? {
                    return Ok(Err(until));
                }
                Ok(Ok(stored(transaction, "email", &email)?))
            })
            .await?;
        let stored = match looked_up {
            Ok(stored) => stored,
            Err(until) => return Ok(PasswordCheck::Locked { until }),
        };
        let right = self.hashing.verify(password, stored.as_ref().and_then(|stored| stored.hash.clone())).await?;
        let usable = |stored: &Stored| stored.enabled && stored.one_time_until.is_none_or(|until| now.as_millis() < until);
        let Some(stored) = stored.filter(|stored| right && usable(stored)) else {
            return Ok(PasswordCheck::Refused);
        };
        self.store
            .run("users.verify_password", move |transaction| {
                transaction.execute("DELETE FROM sign_in_failure WHERE email_hash = ?1", params![email_hash])?;
                let user_id = stored.user_id.parse().map_err(super::directory::broken)?;
                Ok(PasswordCheck::Accepted { user_id, must_change: stored.one_time_until.is_some() })
            })
            .await
    }

    /// Replaces the person's password by one of their own choice, makes them active, and ends all sessions.
    ///
    /// The inner error says why the password can't be taken (`"is too short"`).
    ///
    /// # Errors
    /// `NotFound` for an absent user.
    pub async fn change_password(&self, user_id: &UserId, password: &SecretString) -> PortResult<Result<(), Invalid>> {
        const OPERATION: &str = "users.change_password";
        let key = user_id.to_string();
        let (user, stored) = self
            .store
            .run(OPERATION, move |transaction| {
                let user = find(transaction, &key)?;
                Ok((user, stored(transaction, "user_id", &key)?))
            })
            .await?;
        if let Err(invalid) = password_rules::check(password.expose_secret(), &user.email, &user.name) {
            return Ok(Err(invalid));
        }
        let current = stored.and_then(|stored| stored.hash);
        if current.is_some() && self.hashing.verify(password, current).await? {
            return Ok(Err(Invalid::new("is the one that you have now")));
        }
        let hash = self.hashing.hash(password, self.ids.as_ref()).await?;
        let user_id = user.user_id.to_string();
        self.store
            .run(OPERATION, move |transaction| {
                found(transaction.execute(
                    "UPDATE user SET password_hash = ?2, one_time_until = NULL, activated = 1 WHERE user_id = ?1",
                    params![user_id, hash],
                )?)?;
                sessions::end_all(transaction, &user_id)
            })
            .await?;
        Ok(Ok(()))
    }

    /// The person, and whether a one-time password must be replaced first.
    ///
    /// # Errors
    /// `NotFound` for an absent user.
    pub async fn standing(&self, user_id: &UserId) -> PortResult<(DirectoryUser, bool)> {
        let user_id = user_id.to_string();
        self.store
            .run("users.standing", move |transaction| {
                exists(transaction, &user_id)?;
                let stored = stored(transaction, "user_id", &user_id)?.ok_or(PortErrorKind::NotFound)?;
                Ok((find(transaction, &user_id)?, stored.one_time_until.is_some()))
            })
            .await
    }

    /// Twenty symbols of 5 random bits each, in groups that can be read aloud.
    fn new_one_time_password(&self) -> SecretString {
        let mut bytes = [0; 20];
        self.ids.random(&mut bytes);
        let symbols = bytes.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        symbols.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-").into()
    }
}

fn stored(transaction: &Transaction<'_>, column: &'static str, value: &str) -> Work<Option<Stored>> {
    let statement = format!("SELECT user_id, password_hash, one_time_until, enabled FROM user WHERE {column} = ?1");
    let row = transaction.query_row(&statement, params![value], |row| {
        Ok(Stored { user_id: row.get(0)?, hash: row.get(1)?, one_time_until: row.get(2)?, enabled: row.get(3)? })
    });
    Ok(row.optional()?)
}

/// Counts a guess, or says until when none is heard.
fn count_attempt(transaction: &Transaction<'_>, email_hash: &[u8], now: Timestamp) -> Work<Option<Timestamp>> {
    let forgotten = now.minus(FAILURES_FORGOTTEN).as_millis();
    transaction.execute("DELETE FROM sign_in_failure WHERE last_at < ?1", params![forgotten])?;
    let row: Option<(u32, i64)> = transaction
        .query_row("SELECT failures, locked_until FROM sign_in_failure WHERE email_hash = ?1", params![email_hash], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let (failures, locked_until) = row.unwrap_or_default();
    if locked_until > now.as_millis() {
        return Ok(Some(time(locked_until)?));
    }
    let failures = failures.saturating_add(1);
    let locked_until = lock_after(failures).map_or(0, |lock| now.plus(lock).as_millis());
    transaction.execute(
        "INSERT INTO sign_in_failure (email_hash, failures, locked_until, last_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (email_hash) DO UPDATE SET failures = ?2, locked_until = ?3, last_at = ?4",
        params![email_hash, failures, locked_until, now.as_millis()],
    )?;
    Ok(None)
}

fn lock_after(failures: u32) -> Option<Duration> {
    let over = failures.checked_sub(FREE_FAILURES)?;
    Some(FIRST_LOCK.saturating_mul(2_u32.saturating_pow(over)).min(LONGEST_LOCK))
}
