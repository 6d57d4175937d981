//! Reads the manifests of imports, and makes datasets of what they name.
//!
//! Datasets, counts and the place in the manifest move in one transaction, so a run that dies loses nothing and the next one
//! does nothing twice; ids are derived from import and line besides. A run stops in time before its home ends it, and the
//! next one goes on where it was. Memory holds a window of the manifest and the entries of one transaction.

mod batch;
mod lookup;
mod pace;
mod run;

use std::sync::Arc;

use domain::{
    Deadline, ImportId, PackageId, PortError,
    access::{Action, Resource, decide},
    import::{Import, ImportState},
    job::Job,
    ports::Objects,
};

use self::run::Run;
use crate::{
    core::Core,
    error::{AppError, AppResult, ErrorKind},
    exports::exporter,
    store::ImportRecord,
};

/// So many write units a second an import uses of the thousand that a partition of `DynamoDB` takes: the rest is for people
/// who upload into the same package meanwhile.
pub const CLOUD_UNITS_PER_SECOND: u32 = 800;

/// The worker that reads import manifests.
#[derive(Clone)]
pub struct Importing {
    core: Core,
    objects: Arc<dyn Objects>,
    bucket: String,
    units_per_second: Option<u32>,
}

/// Why a run ended before its manifest did.
enum Stop {
    /// It may work a little later.
    Later(AppError),
    /// It will not; the sentence is for people.
    ForGood(String),
    /// The home is about to end the run. How far it came is kept.
    Cut,
    /// Another run is at it.
    Overtaken,
}

impl From<AppError> for Stop {
    fn from(error: AppError) -> Self {
        if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::TooMany) {
            return Self::Later(error);
        }
        tracing::error!(error = &error as &dyn std::error::Error, "an import can't go on");
        Self::ForGood("Something went wrong inside the data lake. It is logged.".to_owned())
    }
}

impl From<PortError> for Stop {
    fn from(error: PortError) -> Self {
        AppError::from(error).into()
    }
}

impl Importing {
    /// Over the core and the data bucket, which nothing is imported from; writing at most so many units a second into a
    /// package, where its store has a limit.
    pub fn new(core: Core, objects: Arc<dyn Objects>, bucket: impl Into<String>, units_per_second: Option<u32>) -> Self {
        Self { core, objects, bucket: bucket.into(), units_per_second }
    }

    /// Reads a running import's manifest to its end.
    ///
    /// # Errors
    /// What another try may help: the job is to come again.
    pub async fn import(&self, package_id: PackageId, id: ImportId) -> AppResult<()> {
        self.import_until(package_id, id, Deadline::NONE).await.map(drop)
    }

    /// The same as far as there is time before `deadline`. The job that goes on with it is answered, and to be enqueued.
    ///
    /// # Errors
    /// What another try may help: the job is to come again.
    pub async fn import_until(&self, package_id: PackageId, id: ImportId, deadline: Deadline) -> AppResult<Option<Job>> {
        let Some(found) = self.core.store.import(package_id, id).await? else { return Ok(None) };
        if found.import.state != ImportState::Running {
            return Ok(None);
        }
        let record = self.begin_attempt(&found).await?;
        match self.run(record, deadline).await {
            Ok(()) | Err(Stop::Overtaken) => Ok(None),
            Err(Stop::Cut) => Ok(Some(Job::Import { package_id, import_id: id })),
            Err(Stop::Later(error)) => Err(error),
            Err(Stop::ForGood(reason)) => self.fail(package_id, id, reason).await.map(|()| None),
        }
    }

    /// From now on nobody else writes, and what was written before is known.
    async fn begin_attempt(&self, found: &ImportRecord) -> AppResult<ImportRecord> {
        if !self.core.store.begin_import(found).await? {
            return Err(AppError::busy());
        }
        let now = self.core.store.import(found.import.package_id, found.import.id).await?;
        now.filter(|now| now.attempt == found.attempt + 1).ok_or_else(AppError::busy)
    }

    async fn run(&self, record: ImportRecord, deadline: Deadline) -> Result<(), Stop> {
        let import = &record.import;
        // The person as of now, not as of the request: rights may have gone since.
        let importer = exporter(&self.core.store, &import.created_by).await?;
        let importer =
            importer.ok_or_else(|| Stop::ForGood("The account that asked for it may not use the data lake any more.".to_owned()))?;
        let gone = || Stop::ForGood("The package is gone, or belongs to somebody else.".to_owned());
        let package = self.core.store.package(import.package_id).await?.ok_or_else(gone)?;
        decide(&importer, Action::ImportStart, Resource::Package((&package).into())).map_err(|_| gone())?;
        let locations = self.core.store.locations().await?;
        Run::new(self, record, package, locations, deadline).read().await
    }

    /// Whatever was read before stays counted, and its datasets stay.
    async fn fail(&self, package_id: PackageId, id: ImportId, reason: String) -> AppResult<()> {
        let Some(record) = self.core.store.import(package_id, id).await? else { return Ok(()) };
        let import = Import { state: ImportState::Failed, failure: Some(reason), updated_at: self.core.now(), ..record.import.clone() };
        if record.import.state == ImportState::Running {
            self.core.store.replace_import(&record, &ImportRecord { import, ..record.clone() }).await?;
        }
        Ok(())
    }
}
