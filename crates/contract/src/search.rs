//! Search.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page of hits, all of it computed under what the caller may see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchResults {
    /// The hits.
    pub items: Vec<SearchHit>,
    /// How many there are in all, exactly.
    pub total: u64,
    /// Counts by which to narrow the search.
    pub facets: Vec<Facet>,
    /// Asks for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A found package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchHit {
    /// `pkg_…`.
    pub id: String,
    /// The name.
    pub name: String,
    /// The description.
    pub description: String,
    /// The owner's user id.
    pub owner: String,
    /// `private`, `groups` or `everyone`.
    pub visibility: String,
    /// Tags by name.
    pub metadata: BTreeMap<String, String>,
    /// Number of current datasets.
    pub datasets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Number of current datasets by format.
    pub formats: BTreeMap<String, u64>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// Higher is better; comparable only within one answer.
    pub score: f32,
    /// Why it was found: fragments by field (`name`, `description`, `tag:…`).
    pub highlights: BTreeMap<String, Vec<Vec<HighlightPiece>>>,
    /// What the caller may do with it.
    pub actions: Vec<String>,
}

/// A piece of a fragment's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HighlightPiece {
    /// The text, as it is: never markup.
    pub text: String,
    /// Whether the query matched it.
    pub hit: bool,
}

/// Counts of one field's values over all hits: the 20 most frequent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Facet {
    /// The field, as `filter=field=value` takes it.
    pub field: String,
    /// The values.
    pub buckets: Vec<FacetBucket>,
    /// Sum of the counts of all other values.
    pub other: u64,
}

/// One value of a facet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FacetBucket {
    /// The value.
    pub value: String,
    /// In how many hits.
    pub count: u64,
}

/// Completions of the last word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Suggestions {
    /// Words of visible packages, most frequent first.
    pub items: Vec<String>,
}

/// Counts for a dashboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Statistics {
    /// Packages the caller owns.
    pub owned: u64,
    /// Packages the caller sees.
    pub visible: u64,
    /// Datasets in visible packages.
    pub datasets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Visible packages made, by month (`2026-01`).
    pub growth: BTreeMap<String, u64>,
    /// Datasets in visible packages by format.
    pub formats: BTreeMap<String, u64>,
}

/// A rebuild of the search index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reindex {
    /// `running`, `done` or `failed`.
    pub state: String,
    /// Packages that were looked at.
    pub done: u64,
    /// Of so many; absent while they are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Packages that could not be written; each is tried again on its own.
    pub failed: u64,
    /// What keeps it from going on, or why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Who asked for it; absent if the data lake did, which had lost its index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<String>,
    /// When it was asked for.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// When it last came further.
    #[schema(format = DateTime)]
    pub updated_at: String,
}
