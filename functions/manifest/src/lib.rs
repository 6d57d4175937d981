//! Builds export manifests.

use std::sync::Arc;

use app::{Core, workers::manifest::Manifests};
use async_trait::async_trait;
use domain::{
    job::Job,
    ports::{Cipher, Clock, Entry, Handler, Ids, Jobs, Objects, Outcome, Tables},
};

/// The ports that this function uses; its policy in the cloud has the same list.
pub struct Deps {
    /// Exports, carts and grant entries to write; packages, datasets and principal rows to read.
    pub tables: Arc<dyn Tables>,
    /// The data bucket: manifests to put, datasets to sign.
    pub objects: Arc<dyn Objects>,
    /// The audit queue.
    pub jobs: Arc<dyn Jobs>,
    /// For the tokens of grant links.
    pub cipher: Arc<dyn Cipher>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn Ids>,
    /// The data bucket's name.
    pub bucket: String,
    /// The API's public address, which grant links begin with.
    pub links: String,
}

/// The worker.
pub struct Worker {
    manifests: Manifests,
}

impl Worker {
    /// Over its ports.
    #[must_use]
    pub fn new(deps: Deps) -> Self {
        let Deps { tables, objects, jobs, cipher, clock, ids, bucket, links } = deps;
        Self { manifests: Manifests::new(Core::new(tables, jobs, cipher, clock, ids), objects, bucket, links) }
    }
}

#[async_trait]
impl Handler<Job> for Worker {
    async fn handle(&self, batch: Vec<Entry<Job>>) -> Outcome {
        let mut outcome = Outcome::default();
        for Entry { id, body } in batch {
            let Job::Export { user_id, export_id } = &body else {
                tracing::error!(entry = id, kind = body.kind().name(), "a job of another worker");
                outcome.failed.push(id);
                continue;
            };
            if let Err(error) = self.manifests.generate(user_id, *export_id).await {
                tracing::warn!(error = &error as &dyn std::error::Error, export = %export_id, "an export is to be tried again");
                outcome.failed.push(id);
            }
        }
        outcome
    }
}
