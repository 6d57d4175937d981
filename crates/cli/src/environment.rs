//! Variables of the environment; what is set to nothing counts as not set.

use std::{env, ffi::OsString, path::PathBuf};

/// A variable's text.
pub(crate) fn variable(name: &str) -> Option<String> {
    value(name)?.into_string().ok()
}

/// A variable's path.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    value(name).map(PathBuf::from)
}

fn value(name: &str) -> Option<OsString> {
    #[expect(clippy::disallowed_methods, reason = "a command line is configured by its environment")]
    env::var_os(name).filter(|value| !value.is_empty())
}
