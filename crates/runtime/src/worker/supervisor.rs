//! Keeps the loops of a process running until they are told to stop.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The loops of a process.
#[derive(Debug, Default)]
pub struct Workers {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Workers {
    /// Loops that stop with `stop`.
    #[must_use]
    pub fn new(stop: CancellationToken) -> Self {
        Self { stop, tasks: TaskTracker::new() }
    }

    /// What stops the loops.
    #[must_use]
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs the loop that `start` makes; should it panic, makes it again after a second.
    pub fn spawn<F, L>(&self, worker: impl Into<String>, start: F)
    where
        F: Fn(CancellationToken) -> L + Send + 'static,
        L: Future<Output = ()> + Send,
    {
        let (worker, stop) = (worker.into(), self.stop.clone());
        self.tasks.spawn(async move {
            while AssertUnwindSafe(start(stop.clone())).catch_unwind().await.is_err() {
                tracing::error!(worker, "the loop of a worker panicked and starts again");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                }
            }
        });
    }

    /// Tells all loops to stop and waits for them; `false` if some had not ended after `limit`.
    pub async fn shutdown(self, limit: Duration) -> bool {
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(limit, self.tasks.wait()).await.is_ok()
    }
}
