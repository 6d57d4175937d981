//! What searches answer.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A page of hits with counts.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) hits: Hits,
    #[serde(default)]
    pub(super) aggregations: BTreeMap<String, Aggregation>,
    #[serde(default)]
    pub(super) timed_out: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Hits {
    pub(super) total: Option<Total>,
    pub(super) hits: Vec<HitAnswer>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Total {
    pub(super) value: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct HitAnswer {
    #[serde(rename = "_id")]
    pub(super) id: String,
    #[serde(rename = "_score")]
    pub(super) score: Option<f32>,
    #[serde(rename = "_source", default)]
    pub(super) source: Source,
}

/// What is kept of a document.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Source {
    #[serde(default)]
    pub(super) shown: String,
    #[serde(default)]
    pub(super) sequence: u64,
}

/// Counts or a sum.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Aggregation {
    #[serde(default)]
    pub(super) buckets: Vec<BucketAnswer>,
    #[serde(default)]
    pub(super) sum_other_doc_count: u64,
    #[serde(default)]
    pub(super) doc_count: u64,
    #[serde(default)]
    pub(super) value: Option<f64>,
    pub(super) after_key: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct BucketAnswer {
    /// A text, or for pages of buckets an object with one.
    pub(super) key: Value,
    pub(super) doc_count: u64,
}

impl Page {
    pub(super) fn total(&self) -> u64 {
        self.hits.total.as_ref().map_or(0, |total| total.value)
    }

    /// Counts by value.
    pub(super) fn counts(&self, name: &str) -> impl Iterator<Item = (&str, u64)> {
        let buckets = self.aggregations.get(name).map(|found| found.buckets.as_slice()).unwrap_or_default();
        buckets.iter().filter_map(|bucket| Some((bucket.key.as_str()?, bucket.doc_count)))
    }

    /// A sum of whole numbers, exact below 2^53.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sums of whole numbers that are not negative")]
    pub(super) fn sum(&self, name: &str) -> u64 {
        self.aggregations.get(name).and_then(|found| found.value).unwrap_or(0.0) as u64
    }
}
