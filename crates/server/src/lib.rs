//! The whole data lake as one process: every router, embedded adapters, object endpoint, sign-in.

pub mod sign_in;
