//! Shared HTTP pieces: who calls, validated input, problem+json, request ids, limits, OpenAPI.
//!
//! A function's router is built of handlers that extract [`extract::SignedIn`] and validated input, call one use case,
//! and wrap its result. [`finish()`] puts around it what every answer has, in both homes.

pub mod answer;
pub mod extract;
mod finish;
pub mod openapi;
pub mod operations;
pub mod problem;

pub use app::{AppError, AppResult, Caller};
pub use finish::{Edge, Limits, finish, function};
pub use problem::Rejection;

/// Bodies are at most so large: Lambda's 6 MB hold the escaped body.
pub const BODY_LIMIT: usize = 3 * 1024 * 1024;
/// Query strings are at most so long: API Gateway's request line and headers have 10,240 bytes together.
pub const QUERY_LIMIT: usize = 4_096;
