//! Where a page of hits ends and the next one begins.

use serde::{Deserialize, Serialize};

use super::{Hit, Sort};
use crate::{id::PackageId, time::Timestamp};

/// A hit's place in an order. Whatever is written meanwhile, what is behind it stays behind it; only that a score is
/// comparable needs the index to be as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// What is sorted by.
    pub key: PlaceKey,
    /// Decides between equals.
    pub id: PackageId,
}

/// What an order sorts by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKey {
    /// By relevance: the score.
    Score(f32),
    /// By time of creation or change.
    Time(Timestamp),
    /// By size: bytes.
    Bytes(u64),
    /// By name: [`super::SearchDocument::name_key`].
    Name(String),
}

impl Hit {
    /// Its place in an order.
    #[must_use]
    pub fn place(&self, sort: Sort) -> Place {
        let document = &self.document;
        let key = match sort {
            Sort::Relevance => PlaceKey::Score(self.score),
            Sort::Changed => PlaceKey::Time(document.updated_at),
            Sort::Created => PlaceKey::Time(document.created_at),
            Sort::Bytes => PlaceKey::Bytes(document.bytes),
            Sort::Name => PlaceKey::Name(document.name_key()),
        };
        Place { key, id: document.package_id }
    }
}
