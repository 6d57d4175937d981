//! Use cases, one file each, one folder per capability, over the domain's ports.
//!
//! Every use case runs in this order: authorise, validate, read, decide, write. The write is one transaction and
//! the only announcement: index, audit records and jobs follow from the change feed.

mod cache;
pub mod cart;
pub mod check;
pub mod core;
pub mod datasets;
pub mod error;
pub mod exports;
mod globs;
pub mod governance;
pub mod idempotency;
pub mod identity;
pub mod imports;
pub mod metadata;
pub mod packages;
pub mod paging;
pub mod profile;
pub mod search;
pub mod store;
pub mod workers;

pub use crate::{
    core::{Caller, Core},
    error::{AppError, AppResult, ErrorKind},
    paging::{Listed, Paging},
};
