//! Writes the manifests of exports.
//!
//! Doing it twice has the effect of doing it once: keys are the same every time, and each run takes a new attempt, of
//! which only the last one's files and grant entries are ever read (see [`ExportRecord`]). A run that died is begun
//! anew from the start, because what it signed meanwhile has aged.

mod document;
mod entries;
mod files;
mod run;

pub(crate) use files::remove_files;

use std::sync::Arc;

use domain::{
    ExportId, PortError, Timestamp,
    cart::{Export, ExportState},
    id::UserId,
    ports::Objects,
};

use self::run::{Run, Written};
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
        let Some(record) = self.core.store.export(user_id, id).await? else { return Ok(()) };
        match record.export.state {
            ExportState::Running => {}
            // An earlier run stopped between its last two steps.
            ExportState::Ready => return self.clear_cart(&record.export).await,
            ExportState::Failed | ExportState::Revoked => return Ok(()),
        }
        let record = self.core.store.begin_attempt(&record).await?.ok_or_else(AppError::busy)?;
        match self.write(&record).await {
            Ok(written) => self.finish(&record, written).await,
            Err(Stop::ForGood(reason)) => self.fail(&record, reason).await,
            Err(Stop::Later(error)) => Err(error),
        }
    }

    async fn write(&self, record: &ExportRecord) -> Result<Written, Stop> {
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
        let mut run = Run::new(self, record, exporter, paths, links);
        for (_, package_id) in &export.packages {
            run.package(*package_id).await?;
        }
        run.finish().await
    }

    async fn finish(&self, record: &ExportRecord, written: Written) -> AppResult<()> {
        self.core.store.put_manifests(record, &written.files).await?;
        let mut export = record.export.clone();
        export.state = ExportState::Ready;
        export.expires_at = Some(written.expires_at);
        export.expected = written.expected;
        export.written = written.written;
        export.skipped = written.skipped;
        export.skipped_count = written.skipped_count;
        export.updated_at = self.core.now();
        if self.replace(record, export.clone()).await? {
            return self.clear_cart(&export).await;
        }
        // Another run is at it, or the export was taken back while this one wrote: then nothing of it may stay.
        match self.core.store.export(&export.user_id, export.id).await? {
            Some(now) if now.export.state != ExportState::Revoked => Ok(()),
            _ => Ok(remove_files(&self.core.store, &*self.objects, &self.bucket, &export.user_id, export.id).await?),
        }
    }

    async fn fail(&self, record: &ExportRecord, reason: String) -> AppResult<()> {
        let updated_at: Timestamp = self.core.now();
        let export = Export { state: ExportState::Failed, failure: Some(reason), updated_at, ..record.export.clone() };
        self.replace(record, export).await.map(drop)
    }

    async fn replace(&self, record: &ExportRecord, export: Export) -> AppResult<bool> {
        let changed = ExportRecord { export, attempt: record.attempt };
        Ok(self.core.store.replace_export(record, &changed, None).await?)
    }

    /// The cart keeps its items until the export is there.
    async fn clear_cart(&self, export: &Export) -> AppResult<()> {
        self.core.store.remove_cart_items(&export.user_id, &export.packages, None).await?;
        Ok(())
    }
}
