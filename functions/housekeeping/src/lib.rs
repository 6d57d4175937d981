//! Looks after what is due.

use std::sync::Arc;

use app::{AppResult, workers::housekeeping::Housekeeping};
use async_trait::async_trait;
use domain::{
    PortError, PortErrorKind,
    job::Job,
    ports::{Clock, Entry, Handler, Ids, Multipart, Objects, Outcome, Tables},
};

/// The ports that this function uses; its policy in the cloud has the same list.
pub struct Deps {
    /// Everything that can be due, and what hangs on it.
    pub tables: Arc<dyn Tables>,
    /// The data bucket: versions to remove.
    pub objects: Arc<dyn Objects>,
    /// Uploads in parts to abort.
    pub multipart: Arc<dyn Multipart>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
    /// The data bucket's name.
    pub bucket: String,
}

/// The worker.
pub struct Worker {
    housekeeping: Housekeeping,
}

impl Worker {
    /// Over its ports.
    #[must_use]
    pub fn new(deps: Deps) -> Self {
        let Deps { tables, objects, multipart, clock, ids, bucket } = deps;
        Self { housekeeping: Housekeeping::new(tables, objects, multipart, clock, ids, bucket) }
    }

    async fn work(&self, job: &Job) -> AppResult<()> {
        match job {
            Job::Sweep => {
                // What failed is due again at the next sweep, which the schedule brings.
                self.housekeeping.sweep().await;
                Ok(())
            }
            Job::RemoveExport { user_id, export_id } => self.housekeeping.remove_export(user_id, *export_id).await,
            Job::PackageDeleted { package_id } => self.housekeeping.package_deleted(*package_id).await,
            // A job of another worker lies among the dead letters, where people see it.
            Job::Audit { .. } | Job::Index { .. } | Job::Export { .. } => {
                Err(PortError::new(PortErrorKind::Unsupported, "housekeeping.work").with("kind", job.kind().name()).into())
            }
        }
    }
}

#[async_trait]
impl Handler<Job> for Worker {
    async fn handle(&self, batch: Vec<Entry<Job>>) -> Outcome {
        let mut outcome = Outcome::default();
        for Entry { id, body } in batch {
            if let Err(error) = self.work(&body).await {
                tracing::warn!(error = &error as &dyn std::error::Error, entry = id, "a job is to be tried again");
                outcome.failed.push(id);
            }
        }
        outcome
    }
}
