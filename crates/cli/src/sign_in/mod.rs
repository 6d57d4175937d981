//! Signing in.

mod browser;
mod loopback;

pub(crate) use self::browser::by_browser;
