//! Tokens whose signature was verified: the same one comes with every request of a session.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::digest::{SHA256, digest};

use super::{Refusal, claims::Claims};

/// So many are remembered; then the memory begins anew.
const CAPACITY: usize = 1_000;

/// What verified tokens claim, by their SHA-256: no token is kept. What they claim is checked anew with every request.
#[derive(Default)]
pub(super) struct Verified(Mutex<HashMap<[u8; 32], Arc<Claims>>>);

impl Verified {
    /// The claims of a token that was verified before, or is now by `verify`.
    pub(super) fn claims_of(&self, token: &str, verify: impl FnOnce() -> Result<Claims, Refusal>) -> Result<Arc<Claims>, Refusal> {
        let mut name = [0; 32];
        name.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        if let Some(claims) = self.entries().get(&name) {
            return Ok(Arc::clone(claims));
        }
        let claims = Arc::new(verify()?);
        let mut entries = self.entries();
        if entries.len() >= CAPACITY {
            entries.clear();
        }
        entries.insert(name, Arc::clone(&claims));
        Ok(claims)
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

    #[test]
    fn a_token_is_verified_once_and_a_refused_one_each_time() {
        let verified = Verified::default();
        verified.claims_of("a", || Ok(claims())).expect("verified");
        verified.claims_of("a", || Err(Refusal::Token("twice"))).expect("remembered");
        for _ in 0..2 {
            verified.claims_of("b", || Err(Refusal::Token("signature"))).expect_err("never verified");
        }
        verified.claims_of("b", || Ok(claims())).expect("a refusal is not remembered");
    }

    #[test]
    fn room_is_bounded() {
        let verified = Verified::default();
        for number in 0..=CAPACITY {
            verified.claims_of(&number.to_string(), || Ok(claims())).expect("verified");
        }
        assert!(verified.entries().len() <= CAPACITY);
    }
}
