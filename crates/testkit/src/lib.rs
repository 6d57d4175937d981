//! One contract suite per port, entity builders, and fakes that fail on demand.

pub mod memory_objects;
pub mod multipart;
pub mod objects;
pub mod signed_requests;

pub use memory_objects::MemoryObjects;

pub mod audit_log;
pub mod builders;
pub mod cipher;
mod faults;
pub mod jobs;
mod memory_audit_log;
mod memory_cipher;
mod memory_jobs;
mod memory_signer;
pub mod signer;
mod suite;
mod system;

pub use faults::Faults;
pub use memory_audit_log::MemoryAuditLog;
pub use memory_cipher::MemoryCipher;
pub use memory_jobs::{LONGEST_DELAY, MemoryJobs};
pub use memory_signer::MemorySigner;
pub use suite::Subject;
pub use system::{FixedClock, SequentialIds};

/// What a lock guards, also after another test's thread panicked with it.
pub(crate) fn locked<T>(lock: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

mod interleaved_tables;
mod memory_tables;
pub mod tables;

pub use interleaved_tables::InterleavedTables;
pub use memory_tables::MemoryTables;

pub mod directory;
mod memory_directory;

pub use memory_directory::MemoryDirectory;

mod memory_search;
pub mod search;

pub use memory_search::MemorySearch;
