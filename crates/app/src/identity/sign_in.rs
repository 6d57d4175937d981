//! What the issuer tells about sign-ins.

use domain::{
    access::Action,
    audit::{Actor, AuditOutcome, Origin},
    id::UserId,
    user::{PrincipalRecord, UserStatus},
};

use super::People;
use crate::error::{AppError, AppResult, ErrorKind};

impl People {
    /// Somebody proved who it is and gets new tokens: the principal row follows the directory.
    ///
    /// # Errors
    /// 403 for somebody who is disabled; 404 for somebody unknown; those of directory and tables: no tokens then.
    pub async fn sign_in(&self, user_id: &UserId, origin: &Origin) -> AppResult<PrincipalRecord> {
        if self.directory_user(user_id).await?.status == UserStatus::Disabled {
            self.sync_principal(user_id).await?;
            self.sign_in_refused(Some(user_id), origin, "the user is disabled").await?;
            return Err(disabled());
        }
        let now = self.core.now();
        let actor = Actor { user_id: Some(user_id.clone()), role: None, access_key_id: None };
        let stamp = self.core.stamp_of(actor, origin, Action::SignIn, &["last_sign_in"]);
        let record = self.project(user_id, Some(&stamp), |record| record.last_sign_in = Some(now)).await?;
        if record.enabled { Ok(record) } else { Err(disabled()) }
    }

    /// A session is renewed by its refresh token: the principal row follows the directory; no sign-in to audit.
    ///
    /// # Errors
    /// As [`People::sign_in`].
    pub async fn renew_session(&self, user_id: &UserId) -> AppResult<PrincipalRecord> {
        let record = self.project(user_id, None, |_| {}).await?;
        if record.enabled { Ok(record) } else { Err(disabled()) }
    }

    /// Audits that a sign-in was refused, with what is known of who tried.
    ///
    /// # Errors
    /// When the audit queue does not take the record.
    pub async fn sign_in_refused(&self, user_id: Option<&UserId>, origin: &Origin, reason: &str) -> AppResult<()> {
        let actor = Actor { user_id: user_id.cloned(), ..Actor::anonymous() };
        let resource = user_id.map(ToString::to_string).unwrap_or_default();
        self.core.audit(actor, origin, Action::SignIn, resource, AuditOutcome::Deny, Some(reason.to_owned())).await
    }
}

pub(super) fn disabled() -> AppError {
    AppError::new(ErrorKind::Forbidden, "user_disabled", "The user is disabled. Ask an administrator.")
}
