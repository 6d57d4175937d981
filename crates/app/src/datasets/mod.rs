//! Datasets: register, send, complete, list, download, remove, restore.

pub(crate) mod below;
mod complete;
mod download;
mod expand;
mod list;
mod object_access;
mod parts;
mod register;
mod remove;
mod restore;

pub use below::Member;
pub use complete::Completion;
pub use list::Found;
pub use register::{NewDataset, Registration, UploadPlan};

use std::sync::Arc;

use domain::{
    DatasetId, PackageId,
    dataset::Dataset,
    ports::{Multipart, Objects},
};

use crate::{
    core::Core,
    error::{AppError, AppResult},
};

/// Use cases about datasets.
#[derive(Clone)]
pub struct Datasets {
    core: Core,
    objects: Arc<dyn Objects>,
    multipart: Arc<dyn Multipart>,
    bucket: String,
}

impl Datasets {
    /// Over the core and the data bucket.
    pub fn new(core: Core, objects: Arc<dyn Objects>, multipart: Arc<dyn Multipart>, bucket: impl Into<String>) -> Self {
        Self { core, objects, multipart, bucket: bucket.into() }
    }

    async fn dataset(&self, package_id: PackageId, id: DatasetId) -> AppResult<Dataset> {
        let mut found = self.core.store.datasets(package_id, &[id]).await?;
        found.pop().flatten().ok_or_else(|| AppError::not_found("dataset"))
    }
}
