//! Builds export manifests.

use std::{sync::Arc, time::Duration};

use app::{AppResult, Core, workers::manifest::Manifests};
use async_trait::async_trait;
use domain::{
    Deadline, ExportId,
    id::UserId,
    job::Job,
    ports::{Cipher, Clock, Entry, Handler, Ids, Jobs, Objects, Outcome, Tables},
};

/// The ports that this function uses; its policy in the cloud has the same list.
pub struct Deps {
    /// Exports, carts and grant entries to write; packages, datasets and principal rows to read.
    pub tables: Arc<dyn Tables>,
    /// The data bucket: manifests to put, datasets to sign.
    pub objects: Arc<dyn Objects>,
    /// The audit queue; the function's own, for what a run has no time for.
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
    jobs: Arc<dyn Jobs>,
}

impl Worker {
    /// Over its ports.
    #[must_use]
    pub fn new(deps: Deps) -> Self {
        let Deps { tables, objects, jobs, cipher, clock, ids, bucket, links } = deps;
        let core = Core::new(tables, Arc::clone(&jobs), cipher, clock, ids);
        Self { manifests: Manifests::new(core, objects, bucket, links), jobs }
    }

    /// Writes an export as far as there is time, and has the rest done by a job. Where that can't be enqueued this one comes
    /// again, and goes on where it was, too.
    async fn work(&self, user_id: &UserId, id: ExportId, deadline: Deadline) -> AppResult<()> {
        match self.manifests.generate_until(user_id, id, deadline).await? {
            Some(rest) => Ok(self.jobs.enqueue(&rest, Duration::ZERO).await?),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Handler<Job> for Worker {
    async fn handle(&self, batch: Vec<Entry<Job>>) -> Outcome {
        self.handle_until(batch, Deadline::NONE).await
    }

    async fn handle_until(&self, batch: Vec<Entry<Job>>, deadline: Deadline) -> Outcome {
        let mut outcome = Outcome::default();
        for Entry { id, body } in batch {
            let Job::Export { user_id, export_id } = &body else {
                tracing::error!(entry = id, kind = body.kind().name(), "a job of another worker");
                outcome.failed.push(id);
                continue;
            };
            if let Err(error) = self.work(user_id, *export_id, deadline).await {
                tracing::warn!(error = &error as &dyn std::error::Error, export = %export_id, "an export is to be tried again");
                outcome.failed.push(id);
            }
        }
        outcome
    }
}
