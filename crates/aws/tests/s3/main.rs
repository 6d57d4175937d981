//! `Objects` and `Multipart` over S3: what is signed, how long is waited, and the ports' contracts over real servers.
#![cfg(all(feature = "s3", feature = "account"))]

mod account;
mod fake;
mod ministack;
mod seaweedfs;
mod signing;
mod slow;
mod support;
