//! Writes the manifests of exports.
//!
//! Doing it twice has the effect of doing it once: each run takes a new attempt, and only the last one's checkpoints and
//! results count (see [`ExportRecord`]). A run stops in time before its home ends it, and the next one goes on where it
//! was; so it does after a run that died, from its last checkpoint. What was signed ages meanwhile: once less than half of
//! its life is left, everything is begun anew, once.
//!
//! However many datasets there are, memory holds 64 MiB of entries at most; what is more lies in the store until its
//! manifest is put together, which may have 4 GiB: some two million signed URLs.

mod ahead;
mod document;
mod entries;
mod files;
mod folders;
mod lines;
mod progress;
mod run;

pub(crate) use files::{remove_files, remove_listed};

use std::sync::Arc;

use domain::{
    Deadline, ExportId, PortError, Timestamp,
    cart::{Export, ExportState},
    id::UserId,
    job::Job,
    ports::{ObjectVersion, Objects},
};

use self::run::{Run, Whole};
use crate::{
    core::Core,
    error::{AppError, AppResult, ErrorKind},
    exports::{PathFilter, exporter},
    store::ExportRecord,
};

/// The worker that writes manifests.
#[derive(Clone)]
pub struct Manifests {
    core: Core,
    objects: Arc<dyn Objects>,
    bucket: String,
    links: String,
}

/// Why a run ended without manifests.
enum Stop {
    /// It may work a little later.
    Later(AppError),
    /// It will not; the sentence is for the exporter.
    ForGood(String),
    /// The home is about to end the run. How far it came is kept.
    Cut,
    /// Another run is at it, or the export was taken back.
    Overtaken,
}

impl Stop {
    fn too_slow() -> Self {
        let advice = "Narrow the paths, or ask for URLs that live longer, or for grant links.";
        Self::ForGood(format!("Writing it took so long that its URLs would soon have ended. {advice}"))
    }
}

impl From<AppError> for Stop {
    fn from(error: AppError) -> Self {
        if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::TooMany) {
            return Self::Later(error);
        }
        tracing::error!(error = &error as &dyn std::error::Error, "an export can't be written");
        Self::ForGood("Something went wrong inside the data lake. It is logged.".to_owned())
    }
}

impl From<PortError> for Stop {
    fn from(error: PortError) -> Self {
        AppError::from(error).into()
    }
}

impl Manifests {
    /// Over the core, the data bucket, and the address that grant links begin with (the API's own, with no `/` behind).
    pub fn new(core: Core, objects: Arc<dyn Objects>, bucket: impl Into<String>, links: impl Into<String>) -> Self {
        Self { core, objects, bucket: bucket.into(), links: links.into() }
    }

    /// Writes the manifests of a running export and makes it ready, or failed where another try can't help.
    ///
    /// # Errors
    /// What another try may help: the job is to come again.
    pub async fn generate(&self, user_id: &UserId, id: ExportId) -> AppResult<()> {
        self.generate_until(user_id, id, Deadline::NONE).await.map(drop)
    }

    /// The same as far as there is time before `deadline`. The job that goes on with it is answered, and to be enqueued.
    ///
    /// # Errors
    /// What another try may help: the job is to come again.
    pub async fn generate_until(&self, user_id: &UserId, id: ExportId, deadline: Deadline) -> AppResult<Option<Job>> {
        let Some(record) = self.core.store.export(user_id, id).await? else { return Ok(None) };
        match record.export.state {
            ExportState::Running => {}
            // An earlier run stopped between its last two steps.
            ExportState::Ready => return self.clear_cart(&record.export).await.map(|()| None),
            ExportState::Failed | ExportState::Revoked => return Ok(None),
        }
        let record = self.begin_attempt(&record).await?;
        match self.write(&record, deadline).await {
            Ok(written) => self.finish(&record, written).await.map(|()| None),
            Err(Stop::ForGood(reason)) => self.fail(&record, reason).await.map(|()| None),
            Err(Stop::Later(error)) => Err(error),
            Err(Stop::Cut) => Ok(Some(Job::Export { user_id: user_id.clone(), export_id: id })),
            Err(Stop::Overtaken) => self.make_way(&record.export).await.map(|()| None),
        }
    }

    async fn begin_attempt(&self, record: &ExportRecord) -> AppResult<ExportRecord> {
        let begun = self.core.store.begin_attempt(record).await?.ok_or_else(AppError::busy)?;
        if record.checkpoint.is_none() {
            return Ok(begun);
        }
        // The run before may have come further between the two steps; from now on it can't.
        let now = self.core.store.export(&record.export.user_id, record.export.id).await?;
        now.filter(|now| now.attempt == begun.attempt).ok_or_else(AppError::busy)
    }

    async fn write(&self, record: &ExportRecord, deadline: Deadline) -> Result<Whole, Stop> {
        let export = &record.export;
        // The person as of now, not as of checkout: rights may have gone since.
        let exporter = exporter(&self.core.store, &export.user_id).await?;
        let exporter =
            exporter.ok_or_else(|| Stop::ForGood("The account that asked for it may not use the data lake any more.".to_owned()))?;
        let paths = PathFilter::new(&export.paths).map_err(|_| Stop::ForGood("Its path globs can't be read.".to_owned()))?;
        let links = match &export.token_ciphertext {
            Some(sealed) => Some(self.core.open_grant_token(&export.user_id, export.id, sealed).await?.links(&self.links)),
            None => None,
        };
        Run::of(self, record, exporter, paths, links, deadline).await?.write().await
    }

    async fn finish(&self, record: &ExportRecord, Whole { written, entry_rows, parts }: Whole) -> AppResult<()> {
        let mut export = record.export.clone();
        export.state = ExportState::Ready;
        export.expires_at = Some(written.expires_at);
        export.expected = written.expected;
        export.written = written.written;
        export.skipped = written.skipped;
        export.skipped_count = written.skipped_count;
        export.updated_at = self.core.now();
        let ready = ExportRecord { export, entry_rows, ..ExportRecord::unwritten(record.export.clone(), record.attempt) };
        if self.core.store.finish_at_once(record, &ready, &written.files).await? {
            self.drop_parts(parts).await;
            return Ok(());
        }
        self.core.store.put_manifests(record, &written.files).await?;
        if !self.core.store.replace_export(record, &ready, None).await? {
            return self.make_way(&ready.export).await;
        }
        self.drop_parts(parts).await;
        self.clear_cart(&ready.export).await
    }

    /// Another run is at it, or the export was taken back while this one wrote: then nothing of it may stay.
    async fn make_way(&self, export: &Export) -> AppResult<()> {
        match self.core.store.export(&export.user_id, export.id).await? {
            Some(now) if now.export.state != ExportState::Revoked => Ok(()),
            _ => Ok(remove_files(&self.core.store, &*self.objects, &self.bucket, &export.user_id, export.id).await?),
        }
    }

    /// Removes what was kept for a while. What stays goes with the export.
    async fn drop_parts(&self, parts: Vec<ObjectVersion>) {
        if parts.is_empty() {
            return;
        }
        if let Err(error) = self.objects.delete_many(&parts).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "parts of an export stay until it ends");
        }
    }

    async fn fail(&self, record: &ExportRecord, reason: String) -> AppResult<()> {
        let updated_at: Timestamp = self.core.now();
        let export = Export { state: ExportState::Failed, failure: Some(reason), updated_at, ..record.export.clone() };
        Ok(self.core.store.replace_export(record, &record.with(export), None).await.map(drop)?)
    }

    /// The cart keeps its items until the export is there.
    async fn clear_cart(&self, export: &Export) -> AppResult<()> {
        self.core.store.remove_cart_items(&export.user_id, &export.packages, None).await?;
        Ok(())
    }
}
