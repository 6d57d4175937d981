//! Fixtures, and a worker that remembers and fails on demand.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use domain::ports::{Entry, Handler, Outcome};
use serde_json::Value;

/// The event of this name.
pub(crate) fn fixture(name: &str) -> Value {
    let path = format!("{}/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).expect("a fixture is JSON")
}

/// What is answered that is to come again.
pub(crate) fn failures(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().expect("a list");
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().expect("an id")).collect()
}

/// Remembers what it was handed, and fails where it is told to.
pub(crate) struct Worker<T> {
    failing: BTreeSet<String>,
    seen: Mutex<Vec<Vec<(String, T)>>>,
}

impl<T: Clone> Worker<T> {
    /// One that fails the entries of these ids.
    pub(crate) fn failing(ids: &[&str]) -> Self {
        Self { failing: ids.iter().map(|id| (*id).to_owned()).collect(), seen: Mutex::default() }
    }

    /// The batches, each entry with its id.
    pub(crate) fn batches(&self) -> Vec<Vec<(String, T)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All ids, in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.batches().into_iter().flatten().map(|(id, _)| id).collect()
    }
}

#[async_trait]
impl<T: Clone + Send + Sync> Handler<T> for Worker<T> {
    async fn handle(&self, batch: Vec<Entry<T>>) -> Outcome {
        assert!((1..=100).contains(&batch.len()), "the port's limit");
        let failed = batch.iter().map(|entry| entry.id.clone()).filter(|id| self.failing.contains(id)).collect();
        let entries = batch.into_iter().map(|entry| (entry.id, entry.body)).collect();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(entries);
        Outcome { failed, ..Outcome::default() }
    }
}
