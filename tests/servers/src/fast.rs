//! `scripts/test --fast`: only what needs nothing from outside; `scripts/test --long`: also what is too long for every push.

use std::env;

/// Whether a test is to be left out because it needs `what` (`boto3`), which another language or the network has to
/// give, and only the rest is to run; says so then.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a test is told so by its environment")]
#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
pub fn left_out(what: &str) -> bool {
    let fast = env::var_os("DATALAKE_TEST_FAST").is_some_and(|value| !value.is_empty());
    if fast {
        println!("left out: DATALAKE_TEST_FAST is set, and this needs {what}");
    }
    fast
}

/// Whether a test is to be left out because `what` (`another version of the server`) is only for the long run, which was
/// not asked for; says so then.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a test is told so by its environment")]
#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
pub fn only_long(what: &str) -> bool {
    let long = env::var_os("DATALAKE_TEST_LONG").is_some_and(|value| !value.is_empty());
    if !long {
        println!("left out: DATALAKE_TEST_LONG is not set, and {what} belongs to the long run");
    }
    !long
}
