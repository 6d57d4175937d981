//! Events as AWS sends them, through the functions that are handed them, to what AWS takes back.
//!
//! The fixtures' README says where each shape comes from. API Gateway's requests to the HTTP functions are tried where
//! they are decoded, in `crates/runtime`.

mod authorizer;
mod pre_token;
mod queues;
mod schedule;
mod streams;
mod support;
