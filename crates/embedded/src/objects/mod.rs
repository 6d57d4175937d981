//! Objects on one machine: a versioned store of our own, and the S3 endpoint before it.
//!
//! Content lies in files, everything about it in `SQLite`. A write is answered only when both would survive a crash: the
//! file is synced, renamed and its folder synced first, then the row is committed. So a row never names a file that is not
//! there, and a crash leaves at most a file without a row, which the next start sweeps away.
//!
//! The product's own adapter (`aws::s3::S3Objects`) speaks to this endpoint as it speaks to Amazon S3; only what is asked about
//! an object, without its bytes, is asked of the store directly.

mod access;
mod adapter;
mod body;
mod conversion;
mod cors;
mod database;
mod endpoint;
mod files;
mod guard;
mod hold;
mod inspect;
mod linger;
mod near;
mod record;
mod roots;
mod schema;
mod serve;
mod sources;
mod store;
mod uploads;

pub use access::{InternalKey, ObjectAccess};
pub use adapter::{REGION, adapter, remote_adapter};
pub use hold::ContentHold;
pub use inspect::{ContentProblem, Inspection};
pub use near::NearObjects;
pub use record::{Checksum, ContentFile, ListPage, ObjectRecord, PartRecord, StoreError, StoreResult};
pub use roots::ImportRoots;
pub use serve::{EndpointOptions, serve};
pub use store::{ObjectStore, PutConditions};
