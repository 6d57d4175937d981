//! `GET /packages/{id}/datapackage.json`: the package as a Frictionless Data Package (v2).
//!
//! Source of the property names: the Data Package standard, version 2.0, datapackage.org.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use domain::{
    PackageId,
    access::Action,
    ports::{ObjectAddress, ObjectVersion, PutOptions, SignedRequest},
};
use futures::StreamExt as _;
use serde_json::{Map, Value, json};

use super::Packages;
use crate::{core::Caller, error::AppResult, paging::internal};

/// Above this size the descriptor is handed over through the object store.
const ANSWER_LIMIT: usize = 3 * 1024 * 1024;
/// A link to a large descriptor lives so long.
const LINK_LIFE: Duration = Duration::from_secs(900);

/// A descriptor, or where it is.
pub enum Descriptor {
    /// The document.
    Document(Value),
    /// A URL of the document.
    Link(SignedRequest),
}

impl Packages {
    /// The package as a Data Package descriptor, whole: every current dataset is in it.
    ///
    /// # Errors
    /// 404 for what is absent, deleted or hidden.
    pub async fn descriptor(&self, caller: &Caller, id: PackageId) -> AppResult<Descriptor> {
        let package = self.core.authorised_package(caller, Action::PackageRead, id).await?;
        let tags = self.tags_of(&package).await?;
        let mut resources = Vec::new();
        let mut after = None;
        loop {
            let (datasets, next) = self.core.store.datasets_by_path(id, "", 1000, after).await?;
            resources.extend(datasets.iter().map(resource));
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let mut document = Map::new();
        document.insert("$schema".to_owned(), "https://datapackage.org/profiles/2.0/datapackage.json".into());
        document.insert("name".to_owned(), slug(package.name.as_str(), id).into());
        document.insert("id".to_owned(), id.to_string().into());
        document.insert("title".to_owned(), package.name.as_str().into());
        if !package.description.as_str().is_empty() {
            document.insert("description".to_owned(), package.description.as_str().into());
        }
        document.insert("version".to_owned(), package.revision.to_string().into());
        document.insert("created".to_owned(), package.created_at.to_string().into());
        let keywords: Vec<Value> =
            tags.get("keywords").into_iter().flat_map(|text| text.split(',')).map(|word| word.trim().into()).collect();
        if !keywords.is_empty() {
            document.insert("keywords".to_owned(), keywords.into());
        }
        if let Some(licence) = tags.get("license").or_else(|| tags.get("licence")) {
            document.insert("licenses".to_owned(), json!([{ "name": licence }]));
        }
        document.insert("tags".to_owned(), json!(tags));
        // The standard asks for at least one resource; a package may still be empty.
        document.insert("resources".to_owned(), resources.into());
        self.hand_over(caller, id, package.revision, Value::Object(document)).await
    }

    async fn hand_over(&self, caller: &Caller, id: PackageId, revision: u64, document: Value) -> AppResult<Descriptor> {
        let text = serde_json::to_vec(&document).map_err(internal)?;
        if text.len() <= ANSWER_LIMIT {
            return Ok(Descriptor::Document(document));
        }
        let key = format!("exports/{}/descriptors/{id}-{revision}.json", caller.principal.user_id);
        let address = ObjectAddress { bucket: self.bucket.clone(), key };
        let options = PutOptions {
            size: text.len() as u64,
            content_type: "application/json".to_owned(),
            sha256: hex::encode(digest(&SHA256, &text)),
            only_if_absent: false,
        };
        let stored = self.objects.put(&address, &options, futures::stream::once(async { Ok(Bytes::from(text)) }).boxed()).await?;
        let link = self.objects.sign_get(&ObjectVersion { address, version: stored.version }, "datapackage.json", LINK_LIFE).await?;
        Ok(Descriptor::Link(link))
    }
}

fn resource(dataset: &crate::store::DatasetSummary) -> Value {
    let mut resource = Map::new();
    resource.insert("name".to_owned(), slug(dataset.path.as_str(), dataset.id).into());
    resource.insert("path".to_owned(), dataset.path.as_str().into());
    if let Some(format) = dataset.path.format() {
        resource.insert("format".to_owned(), format.into());
    }
    resource.insert("mediatype".to_owned(), dataset.content_type.clone().into());
    resource.insert("bytes".to_owned(), dataset.size.into());
    if let Some(sha256) = &dataset.sha256 {
        resource.insert("hash".to_owned(), format!("sha256:{sha256}").into());
    }
    Value::Object(resource)
}

/// A name as the standard's first version asked for (`[a-z0-9._/-]`), unique by the id at its end.
fn slug(text: &str, id: impl std::fmt::Display) -> String {
    let mut slug = String::new();
    for c in text.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let id = id.to_string().to_lowercase();
    let tail = &id[id.len().saturating_sub(8)..];
    format!("{}-{tail}", slug.trim_end_matches('-')).trim_start_matches('-').to_owned()
}
