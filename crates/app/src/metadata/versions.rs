//! `GET /packages/{id}/metadata/versions`.

use domain::{
    PackageId,
    access::Action,
    metadata::{MetadataVersion, Tags},
};

use super::Metadata;
use crate::{
    core::Caller,
    error::AppResult,
    paging::{Listed, Paging},
};

/// The tags of a page have at most so many bytes: an answer must hold old and new values, and what escapes make of them.
const PAGE_BYTES: usize = 1024 * 1024;

/// A version, and what was before it.
#[derive(Clone, Debug)]
pub struct VersionChange {
    /// The version.
    pub version: MetadataVersion,
    /// The tags before; none before the first version.
    pub before: Tags,
}

impl Metadata {
    /// Versions with what changed in each, newest first. A page may be short.
    ///
    /// # Errors
    /// 404 for what is absent, deleted or hidden; 400 for a foreign cursor.
    pub async fn versions(&self, caller: &Caller, id: PackageId, paging: &Paging) -> AppResult<Listed<VersionChange>> {
        self.core.authorised_package(caller, Action::MetadataRead, id).await?;
        let query = format!("metadata.versions {id}");
        let before: Option<u64> = self.core.open_cursor(caller, &query, paging).await?;
        let versions = self.core.store.metadata_versions(id, paging.limit, before).await?;
        let (mut items, mut bytes) = (Vec::new(), 0);
        let mut later = versions.into_iter().peekable();
        while let Some(version) = later.next() {
            let before = match later.peek() {
                Some(previous) => previous.tags.clone(),
                None => self.tags_before(id, version.version).await?,
            };
            bytes += size(&version.tags) + size(&before);
            if bytes > PAGE_BYTES && !items.is_empty() {
                break;
            }
            items.push(VersionChange { version, before });
        }
        // The first version is 1, and none is left out: the last one of this page tells whether there are more.
        let next = items.last().map(|last: &VersionChange| last.version.version).filter(|last| *last > 1);
        Ok(Listed { items, next_cursor: self.core.seal_cursor(caller, &query, next.as_ref()).await? })
    }

    async fn tags_before(&self, id: PackageId, version: u64) -> AppResult<Tags> {
        if version <= 1 {
            return Ok(Tags::default());
        }
        Ok(self.core.store.metadata(id, version - 1).await?.map(|previous| previous.tags).unwrap_or_default())
    }
}

fn size(tags: &Tags) -> usize {
    tags.iter().map(|(name, value)| name.len() + value.len()).sum()
}
