//! Typed HTTP client of the data lake's API.
//!
//! [`Client`] has a method for every operation. It signs with an API key (Signature Version 4) or sends a bearer token
//! that renews itself, repeats what may be repeated, and reads lists as streams of pages. Signed URLs, which carry
//! their own authorisation, are sent and fetched by [`transfer`].

mod call;
mod cart;
mod client;
pub mod clock;
pub mod credentials;
pub mod datasets;
mod error;
mod imports;
mod metadata;
pub mod oidc;
mod packages;
pub mod paging;
mod profile;
pub mod retry;
mod search;
mod service;
pub mod signing;
pub mod transfer;

pub use crate::{
    client::{Client, ClientBuilder},
    error::{Error, Result, unsaid},
    packages::PackageFilter,
    search::SearchQuery,
};
