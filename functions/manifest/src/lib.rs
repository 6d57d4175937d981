//! Builds export manifests, and reads import manifests.

use std::{sync::Arc, time::Duration};

use app::{
    AppResult, Core,
    workers::{importing::Importing, manifest::Manifests},
};
use async_trait::async_trait;
use domain::{
    Deadline, PortError, PortErrorKind,
    job::Job,
    ports::{Cipher, Clock, Entry, Handler, Ids, Jobs, Objects, Outcome, Tables},
};

/// The ports that this function uses; its policy in the cloud has the same list.
pub struct Deps {
    /// Exports, carts, grant entries, imports, datasets and packages to write; principal rows and settings to read.
    pub tables: Arc<dyn Tables>,
    /// The data bucket: manifests to put, datasets to sign; locations to read.
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
    /// So many units a second an import may write into a package; `None` where the tables have no limit.
    pub units_per_second: Option<u32>,
}

/// The worker.
pub struct Worker {
    manifests: Manifests,
    importing: Importing,
    jobs: Arc<dyn Jobs>,
}

impl Worker {
    /// Over its ports.
    #[must_use]
    pub fn new(deps: Deps) -> Self {
        let Deps { tables, objects, jobs, cipher, clock, ids, bucket, links, units_per_second } = deps;
        let core = Core::new(tables, Arc::clone(&jobs), cipher, clock, ids);
        let importing = Importing::new(core.clone(), Arc::clone(&objects), bucket.clone(), units_per_second);
        Self { manifests: Manifests::new(core, objects, bucket, links), importing, jobs }
    }

    /// Does a job as far as there is time, and has the rest done by another. Where that can't be enqueued this one comes
    /// again, and goes on where it was, too.
    async fn work(&self, job: &Job, deadline: Deadline) -> AppResult<()> {
        let rest = match job {
            Job::Export { user_id, export_id } => self.manifests.generate_until(user_id, *export_id, deadline).await?,
            Job::Import { package_id, import_id } => self.importing.import_until(*package_id, *import_id, deadline).await?,
            other => {
                let error = PortError::new(PortErrorKind::InvalidArgument, "manifest.work");
                return Err(error.with("job_of_another_worker", other.kind().name()).into());
            }
        };
        match rest {
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
            if let Err(error) = self.work(&body, deadline).await {
                tracing::warn!(error = &error as &dyn std::error::Error, entry = id, "an export or import is to be tried again");
                outcome.failed.push(id);
            }
        }
        outcome
    }
}
