//! Another try, a little later.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use domain::{PortError, PortErrorKind, PortResult};

/// How often something is tried.
const ATTEMPTS: u32 = 6;

/// A failed try.
pub(super) enum Failure {
    /// Surely nothing happened: worth another try.
    Refused(PortError),
    /// Whatever happened, another try is not for this adapter to decide.
    Final(PortError),
}

/// Tells refusals from everything else: another transaction holds a row or, where the SDK doesn't repeat by itself,
/// we are asked to slow down.
pub(super) fn if_refused(error: PortError, sdk_repeats: bool) -> Failure {
    let conflict = |(name, value): &(&str, String)| *name == "code" && value.starts_with("TransactionConflict");
    let slow_down = !sdk_repeats && error.is(PortErrorKind::RateLimited);
    if slow_down || error.context().iter().any(conflict) { Failure::Refused(error) } else { Failure::Final(error) }
}

/// Tries until it is done, fails for good, or was refused too often.
pub(super) async fn retried<F: Future<Output = Result<(), Failure>>>(attempt: impl Fn() -> F) -> PortResult<()> {
    let mut tries = 1;
    loop {
        match attempt().await {
            Ok(()) => return Ok(()),
            Err(Failure::Refused(_)) if tries < ATTEMPTS => pause(tries).await,
            Err(Failure::Refused(error) | Failure::Final(error)) => return Err(error),
        }
        tries += 1;
    }
}

/// Waits before try `tries` + 1: longer each time, and not as long as everybody else.
pub(super) async fn pause(tries: u32) {
    let longest = Duration::from_millis(25) * 2_u32.pow(tries.min(6));
    // A hasher's random key is random enough to spread callers; nothing depends on it.
    let share = RandomState::new().hash_one(tries) % 512;
    tokio::time::sleep(longest.mul_f64(0.5 + f64::from(u16::try_from(share).unwrap_or(0)) / 1024.0)).await;
}
