//! Wire types of the HTTP contract: what the API's JSON looks like.
//!
//! Names are `snake_case`, times RFC 3339 in UTC with milliseconds, sizes bytes, ids prefixed ULIDs. The same types
//! are written by the functions and read by the client.

pub mod cart;
pub mod datasets;
pub mod governance;
pub mod health;
pub mod imports;
pub mod metadata;
pub mod packages;
pub mod problem;
pub mod profile;
pub mod search;

pub use problem::Problem;
