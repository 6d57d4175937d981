//! Waiting for what the service does by itself.

use std::time::Duration;

use crate::failure::Outcome;

/// Asks again, ever less often, as long as the state is `running`.
pub(super) async fn while_running<T>(mut found: T, state: impl Fn(&T) -> &str, again: impl AsyncFn() -> Outcome<T>) -> Outcome<T> {
    let mut pause = Duration::from_millis(100);
    while state(&found) == "running" {
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(Duration::from_secs(5));
        found = again().await?;
    }
    Ok(found)
}
