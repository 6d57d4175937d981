//! Authorization codes: each opens one family of tokens, once, within a minute.

use std::time::Duration;

use domain::{PortResult, Timestamp, id::UserId};
use rusqlite::{OptionalExtension, params};
use secrecy::SecretString;

use super::{
    Session, Users,
    directory::{broken, time},
    refresh,
    store::Work,
    tokens,
};

/// How long a code can be redeemed.
pub const CODE_LIFE: Duration = Duration::from_secs(60);

/// What a code is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCode {
    /// For which client.
    pub client_id: String,
    /// To where it was sent.
    pub redirect_uri: String,
    /// What was granted, separated by blanks.
    pub scope: String,
    /// The client's nonce for the id token.
    pub nonce: Option<String>,
    /// The PKCE challenge (S256).
    pub challenge: String,
}

/// A redeemed code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeGrant {
    /// What the code was bound to; the caller compares client, redirect URI and challenge.
    pub bound: NewCode,
    /// Who signed in.
    pub user_id: UserId,
    /// In which session.
    pub session_id: String,
    /// When.
    pub signed_in_at: Timestamp,
    family: String,
}

impl Users {
    /// Makes a code for a session.
    ///
    /// # Errors
    /// When the file can't be written.
    pub async fn new_code(&self, session: &Session, code: NewCode) -> PortResult<SecretString> {
        let token = tokens::new_token(self.ids.as_ref());
        let (hash, session) = (tokens::hash(&token), session.clone());
        let (family, expires_at) = (self.ids.new_id().to_string(), self.clock.now().plus(CODE_LIFE).as_millis());
        self.store
            .run("users.new_code", move |transaction| {
                transaction.execute(
                    "INSERT INTO code (code_hash, user_id, session_id, client_id, redirect_uri, scope, nonce, challenge, signed_in_at,
                                       expires_at, family)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                    params![
                        hash,
                        session.user_id.as_str(),
                        session.session_id,
                        code.client_id,
                        code.redirect_uri,
                        code.scope,
                        code.nonce,
                        code.challenge,
                        session.signed_in_at.as_millis(),
                        expires_at,
                        family
                    ],
                )?;
                Ok(())
            })
            .await?;
        Ok(token)
    }

    /// Uses a code up. `None` if it is unknown, expired, or its person may no longer come in; a code that was used before also ends the
    /// tokens that its first use opened, for one of the two users has stolen it.
    ///
    /// # Errors
    /// When the file can't be written.
    pub async fn redeem_code(&self, code: &SecretString) -> PortResult<Option<CodeGrant>> {
        let (hash, now) = (tokens::hash(code), self.clock.now().as_millis());
        self.store
            .run("users.redeem_code", move |transaction| {
                let row = transaction
                    .query_row(
                        "SELECT client_id, redirect_uri, scope, nonce, challenge, user_id, session_id, signed_in_at, family, used
                         FROM code JOIN user USING (user_id) WHERE code_hash = ?1 AND expires_at > ?2 AND enabled",
                        params![hash, now],
                        read,
                    )
                    .optional()?;
                let Some((grant, used)) = row else { return Ok(None) };
                let grant = grant.into_grant()?;
                if used {
                    refresh::end_family(transaction, &grant.family)?;
                    return Ok(None);
                }
                transaction.execute("UPDATE code SET used = 1 WHERE code_hash = ?1", params![hash])?;
                Ok(Some(grant))
            })
            .await
    }

    /// Opens the family of a redeemed code and returns its first refresh token. `None` if the session has ended in between.
    ///
    /// # Errors
    /// When the file can't be written.
    pub async fn first_refresh_token(&self, grant: &CodeGrant) -> PortResult<Option<SecretString>> {
        let (token, grant) = (tokens::new_token(self.ids.as_ref()), grant.clone());
        let (hash, expires_at) = (tokens::hash(&token), self.clock.now().plus(refresh::REFRESH_LIFE));
        let opened = self
            .store
            .run("users.first_refresh_token", move |transaction| {
                // The code's row goes when its session or its person's sessions end.
                let stands = "SELECT 1 FROM code WHERE family = ?1 AND used = 1";
                if transaction.query_row(stands, params![grant.family], |_| Ok(())).optional()?.is_none() {
                    return Ok(false);
                }
                transaction.execute(
                    "INSERT INTO family (family, user_id, session_id, client_id, scope, signed_in_at, expires_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    params![
                        grant.family,
                        grant.user_id.as_str(),
                        grant.session_id,
                        grant.bound.client_id,
                        grant.bound.scope,
                        grant.signed_in_at.as_millis(),
                        expires_at.as_millis()
                    ],
                )?;
                refresh::insert(transaction, &hash, &grant.family)?;
                Ok(true)
            })
            .await?;
        Ok(opened.then_some(token))
    }
}

struct CodeRow {
    bound: NewCode,
    user_id: String,
    session_id: String,
    signed_in_at: i64,
    family: String,
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<(CodeRow, bool)> {
    let bound =
        NewCode { client_id: row.get(0)?, redirect_uri: row.get(1)?, scope: row.get(2)?, nonce: row.get(3)?, challenge: row.get(4)? };
    let code = CodeRow { bound, user_id: row.get(5)?, session_id: row.get(6)?, signed_in_at: row.get(7)?, family: row.get(8)? };
    Ok((code, row.get(9)?))
}

impl CodeRow {
    fn into_grant(self) -> Work<CodeGrant> {
        Ok(CodeGrant {
            bound: self.bound,
            user_id: self.user_id.parse().map_err(broken)?,
            session_id: self.session_id,
            signed_in_at: time(self.signed_in_at)?,
            family: self.family,
        })
    }
}
