//! Says, before a user pool makes tokens, which role and groups somebody has, and writes it where requests are authorised by.
//!
//! It asks nobody but the tables: the pool waits for five seconds, and whoever calls the pool back from here waits for
//! itself.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use app::{
    AppError, AppResult, Core, ErrorKind,
    identity::{Admission, Admitted, ClaimRules},
};
use async_trait::async_trait;
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{Cipher, Clock, Ids, Jobs, Tables},
    sign_in::SignInEvent,
};

/// Within this the user pool has its answer, or an error that stands in the log; it gives up after five seconds, and
/// then asks again.
pub const TIME_LIMIT: Duration = Duration::from_secs(4);

/// The ports that this function uses; its policy in the cloud has the same list.
pub struct Deps {
    /// Principal rows.
    pub tables: Arc<dyn Tables>,
    /// The audit queue.
    pub jobs: Arc<dyn Jobs>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
    /// Whose word counts.
    pub rules: ClaimRules,
    /// Within this there is an answer: [`TIME_LIMIT`].
    pub time_limit: Duration,
}

/// Answers the user pool.
#[derive(Clone)]
pub struct Trigger {
    admission: Admission,
    time_limit: Duration,
}

impl Trigger {
    /// Over its ports.
    #[must_use]
    pub fn new(deps: Deps) -> Self {
        let Deps { tables, jobs, clock, ids, rules, time_limit } = deps;
        Self { admission: Admission::new(Core::new(tables, jobs, Arc::new(NoCipher), clock, ids), rules), time_limit }
    }

    /// What the tokens may say.
    ///
    /// # Errors
    /// For somebody who may not sign in, and when the row could not be written in time: no tokens then.
    pub async fn admit(&self, event: &SignInEvent) -> AppResult<Admitted> {
        let admitted = tokio::time::timeout(self.time_limit, self.admission.admit(event)).await.unwrap_or_else(|_| {
            Err(AppError::new(ErrorKind::Unavailable, "unavailable", "The sign-in could not be noted in time. Try again."))
        });
        match &admitted {
            Ok(admitted) => tracing::info!(user = %event.user_id, renewal = event.renewal, role = ?admitted.role, "admitted"),
            Err(error) => tracing::warn!(error = error as &dyn std::error::Error, user = %event.user_id, "not admitted"),
        }
        admitted
    }
}

/// This function seals nothing, and has no right to.
struct NoCipher;

#[async_trait]
impl Cipher for NoCipher {
    async fn encrypt(&self, _: &[u8], _: &BTreeMap<String, String>) -> PortResult<Vec<u8>> {
        Err(PortError::new(PortErrorKind::Unsupported, "identity.cipher"))
    }

    async fn decrypt(&self, _: &[u8], _: &BTreeMap<String, String>) -> PortResult<Vec<u8>> {
        Err(PortError::new(PortErrorKind::Unsupported, "identity.cipher"))
    }
}
