//! The checked-in list of what is asked.

use app::search::QueryPackages;
use serde::Deserialize;

/// Everything that is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Queries.
    pub queries: Vec<Asked>,
    /// Beginnings of words.
    pub suggestions: Vec<Begun>,
    /// Who asks for the dashboard's counts.
    pub statistics: Vec<String>,
}

/// One query.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// As it is typed.
    pub query: String,
    /// `field=value`.
    #[serde(default)]
    pub filters: Vec<String>,
    /// The order; absent for the usual one.
    pub sort: Option<String>,
    /// Who asks.
    #[serde(rename = "as", default = "everybody")]
    pub caller: String,
    /// Hits of a page.
    #[serde(default = "fifty")]
    pub limit: u32,
    /// How many packages it finds: that both find nothing proves little.
    pub total: u64,
}

/// The beginning of a word.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begun {
    /// As it is typed.
    pub text: String,
    /// Who asks.
    #[serde(rename = "as", default = "everybody")]
    pub caller: String,
    /// The first suggestion, if there is one.
    pub first: Option<String>,
}

impl Asked {
    /// As the use case takes it.
    #[must_use]
    pub fn asked(&self) -> QueryPackages {
        QueryPackages { query: self.query.clone(), filters: self.filters.clone(), sort: self.sort.clone() }
    }

    /// Whether hits come best first.
    #[must_use]
    pub fn by_relevance(&self) -> bool {
        match self.sort.as_deref() {
            None => !self.query.trim().is_empty(),
            Some(sort) => sort == "relevance",
        }
    }
}

fn everybody() -> String {
    "root".to_owned()
}

fn fifty() -> u32 {
    50
}

/// The list.
///
/// # Panics
/// If it can't be read.
#[must_use]
pub fn list() -> List {
    serde_json::from_str(include_str!("../queries.json")).expect("queries.json is what this module says")
}
