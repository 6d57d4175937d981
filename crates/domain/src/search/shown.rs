//! What an index keeps of a document to be shown with a hit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{SearchDocument, TermField};
use crate::{id::PackageId, time::Timestamp};

/// The shown part of a document, as indexes store it. Made from a document and turned back into one, without what is
/// only looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownDocument {
    package_id: PackageId,
    sequence: u64,
    name: String,
    description: String,
    tags: BTreeMap<String, String>,
    owner: String,
    visibility: String,
    access: Vec<String>,
    groups: Vec<String>,
    formats: BTreeMap<String, u64>,
    datasets: u64,
    bytes: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    truncated: bool,
}

impl From<&SearchDocument> for ShownDocument {
    fn from(document: &SearchDocument) -> Self {
        let terms = |field| document.terms.get(&field).cloned().unwrap_or_default();
        Self {
            package_id: document.package_id,
            sequence: document.sequence,
            name: document.name.clone(),
            description: document.description.clone(),
            tags: document.tags.clone(),
            owner: document.owner.clone(),
            visibility: document.visibility.clone(),
            access: terms(TermField::Access),
            groups: terms(TermField::Group),
            formats: document.formats.clone(),
            datasets: document.datasets,
            bytes: document.bytes,
            created_at: document.created_at,
            updated_at: document.updated_at,
            truncated: document.truncated,
        }
    }
}

impl From<ShownDocument> for SearchDocument {
    fn from(stored: ShownDocument) -> Self {
        let terms = BTreeMap::from([(TermField::Access, stored.access), (TermField::Group, stored.groups)]);
        Self {
            package_id: stored.package_id,
            sequence: stored.sequence,
            name: stored.name,
            description: stored.description,
            tags: stored.tags,
            owner: stored.owner,
            visibility: stored.visibility,
            text: BTreeMap::new(),
            spelled: BTreeMap::new(),
            terms,
            numbers: BTreeMap::new(),
            words: Vec::new(),
            formats: stored.formats,
            datasets: stored.datasets,
            bytes: stored.bytes,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            truncated: stored.truncated,
        }
    }
}
