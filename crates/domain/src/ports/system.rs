//! Time, randomness and ids.

use ulid::Ulid;

use crate::time::Timestamp;

/// The only source of the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The only source of ids and random bytes.
pub trait Ids: Send + Sync {
    /// A new ULID, greater than every earlier one of this process.
    fn new_id(&self) -> Ulid;

    /// Fills `bytes` from a cryptographically secure generator.
    fn random(&self, bytes: &mut [u8]);
}
