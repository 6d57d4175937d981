//! `/packages/{id}/metadata`.

use contract::metadata::{MergeMetadata, Metadata, MetadataVersion, MetadataVersionList, ReplaceMetadata};
use futures::Stream;
use http::Method;

use crate::{
    call::Call,
    client::Client,
    error::Result,
    paging::{Page, entries, pages},
};

impl Client {
    /// The current tags.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn metadata(&self, package: &str) -> Result<Metadata> {
        self.json(Call::get("read the metadata", &["packages", package, "metadata"])).await
    }

    /// Replaces version `if_match` of the tags.
    ///
    /// # Errors
    /// 412 when somebody else changed them meanwhile, 422 for tags against the rules.
    pub async fn replace_metadata(&self, package: &str, tags: &ReplaceMetadata, if_match: u64) -> Result<Metadata> {
        self.json(Call::new(Method::PUT, "replace the metadata", &["packages", package, "metadata"]).json(tags).if_match(Some(if_match)))
            .await
    }

    /// Adds and takes away single tags.
    ///
    /// # Errors
    /// 412 when `if_match` is given and stale, 422 for tags against the rules.
    pub async fn merge_metadata(&self, package: &str, tags: &MergeMetadata, if_match: Option<u64>) -> Result<Metadata> {
        self.json(Call::new(Method::PATCH, "change the metadata", &["packages", package, "metadata"]).json(tags).if_match(if_match)).await
    }

    /// A page of versions, newest first.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn list_metadata_versions(&self, package: &str, page: &Page) -> Result<MetadataVersionList> {
        let call = Call::get("list versions of the metadata", &["packages", package, "metadata", "versions"]);
        self.json(call.query("limit", page.limit).query("cursor", page.cursor.as_deref())).await
    }

    /// All versions with what changed in each, newest first.
    pub fn metadata_versions<'a>(&'a self, package: &'a str) -> impl Stream<Item = Result<MetadataVersion>> + Send + 'a {
        entries(pages(None, move |cursor| async move { self.list_metadata_versions(package, &Page::largest().at(cursor)).await }))
    }

    /// One version.
    ///
    /// # Errors
    /// 404 for one that never was.
    pub async fn metadata_version(&self, package: &str, version: u64) -> Result<Metadata> {
        self.json(Call::get("read a version of the metadata", &["packages", package, "metadata", "versions", &version.to_string()])).await
    }
}
