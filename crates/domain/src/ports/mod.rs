//! Ports: what the use cases need of the outside world, each a capability with at most seven methods.
//!
//! A port promises only what both homes keep. Each promise is a test in `testkit`, run over every adapter.

mod audit_log;
mod cipher;
mod directory;
mod jobs;
mod objects;
mod search;
mod signer;
mod system;
pub mod tables;
mod tokens;
mod worker;

pub use audit_log::{AuditLog, AuditQuery, AuditRows, ChainedRecord, FIRST_PREVIOUS_HASH, chain_hash};
pub use cipher::Cipher;
pub use directory::{Directory, DirectoryPage, DirectoryUser, GroupPage, Groups, Invitation, MemberPage, UserRecords};
pub use jobs::Jobs;
pub use objects::{
    ByteRange, ByteStream, Listing, Multipart, ObjectAddress, ObjectBody, ObjectInfo, ObjectVersion, Objects, PartInfo, PartUpload,
    PutOptions, SignedRequest, StoredPart,
};
pub use search::{SearchIndex, SearchRebuild};
pub use signer::{ECDSA_SHA_256, Signature, Signer};
pub use system::{Clock, Ids};
pub use tables::{
    Condition, Index, Item, Key, Order, PAGE_LIMIT_BYTES, Page, PageKey, Query, Range, Scan, Schema, Table, Tables, Update, Value, Write,
    item_size,
};
pub use tokens::{TokenVerifier, VerifiedToken};
pub use worker::{Entry, Handler, Outcome};
