//! Tags of packages, in versions.

mod versions;

pub use versions::VersionChange;

use std::collections::BTreeMap;

use domain::{
    PackageId, PortErrorKind,
    access::Action,
    governance,
    metadata::{MetadataVersion, Tags},
};

use crate::{
    core::{Caller, Core},
    error::{AppError, AppResult},
    store::PackageChange,
};

/// Use cases about tags.
#[derive(Clone)]
pub struct Metadata {
    core: Core,
}

/// What is to become of the tags.
#[derive(Clone, Debug)]
pub enum TagsEdit {
    /// These in place of all.
    Replace(Vec<(String, String)>),
    /// These besides the others; `None` takes one away.
    Merge(BTreeMap<String, Option<String>>),
}

/// So often a merge is tried again when another change came between.
const ATTEMPTS: u32 = 12;

impl Metadata {
    /// Over the core.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// The current tags.
    ///
    /// # Errors
    /// 404 for what is absent, deleted or hidden.
    pub async fn read(&self, caller: &Caller, id: PackageId) -> AppResult<MetadataVersion> {
        let package = self.core.authorised_package(caller, Action::MetadataRead, id).await?;
        self.current(id, package.metadata_version).await
    }

    /// One version.
    ///
    /// # Errors
    /// 404 for an absent version, and for what is absent, deleted or hidden.
    pub async fn version(&self, caller: &Caller, id: PackageId, version: u64) -> AppResult<MetadataVersion> {
        let package = self.core.authorised_package(caller, Action::MetadataRead, id).await?;
        if version > package.metadata_version {
            return Err(AppError::not_found("version"));
        }
        self.core.store.metadata(id, version).await?.ok_or_else(|| AppError::not_found("version"))
    }

    /// Writes a new version.
    ///
    /// # Errors
    /// 412 if `if_match` is not the current version; 422 for what breaks a rule.
    pub async fn write(&self, caller: &Caller, id: PackageId, edit: &TagsEdit, if_match: Option<u64>) -> AppResult<MetadataVersion> {
        for attempt in 0..ATTEMPTS {
            let package = self.core.authorised_package(caller, Action::MetadataWrite, id).await?;
            if if_match.is_some_and(|version| version != package.metadata_version) {
                return Err(AppError::stale());
            }
            let current = self.current(id, package.metadata_version).await?;
            let tags = edited(&current.tags, edit)?;
            governance::check(&self.core.configured().await?.rules, &tags, "/tags").map_err(AppError::invalid)?;
            if tags == current.tags {
                return Ok(current);
            }

            let now = self.core.now();
            let new = MetadataVersion { version: current.version + 1, tags, created_by: caller.principal.user_id.clone(), created_at: now };
            let change = PackageChange::at(now)
                .stamped(&self.core.stamp(caller, Action::MetadataWrite, &["tags"]))
                .from_revision(package.revision)
                .tags(new.version, &new.tags);
            let writes = vec![change.into_write(id), self.core.store.put_metadata(id, &new)?];
            match self.core.store.tables.transact(writes).await {
                Ok(()) => return Ok(new),
                Err(error) if error.is(PortErrorKind::PreconditionFailed) => self.core.pause(attempt).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::busy())
    }

    async fn current(&self, id: PackageId, version: u64) -> AppResult<MetadataVersion> {
        self.core.store.metadata(id, version).await?.ok_or_else(|| AppError::not_found("package"))
    }
}

fn edited(current: &Tags, edit: &TagsEdit) -> AppResult<Tags> {
    let entered: Vec<(String, String)> = match edit {
        TagsEdit::Replace(tags) => tags.clone(),
        TagsEdit::Merge(changes) => {
            let mut tags = current.to_map();
            for (name, value) in changes {
                match value {
                    Some(value) => tags.insert(name.clone(), value.clone()),
                    None => tags.remove(name),
                };
            }
            tags.into_iter().collect()
        }
    };
    Tags::parse(entered, "/tags").map_err(AppError::invalid)
}
