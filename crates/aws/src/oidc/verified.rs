//! Tokens whose signature was verified: the same one comes with every request of a session.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::digest::{SHA256, digest};

use super::{Refusal, claims::Claims};

/// So many are remembered, of sessions that are going on; then the memory begins anew. One is a few hundred bytes, of an issuer
/// that says much 16 KiB.
const CAPACITY: usize = 1_000;

/// What verified tokens claim, by their SHA-256: no token is kept. What they claim is checked anew with every request.
#[derive(Default)]
pub(super) struct Verified(Mutex<HashMap<[u8; 32], Arc<Claims>>>);

impl Verified {
    /// What `check` says of the claims of a token that was verified before, or is now by `verify`. Only what was good is
    /// remembered.
    pub(super) fn check<T>(
        &self,
        token: &str,
        verify: impl FnOnce() -> Result<Claims, Refusal>,
        check: impl FnOnce(&Claims) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut name = [0; 32];
        name.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        let known = self.entries().get(&name).cloned();
        if let Some(claims) = known {
            return check(&claims);
        }
        let claims = verify()?;
        let checked = check(&claims)?;
        let mut entries = self.entries();
        if entries.len() >= CAPACITY {
            entries.clear();
        }
        entries.insert(name, Arc::new(claims));
        Ok(checked)
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<[u8; 32], Arc<Claims>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        serde_json::from_str(r#"{"iss":"here","sub":"ann","exp":2,"iat":1}"#).expect("claims")
    }

    fn good(_: &Claims) -> Result<(), Refusal> {
        Ok(())
    }

    #[test]
    fn a_token_is_verified_once_and_a_refused_one_each_time() {
        let verified = Verified::default();
        verified.check("a", || Ok(claims()), good).expect("verified");
        verified.check("a", || Err(Refusal::Token("twice")), good).expect("remembered");
        for _ in 0..2 {
            verified.check("b", || Err(Refusal::Token("signature")), good).expect_err("never verified");
        }
        verified.check("b", || Ok(claims()), good).expect("a refusal is not remembered");
    }

    #[test]
    fn claims_are_checked_each_time_and_bad_ones_not_remembered() {
        let verified = Verified::default();
        let bad = |_: &Claims| Err::<(), _>(Refusal::Token("exp"));
        verified.check("a", || Ok(claims()), bad).expect_err("expired");
        assert!(verified.entries().is_empty());
        verified.check("a", || Ok(claims()), good).expect("good");
        verified.check("a", || Ok(claims()), bad).expect_err("expired meanwhile");
    }

    #[test]
    fn room_is_bounded() {
        let verified = Verified::default();
        for number in 0..=CAPACITY {
            verified.check(&number.to_string(), || Ok(claims()), good).expect("verified");
        }
        assert!(verified.entries().len() <= CAPACITY);
    }
}
