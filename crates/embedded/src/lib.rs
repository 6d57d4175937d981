//! Adapters for one machine, one module per technology.

pub mod audit_log;
pub mod cipher;
pub mod jobs;
mod key_file;
pub mod listen;
pub mod objects;
pub mod search;
pub mod signer;
pub mod snapshot;
mod sqlite;
pub mod tables;
pub mod tls;
pub mod users;

/// What is wrong with the pages of a SQLite file; empty for a sound one. Reads all of it, and blocks.
///
/// # Errors
/// `Unavailable` if it can't be opened.
pub fn database_problems(path: &std::path::Path) -> domain::PortResult<Vec<String>> {
    sqlite::problems(path)
}

/// The verifier of access tokens, which is the same in both homes.
pub use aws::oidc;
