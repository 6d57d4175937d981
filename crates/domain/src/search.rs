//! What the search index holds and how it is asked: documents, the query tree, results.
//!
//! Text is analysed once, in `app::search`; an index stores and looks up the tokens it is given, so
//! that both homes answer alike. Token texts are separated by single spaces; between two values of a
//! field (two tags, two file names) stands [`VALUE_BREAK`], so that no phrase reaches across them.

use std::collections::BTreeMap;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::{id::PackageId, time::Timestamp};

mod place;
mod shown;

pub use self::{
    place::{Place, PlaceKey},
    shown::ShownDocument,
};

/// The token between two values of one field; no analysed text contains it.
pub const VALUE_BREAK: &str = "|";

/// The exact term of a tag in [`TermField::Tag`]: `name=value`.
///
/// A `=` or `\` of the name is escaped by `\`, so that no two tags share a term. With an empty value it is the
/// beginning of all terms of that tag.
#[must_use]
pub fn tag_term(name: &str, value: &str) -> String {
    format!("{}={value}", name.replace('\\', "\\\\").replace('=', "\\="))
}

/// Text fields, each stored as analysed tokens with their positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextField {
    /// All text of a document: what words without a field look in.
    All,
    /// The name.
    Name,
    /// The description.
    Description,
    /// Names and values of tags.
    Tags,
    /// Names of datasets (the first 256 KiB).
    Files,
    /// Names and comments of tables and columns.
    Columns,
}

impl TextField {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::All, Self::Name, Self::Description, Self::Tags, Self::Files, Self::Columns];
}

/// Fields with exact terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TermField {
    /// `everyone`, `user:x`, `group:y`.
    Access,
    /// The owner's user id.
    Owner,
    /// Groups of the package.
    Group,
    /// Formats of datasets, lower case.
    Format,
    /// `name=value` of a tag, as entered: see [`tag_term`].
    Tag,
    /// The same with each analysed token of the value in the value's place.
    TagWord,
    /// The year of creation.
    Year,
}

impl TermField {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Access, Self::Owner, Self::Group, Self::Format, Self::Tag, Self::TagWord, Self::Year];
}

/// Fields with numbers: times in milliseconds since the epoch, dates likewise at midnight UTC.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NumberField {
    /// Time of creation.
    Created,
    /// Time of the last change.
    Changed,
    /// Bytes of all datasets.
    Bytes,
    /// Number of datasets.
    Datasets,
    /// The tag of this name, if its value is a number or a date.
    Tag(String),
}

/// A package as the index holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchDocument {
    /// The package.
    pub package_id: PackageId,
    /// The package's `sequence`: a lower one never replaces a higher one.
    pub sequence: u64,
    /// Shown text: the name.
    pub name: String,
    /// Shown text: the description.
    pub description: String,
    /// Shown: tags.
    pub tags: BTreeMap<String, String>,
    /// Shown: owner.
    pub owner: String,
    /// Shown: `private`, `groups` or `everyone`.
    pub visibility: String,
    /// Analysed text by field, tokens separated by single spaces. `All` holds every other field's tokens.
    pub text: BTreeMap<TextField, String>,
    /// Unstemmed, folded words by field, each once, sorted, separated by single spaces: what prefixes, patterns and
    /// fuzzy words look in, because people type them as they see them. `All` holds every other field's.
    pub spelled: BTreeMap<TextField, String>,
    /// Exact terms by field.
    pub terms: BTreeMap<TermField, Vec<String>>,
    /// Numbers by field.
    pub numbers: BTreeMap<NumberField, f64>,
    /// Completions to suggest: unstemmed, folded words, and short values of tags whole.
    pub words: Vec<String>,
    /// Number of current datasets by format.
    pub formats: BTreeMap<String, u64>,
    /// Number of current datasets.
    pub datasets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the package was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Whether dataset names were cut off at 256 KiB.
    pub truncated: bool,
}

impl SearchDocument {
    /// What [`Sort::Name`] orders by: the name in lower case without accents.
    #[must_use]
    pub fn name_key(&self) -> String {
        self.name.nfkd().filter(|character| !is_combining_mark(*character)).flat_map(char::to_lowercase).collect()
    }
}

/// A parsed query. Tokens are analysed already.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryNode {
    /// Every document.
    Everything,
    /// No document.
    Nothing,
    /// The token stands in the field.
    Token(TextField, String),
    /// The tokens stand in the field one after the other.
    Phrase(TextField, Vec<String>),
    /// A word of the field, as spelled, begins with this.
    Prefix(TextField, String),
    /// A word of the field, as spelled, matches: `?` is one character, `*` any number.
    Pattern(TextField, String),
    /// A word of the field, as spelled, differs in at most one edit (insertion, deletion, substitution, transposition).
    Fuzzy(TextField, String),
    /// The exact term stands in the field.
    Term(TermField, String),
    /// An exact term of the field begins with this.
    TermPrefix(TermField, String),
    /// The number lies between these, both included; an open end is `None`.
    Range(NumberField, Option<f64>, Option<f64>),
    /// All hold.
    And(Vec<QueryNode>),
    /// At least one holds.
    Or(Vec<QueryNode>),
    /// Does not hold.
    Not(Box<QueryNode>),
}

/// What the caller may see: lowered from the access policy by [`crate::access::search_filter`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisibilityFilter {
    /// A document needs one of these access terms; `None` for everything.
    pub any_of: Option<Vec<String>>,
    /// And must be one of these packages; `None` for all.
    pub packages: Option<Vec<PackageId>>,
}

/// Order of hits; equal ones by package id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Best first.
    Relevance,
    /// Last changed first.
    Changed,
    /// Newest first.
    Created,
    /// By [`SearchDocument::name_key`].
    Name,
    /// Most bytes first.
    Bytes,
}

/// Which counts to make besides the hits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FacetField {
    /// Values of the tag of this name.
    Tag(String),
    /// Owners.
    Owner,
    /// Groups: only these are counted, `None` for all.
    Group(Option<Vec<String>>),
    /// Formats.
    Format,
    /// Years of creation.
    Year,
}

impl FacetField {
    /// The facet's name, as `filter=` takes it: a tag's own name, `owner`, `group`, `format` or `year`.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Tag(name) => name,
            Self::Owner => "owner",
            Self::Group(_) => "group",
            Self::Format => "format",
            Self::Year => "year",
        }
    }
}

/// One page of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchRequest {
    /// What to find.
    pub query: QueryNode,
    /// What the caller may see.
    pub visibility: VisibilityFilter,
    /// Order.
    pub sort: Sort,
    /// Facets to count: exact, over all hits.
    pub facets: Vec<FacetField>,
    /// Begin behind this place in the order; at the beginning if absent. Total and facets are of all hits.
    pub after: Option<Place>,
    /// At most so many hits, at most 10,000.
    pub limit: usize,
}

/// A found package.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The stored part of the document (analysed fields may be empty).
    pub document: SearchDocument,
    /// Higher is better; comparable only within one answer.
    pub score: f32,
}

/// One value of a facet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The value.
    pub value: String,
    /// In how many hits.
    pub count: u64,
}

/// Counts of one facet: the 20 most frequent values (then by value), and how many hits' values are left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// What was counted.
    pub field: FacetField,
    /// The values.
    pub buckets: Vec<Bucket>,
    /// Sum of the counts of all other values.
    pub other: u64,
}

/// A page of hits.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchResults {
    /// The hits.
    pub hits: Vec<Hit>,
    /// How many there are in all, exactly.
    pub total: u64,
    /// The facets, in the order asked for.
    pub facets: Vec<Facet>,
}

/// Completions of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestRequest {
    /// The beginning of a word, folded.
    pub prefix: String,
    /// What the caller may see.
    pub visibility: VisibilityFilter,
    /// At most so many.
    pub limit: usize,
}

/// Counts for the dashboard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Packages the caller owns.
    pub owned: u64,
    /// Packages the caller sees.
    pub visible: u64,
    /// Datasets in visible packages.
    pub datasets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Visible packages made, by month (`YYYY-MM`).
    pub growth: BTreeMap<String, u64>,
    /// Datasets in visible packages by format.
    pub formats: BTreeMap<String, u64>,
}

/// What became of a write to the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexed {
    /// Written.
    Applied,
    /// A newer document is there; nothing was written.
    Stale,
    /// Failed; try again.
    Failed,
}
