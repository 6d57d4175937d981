//! The time of this machine, which the product's ports know nothing of.

use jiff::Timestamp;

/// Now.
#[must_use]
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "a client runs on somebody's machine: there is no port")]
    Timestamp::now()
}
