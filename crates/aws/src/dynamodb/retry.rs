//! Another try, a little later.

use domain::{PortError, PortErrorKind, PortResult};

use crate::retry::pause;

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
