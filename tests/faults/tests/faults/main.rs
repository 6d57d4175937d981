//! What adapters, use cases and workers do when the account behind them misbehaves: callers are told within the limits
//! of time that they may come again, nothing that was acknowledged is lost, and nothing is done twice.
//!
//! The account is ministack, and its search cluster OpenSearch itself, behind a proxy of this package.

mod account;
mod adapters;
mod answers;
mod chains;
mod directory;
mod events;
mod housekeeping;
mod importing;
mod indexing;
mod kill;
mod killed;
mod lake;
mod lost;
mod partly;
mod rebuilt;
mod reindexing;
mod requests;
mod sign_in;
mod signing_keys;
mod twice;

use futures::{StreamExt, future::BoxFuture, stream};

/// Checks cases that wait most of their time. Not all at the same time: then they would wait for this machine, and take it
/// for the account.
async fn side_by_side<'a>(cases: impl IntoIterator<Item = BoxFuture<'a, ()>>) {
    stream::iter(cases).buffer_unordered(24).for_each(async |()| {}).await;
}

/// Whether to leave a test out. What workers say of themselves is shown where a test fails.
fn left_out() -> bool {
    let told = tracing_subscriber::fmt().with_test_writer().with_max_level(tracing_subscriber::filter::LevelFilter::WARN);
    // Another test of this process may have come first.
    let _ = told.try_init();
    test_servers::left_out("ministack")
}
