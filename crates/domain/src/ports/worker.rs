//! What a worker is: the loop that feeds it belongs to the home.

use async_trait::async_trait;

use crate::deadline::Deadline;

/// One entry of a batch, named so that a failure can be told.
#[derive(Clone, Debug)]
pub struct Entry<T> {
    /// The queue's or feed's name for this delivery.
    pub id: String,
    /// What is to be done.
    pub body: T,
}

/// Which entries of a batch are not done and must come again; empty when all are done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Ids of the entries that failed.
    pub failed: Vec<String>,
    /// Those of the failed that no repetition would help: nothing waits for them.
    pub hopeless: Vec<String>,
}

impl Outcome {
    /// The entry can never be done.
    pub fn give_up(&mut self, id: String) {
        self.hopeless.push(id.clone());
        self.failed.push(id);
    }
}

/// A worker: handles entries that come at least once, in any order, in batches of 1 to 100.
#[async_trait]
pub trait Handler<T>: Send + Sync {
    /// Handles a batch and names the entries that failed. It never panics on an entry, and one that
    /// fails stops nothing behind it, unless the worker keeps an order: then what stands behind it failed as well.
    async fn handle(&self, batch: Vec<Entry<T>>) -> Outcome;

    /// The same in a home that ends the worker at `deadline`. Whoever may take longer than that stops before, so that
    /// nothing begun is lost; for all others there is nothing to do.
    async fn handle_until(&self, batch: Vec<Entry<T>>, deadline: Deadline) -> Outcome
    where
        T: Send + 'async_trait,
    {
        let _ = deadline;
        self.handle(batch).await
    }
}
