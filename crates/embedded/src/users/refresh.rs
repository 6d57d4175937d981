//! Refresh tokens: each is used once and replaced; one that comes twice ends its whole family.

use std::time::Duration;

use domain::{PortResult, Timestamp, id::UserId};
use rusqlite::{OptionalExtension, Transaction, params};
use secrecy::SecretString;

use super::{
    Users,
    directory::{broken, time},
    store::Work,
    tokens,
};

/// How long a client can refresh after its user signed in; replacing a token doesn't prolong it.
pub const REFRESH_LIFE: Duration = Duration::from_secs(24 * 3600);

/// What a refresh token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshGrant {
    /// Who signed in.
    pub user_id: UserId,
    /// In which session.
    pub session_id: String,
    /// For which client.
    pub client_id: String,
    /// What was granted, separated by blanks.
    pub scope: String,
    /// When the person signed in.
    pub signed_in_at: Timestamp,
}

struct FamilyRow {
    family: String,
    user_id: String,
    session_id: String,
    client_id: String,
    scope: String,
    signed_in_at: i64,
    expires_at: i64,
    used: bool,
    enabled: bool,
}

impl Users {
    /// What a refresh token that could be used now stands for; changes nothing.
    ///
    /// # Errors
    /// When the file can't be read.
    pub async fn refresh_grant(&self, token: &SecretString) -> PortResult<Option<RefreshGrant>> {
        let (hash, now) = (tokens::hash(token), self.clock.now());
        self.store
            .run("users.refresh_grant", move |transaction| {
                let row = family_of(transaction, &hash)?;
                row.filter(|row| !row.used && row.stands(now)).map(FamilyRow::into_grant).transpose()
            })
            .await
    }

    /// Uses a refresh token up and returns the next one. `None` if it is unknown, expired, another client's, or its person may no longer
    /// come in. A token that was used before ends its family: of its two users one has stolen it. There is no time of grace, for a thief
    /// could use that too; a client that lost the answer signs in again.
    ///
    /// # Errors
    /// When the file can't be written.
    pub async fn rotate_refresh_token(&self, token: &SecretString, client_id: &str) -> PortResult<Option<(SecretString, RefreshGrant)>> {
        let (hash, next, now) = (tokens::hash(token), tokens::new_token(self.ids.as_ref()), self.clock.now());
        let (next_hash, client_id) = (tokens::hash(&next), client_id.to_owned());
        let grant = self
            .store
            .run("users.rotate_refresh_token", move |transaction| {
                let Some(row) = family_of(transaction, &hash)? else { return Ok(None) };
                if row.used {
                    end_family(transaction, &row.family)?;
                    return Ok(None);
                }
                if !row.stands(now) || row.client_id != client_id {
                    return Ok(None);
                }
                transaction.execute("UPDATE refresh_token SET used = 1 WHERE token_hash = ?1", params![hash])?;
                insert(transaction, &next_hash, &row.family)?;
                row.into_grant().map(Some)
            })
            .await?;
        Ok(grant.map(|grant| (next, grant)))
    }

    /// Ends the family of a refresh token, if it is this client's. An unknown token is no error.
    ///
    /// # Errors
    /// When the file can't be written.
    pub async fn revoke_refresh_token(&self, token: &SecretString, client_id: &str) -> PortResult<()> {
        let (hash, client_id) = (tokens::hash(token), client_id.to_owned());
        self.store
            .run("users.revoke_refresh_token", move |transaction| match family_of(transaction, &hash)? {
                Some(row) if row.client_id == client_id => end_family(transaction, &row.family),
                _ => Ok(()),
            })
            .await
    }
}

pub(super) fn insert(transaction: &Transaction<'_>, hash: &[u8], family: &str) -> Work<()> {
    transaction.execute("INSERT INTO refresh_token (token_hash, family) VALUES (?1, ?2)", params![hash, family])?;
    Ok(())
}

pub(super) fn end_family(transaction: &Transaction<'_>, family: &str) -> Work<()> {
    transaction.execute("DELETE FROM family WHERE family = ?1", params![family])?;
    Ok(())
}

fn family_of(transaction: &Transaction<'_>, hash: &[u8]) -> Work<Option<FamilyRow>> {
    let row = transaction.query_row(
        "SELECT family, user_id, session_id, client_id, scope, signed_in_at, expires_at, used, enabled
         FROM refresh_token JOIN family USING (family) JOIN user USING (user_id) WHERE token_hash = ?1",
        params![hash],
        |row| {
            Ok(FamilyRow {
                family: row.get(0)?,
                user_id: row.get(1)?,
                session_id: row.get(2)?,
                client_id: row.get(3)?,
                scope: row.get(4)?,
                signed_in_at: row.get(5)?,
                expires_at: row.get(6)?,
                used: row.get(7)?,
                enabled: row.get(8)?,
            })
        },
    );
    Ok(row.optional()?)
}

impl FamilyRow {
    fn stands(&self, now: Timestamp) -> bool {
        self.enabled && now.as_millis() < self.expires_at
    }

    fn into_grant(self) -> Work<RefreshGrant> {
        Ok(RefreshGrant {
            user_id: self.user_id.parse().map_err(broken)?,
            session_id: self.session_id,
            client_id: self.client_id,
            scope: self.scope,
            signed_in_at: time(self.signed_in_at)?,
        })
    }
}
