//! Adapters for one machine, one module per technology.

pub mod audit_log;
pub mod cipher;
pub mod jobs;
mod key_file;
pub mod listen;
pub mod objects;
pub mod search;
pub mod signer;
mod sqlite;
pub mod tables;
pub mod users;

/// The verifier of access tokens, which is the same in both homes.
pub use aws::oidc;
