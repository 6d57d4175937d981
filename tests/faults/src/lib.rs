//! A proxy in front of an AWS account that misbehaves as it is told: requests are throttled, fail, are answered late,
//! in parts or never, or find nobody there.

mod account_says;
mod bulk;
mod fault;
mod proxy;

pub use fault::Fault;
pub use proxy::{Counted, Proxy, Stop};
