//! The pause before another try of what the SDK does not repeat by itself.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Waits before try `tries` + 1: longer each time, and not as long as everybody else.
pub(crate) async fn pause(tries: u32) {
    let longest = Duration::from_millis(25) * 2_u32.pow(tries.min(6));
    // A hasher's random key is random enough to spread callers; nothing depends on it.
    let share = RandomState::new().hash_one(tries) % 512;
    tokio::time::sleep(longest.mul_f64(0.5 + f64::from(u16::try_from(share).unwrap_or(0)) / 1024.0)).await;
}
