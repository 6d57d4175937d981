//! Imports: existing objects become datasets where they are, by a manifest that names them; and the locations that they may
//! be imported from.

pub(crate) mod exclude;
mod failures;
mod locations;
pub(crate) mod manifest;
mod read;
mod start;

pub use locations::{Locations, NewLocation};
pub use start::NewImport;

use std::sync::Arc;

use domain::{ImportId, PackageId, ports::Objects};

use crate::{
    core::Core,
    error::{AppError, AppResult},
    store::ImportRecord,
};

/// Use cases about imports.
#[derive(Clone)]
pub struct Imports {
    core: Core,
    objects: Arc<dyn Objects>,
    bucket: String,
}

impl Imports {
    /// Over the core and the data bucket.
    pub fn new(core: Core, objects: Arc<dyn Objects>, bucket: impl Into<String>) -> Self {
        Self { core, objects, bucket: bucket.into() }
    }

    async fn record(&self, package_id: PackageId, id: ImportId) -> AppResult<ImportRecord> {
        self.core.store.import(package_id, id).await?.ok_or_else(|| AppError::not_found("import"))
    }
}
