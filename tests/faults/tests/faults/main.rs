//! What adapters, use cases and workers do when the account behind them misbehaves: callers are told within the limits
//! of time that they may come again, nothing that was acknowledged is lost, and nothing is done twice.
//!
//! The account is ministack, behind a proxy of this package.

mod account;
mod adapters;
mod chains;
mod events;
mod killed;
mod lake;
mod lost;
mod partly;
mod signing_keys;
mod twice;

fn left_out() -> bool {
    test_servers::left_out("ministack")
}
