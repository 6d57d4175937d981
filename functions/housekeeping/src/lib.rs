//! Looks after what is due.

use std::{sync::Arc, time::Duration};

use app::{
    AppError, AppResult, Core,
    identity::Reconciliation,
    workers::{chain_heads::HeadKeeping, housekeeping::Housekeeping},
};
use async_trait::async_trait;
use domain::{
    Deadline, PortError, PortErrorKind,
    job::Job,
    ports::{Cipher, Clock, Directory, Entry, Handler, Ids, Jobs, Multipart, Objects, Outcome, Signer, Tables},
};

/// The ports that this function uses; its policy in the cloud has the same list.
pub struct Deps {
    /// Everything that can be due, and what hangs on it.
    pub tables: Arc<dyn Tables>,
    /// The data bucket: versions to remove; and the bucket of signed heads.
    pub objects: Arc<dyn Objects>,
    /// Uploads in parts to abort.
    pub multipart: Arc<dyn Multipart>,
    /// The function's own queue, for what a run has no time for.
    pub jobs: Arc<dyn Jobs>,
    /// For the cursors' key, which the functions behind the API may only read.
    pub cipher: Arc<dyn Cipher>,
    /// For the heads of the audit log's chains.
    pub signer: Arc<dyn Signer>,
    /// The directory, if people can be changed in it behind the product's back.
    pub directory: Option<Arc<dyn Directory>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
    /// The data bucket's name.
    pub bucket: String,
    /// Name of the bucket of signed heads.
    pub audit_bucket: String,
}

/// The worker.
pub struct Worker {
    housekeeping: Housekeeping,
    heads: HeadKeeping,
    reconciliation: Option<Reconciliation>,
    core: Core,
    jobs: Arc<dyn Jobs>,
}

impl Worker {
    /// Over its ports.
    #[must_use]
    pub fn new(deps: Deps) -> Self {
        let Deps { tables, objects, multipart, jobs, cipher, signer, directory, clock, ids, bucket, audit_bucket } = deps;
        let core = Core::new(tables.clone(), jobs.clone(), cipher, clock.clone(), ids.clone());
        let reconciliation = directory.map(|directory| Reconciliation::new(core.clone(), directory));
        let heads = HeadKeeping::new(tables.clone(), objects.clone(), signer, clock.clone(), audit_bucket);
        let housekeeping = Housekeeping::new(tables, objects, multipart, clock, ids, bucket);
        Self { housekeeping, heads, reconciliation, core, jobs }
    }

    /// Everything that a regular run has to do. One part that fails does not keep the others from being done, and the first
    /// that does is told when all have been tried: whoever watches the function's errors and dead letters must see it.
    async fn sweep(&self, deadline: Deadline) -> AppResult<()> {
        let key = self.core.make_cursor_key().await.map(drop);
        let heads = self.heads.keep().await.map(drop).map_err(AppError::from);
        let people = match &self.reconciliation {
            Some(reconciliation) => reconciliation.run(deadline).await.and_then(|done| match done.complete {
                true => Ok(()),
                // Whoever was disabled, and was not looked at, still gets in: somebody must hear of it.
                false => Err(PortError::new(PortErrorKind::Unavailable, "housekeeping.reconcile").with("seen", done.seen).into()),
            }),
            None => Ok(()),
        };
        // What failed of it is due again at the next sweep.
        let rest = self.enqueue(self.housekeeping.sweep_until(None, deadline).await.1).await;
        let mut first = Ok(());
        for part in [key, heads, people, rest] {
            if let Err(error) = &part {
                tracing::error!(error = error as &dyn std::error::Error, "a part of a regular run failed");
                first = first.and(part);
            }
        }
        first
    }

    /// Does a job, and enqueues what there was no time for. Where that fails the whole job comes again, which is no loss.
    async fn work(&self, job: &Job, deadline: Deadline) -> AppResult<()> {
        let rest = match job {
            Job::Sweep => return self.sweep(deadline).await,
            Job::SweepFrom { place } => self.housekeeping.sweep_until(Some(place), deadline).await.1,
            Job::RemoveExport { user_id, export_id } => {
                self.housekeeping.remove_export(user_id, *export_id).await?;
                None
            }
            Job::PackageDeleted { package_id } => self.housekeeping.package_deleted_until(*package_id, deadline).await?,
            // A job of another worker, or of none, lies among the dead letters, where people see it.
            Job::Audit { .. } | Job::Index { .. } | Job::Reindex | Job::Export { .. } | Job::Import { .. } | Job::Untold { .. } => {
                return Err(PortError::new(PortErrorKind::Unsupported, "housekeeping.work").with("kind", job.kind().name()).into());
            }
        };
        self.enqueue(rest).await
    }

    async fn enqueue(&self, rest: Option<Job>) -> AppResult<()> {
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
                tracing::warn!(error = &error as &dyn std::error::Error, entry = id, "a job is to be tried again");
                outcome.failed.push(id);
            }
        }
        outcome
    }
}
