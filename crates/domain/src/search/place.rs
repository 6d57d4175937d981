//! Where a page of hits ends and the next one begins.

use serde::{Deserialize, Serialize};

use super::{Hit, SearchRequest, Sort};
use crate::{id::PackageId, time::Timestamp};

/// Where in the order of hits a page begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// By relevance: behind so many hits, at most 10,000 with the page. Every write moves every score, often all alike: what
    /// that leaves as it is, is the number.
    Number(usize),
    /// By anything else: behind a hit. Whatever is written meanwhile, what is behind it stays behind it.
    Hit {
        /// What is sorted by.
        key: PlaceKey,
        /// Decides between equals.
        id: PackageId,
    },
}

/// What an order sorts by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKey {
    /// The time of creation or change.
    Time(Timestamp),
    /// The size: bytes.
    Bytes(u64),
    /// The name: [`super::SearchDocument::name_key`].
    Name(String),
}

impl SearchRequest {
    /// Hits that stand before the page and are found with it: none where a page begins behind a hit.
    #[must_use]
    pub fn skipped(&self) -> usize {
        match self.after {
            Some(Place::Number(number)) => number,
            Some(Place::Hit { .. }) | None => 0,
        }
    }

    /// The place behind the last of these hits of its page.
    #[must_use]
    pub fn place_behind(&self, hits: &[Hit]) -> Option<Place> {
        let document = &hits.last()?.document;
        let key = match self.sort {
            Sort::Relevance => return Some(Place::Number(self.skipped() + hits.len())),
            Sort::Changed => PlaceKey::Time(document.updated_at),
            Sort::Created => PlaceKey::Time(document.created_at),
            Sort::Bytes => PlaceKey::Bytes(document.bytes),
            Sort::Name => PlaceKey::Name(document.name_key()),
        };
        Some(Place::Hit { key, id: document.package_id })
    }
}
