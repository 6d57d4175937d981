//! A search index in memory that evaluates the query tree literally: the referee of the port's suite, and the fake for use cases.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use async_trait::async_trait;
use domain::{
    PackageId, PortError, PortErrorKind, PortResult,
    ports::{SearchIndex, SearchRebuild},
    search::{
        Bucket, Facet, FacetField, Hit, Indexed, NumberField, Place, PlaceKey, QueryNode, SearchDocument, SearchRequest, SearchResults,
        Sort, Statistics, SuggestRequest, TermField, TextField, VisibilityFilter, tag_term,
    },
};

use crate::{Faults, locked};

/// A page has at most so many hits, those included that are skipped.
const WINDOW: usize = 10_000;
/// So many values of a facet are told.
const BUCKETS: usize = 20;

/// An index in memory.
#[derive(Debug, Default)]
pub struct MemorySearch {
    /// Failures on demand.
    pub faults: Faults,
    state: Mutex<State>,
}

/// Every package ever seen with its sequence; `None` remembers a removed one.
type Entries = BTreeMap<PackageId, (u64, Option<SearchDocument>)>;

#[derive(Debug, Default)]
struct State {
    live: Entries,
    building: Option<Entries>,
}

impl MemorySearch {
    /// The document of a package, if it is there.
    #[must_use]
    pub fn document(&self, package: PackageId) -> Option<SearchDocument> {
        locked(&self.state).live.get(&package).and_then(|(_, document)| document.clone())
    }

    fn visible(&self, filter: &VisibilityFilter) -> Vec<SearchDocument> {
        let state = locked(&self.state);
        state.live.values().filter_map(|(_, document)| document.as_ref()).filter(|document| is_visible(document, filter)).cloned().collect()
    }
}

#[async_trait]
impl SearchIndex for MemorySearch {
    async fn search(&self, request: &SearchRequest) -> PortResult<SearchResults> {
        self.faults.check("search.search")?;
        if request.skipped().saturating_add(request.limit) > WINDOW {
            return Err(PortError::new(PortErrorKind::InvalidArgument, "search.search").with("limit", request.limit));
        }
        let mut found: Vec<Hit> = self
            .visible(&request.visibility)
            .into_iter()
            .filter(|document| matches(document, &request.query))
            .map(|document| Hit { score: score(&document, &request.query), document })
            .collect();
        found.sort_by(|left, right| order(request.sort, left, right));
        let facets = request.facets.iter().map(|field| facet(field, &found)).collect();
        let total = found.len() as u64;
        let behind = found.into_iter().filter(|hit| is_behind(hit, request)).skip(request.skipped());
        Ok(SearchResults { hits: behind.take(request.limit).collect(), total, facets })
    }

    async fn suggest(&self, request: &SuggestRequest) -> PortResult<Vec<String>> {
        self.faults.check("search.suggest")?;
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for document in self.visible(&request.visibility) {
            let words: BTreeSet<String> = document.words.into_iter().filter(|word| word.starts_with(&request.prefix)).collect();
            words.into_iter().for_each(|word| *counts.entry(word).or_default() += 1);
        }
        Ok(most_frequent(counts).into_iter().map(|(word, _)| word).take(request.limit).collect())
    }

    async fn stats(&self, visibility: &VisibilityFilter, owner: &str) -> PortResult<Statistics> {
        self.faults.check("search.stats")?;
        let mut statistics = Statistics::default();
        for document in self.visible(visibility) {
            statistics.visible += 1;
            statistics.owned += u64::from(document.owner == owner);
            statistics.datasets += document.datasets;
            statistics.bytes += document.bytes;
            *statistics.growth.entry(document.created_at.month()).or_default() += 1;
            for (format, count) in document.formats {
                *statistics.formats.entry(format).or_default() += count;
            }
        }
        Ok(statistics)
    }

    async fn upsert_many(&self, documents: &[SearchDocument]) -> PortResult<Vec<Indexed>> {
        self.faults.check("search.upsert_many")?;
        let mut state = locked(&self.state);
        if let Some(building) = &mut state.building {
            for document in documents {
                write(building, document.package_id, document.sequence, Some(document));
            }
        }
        Ok(documents.iter().map(|document| write(&mut state.live, document.package_id, document.sequence, Some(document))).collect())
    }

    async fn remove_many(&self, packages: &[(PackageId, u64)]) -> PortResult<Vec<Indexed>> {
        self.faults.check("search.remove_many")?;
        let mut state = locked(&self.state);
        if let Some(building) = &mut state.building {
            for (package, sequence) in packages {
                write(building, *package, *sequence, None);
            }
        }
        Ok(packages.iter().map(|(package, sequence)| write(&mut state.live, *package, *sequence, None)).collect())
    }
}

#[async_trait]
impl SearchRebuild for MemorySearch {
    async fn begin(&self) -> PortResult<()> {
        self.faults.check("search_rebuild.begin")?;
        let mut state = locked(&self.state);
        let removed = state.live.iter().filter(|(_, (_, document))| document.is_none());
        state.building = Some(removed.map(|(package, entry)| (*package, entry.clone())).collect());
        Ok(())
    }

    async fn upsert_many(&self, documents: &[SearchDocument]) -> PortResult<Vec<Indexed>> {
        self.faults.check("search_rebuild.upsert_many")?;
        let mut state = locked(&self.state);
        let building = state.building.as_mut().ok_or_else(|| PortError::new(PortErrorKind::NotFound, "search_rebuild.upsert_many"))?;
        Ok(documents.iter().map(|document| write(building, document.package_id, document.sequence, Some(document))).collect())
    }

    async fn swap(&self) -> PortResult<()> {
        self.faults.check("search_rebuild.swap")?;
        let mut state = locked(&self.state);
        state.live = state.building.take().ok_or_else(|| PortError::new(PortErrorKind::NotFound, "search_rebuild.swap"))?;
        Ok(())
    }

    async fn ids(&self, after: Option<PackageId>, limit: usize) -> PortResult<Vec<PackageId>> {
        self.faults.check("search_rebuild.ids")?;
        let state = locked(&self.state);
        let there = state.live.iter().filter(|(_, (_, document))| document.is_some()).map(|(package, _)| *package);
        Ok(there.filter(|package| after.is_none_or(|after| *package > after)).take(limit).collect())
    }
}

fn write(entries: &mut Entries, package: PackageId, sequence: u64, document: Option<&SearchDocument>) -> Indexed {
    if entries.get(&package).is_some_and(|(known, _)| *known > sequence) {
        return Indexed::Stale;
    }
    entries.insert(package, (sequence, document.cloned()));
    Indexed::Applied
}

fn is_visible(document: &SearchDocument, filter: &VisibilityFilter) -> bool {
    let access = terms(document, TermField::Access);
    filter.any_of.as_ref().is_none_or(|any_of| any_of.iter().any(|term| access.contains(term)))
        && filter.packages.as_ref().is_none_or(|packages| packages.contains(&document.package_id))
}

fn terms(document: &SearchDocument, field: TermField) -> &[String] {
    document.terms.get(&field).map(Vec::as_slice).unwrap_or_default()
}

fn tokens(text: &BTreeMap<TextField, String>, field: TextField) -> Vec<&str> {
    text.get(&field).map(|text| text.split_whitespace().collect()).unwrap_or_default()
}

/// Whether the document answers the query.
fn matches(document: &SearchDocument, query: &QueryNode) -> bool {
    let any_word = |field: &TextField, test: &dyn Fn(&str) -> bool| tokens(&document.spelled, *field).into_iter().any(test);
    match query {
        QueryNode::Everything => true,
        QueryNode::Nothing => false,
        QueryNode::Token(field, token) => tokens(&document.text, *field).contains(&token.as_str()),
        QueryNode::Phrase(field, phrase) => {
            !phrase.is_empty() && tokens(&document.text, *field).windows(phrase.len()).any(|window| window.iter().eq(phrase.iter()))
        }
        QueryNode::Prefix(field, begin) => any_word(field, &|word| word.starts_with(begin.as_str())),
        QueryNode::Pattern(field, pattern) => any_word(field, &|word| matches_pattern(pattern, word)),
        QueryNode::Fuzzy(field, wanted) => any_word(field, &|word| edits(wanted, word) <= 1),
        QueryNode::Term(field, term) => terms(document, *field).contains(term),
        QueryNode::TermPrefix(field, begin) => terms(document, *field).iter().any(|term| term.starts_with(begin.as_str())),
        QueryNode::Range(field, from, to) => {
            number(document, field).is_some_and(|number| from.is_none_or(|from| number >= from) && to.is_none_or(|to| number <= to))
        }
        QueryNode::And(nodes) => nodes.iter().all(|node| matches(document, node)),
        QueryNode::Or(nodes) => nodes.iter().any(|node| matches(document, node)),
        QueryNode::Not(node) => !matches(document, node),
    }
}

fn number(document: &SearchDocument, field: &NumberField) -> Option<f64> {
    document.numbers.get(field).copied()
}

fn matches_pattern(pattern: &str, word: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => word.is_empty(),
        Some('*') => (0..=word.len()).filter(|at| word.is_char_boundary(*at)).any(|at| matches_pattern(rest.as_str(), &word[at..])),
        Some(wanted) => {
            let mut letters = word.chars();
            letters.next().is_some_and(|letter| wanted == '?' || wanted == letter) && matches_pattern(rest.as_str(), letters.as_str())
        }
    }
}

/// Edits between two words, by the textbook (optimal string alignment).
fn edits(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut table = vec![vec![0; right.len() + 1]; left.len() + 1];
    for row in 0..=left.len() {
        for column in 0..=right.len() {
            table[row][column] = if row == 0 || column == 0 {
                row + column
            } else {
                let substituted = table[row - 1][column - 1] + usize::from(left[row - 1] != right[column - 1]);
                let least = substituted.min(table[row - 1][column] + 1).min(table[row][column - 1] + 1);
                let swaps = row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
                if swaps { least.min(table[row - 2][column - 2] + 1) } else { least }
            };
        }
    }
    table[left.len()][right.len()]
}

/// How many leaves of the query the document answers: an order of relevance that is easy to foresee.
fn score(document: &SearchDocument, query: &QueryNode) -> f32 {
    match query {
        QueryNode::And(nodes) | QueryNode::Or(nodes) => nodes.iter().map(|node| score(document, node)).sum(),
        QueryNode::Not(_) => 0.0,
        leaf => f32::from(u8::from(matches(document, leaf))),
    }
}

fn order(sort: Sort, left: &Hit, right: &Hit) -> Ordering {
    let (a, b) = (&left.document, &right.document);
    let by_field = match sort {
        Sort::Relevance => right.score.total_cmp(&left.score),
        Sort::Changed => b.updated_at.cmp(&a.updated_at),
        Sort::Created => b.created_at.cmp(&a.created_at),
        Sort::Name => a.name_key().cmp(&b.name_key()),
        Sort::Bytes => b.bytes.cmp(&a.bytes),
    };
    by_field.then(a.package_id.cmp(&b.package_id))
}

/// Whether a hit stands behind where the page begins.
fn is_behind(hit: &Hit, request: &SearchRequest) -> bool {
    let (Some(Place::Hit { key: after, id: after_id }), Some(Place::Hit { key, id })) =
        (&request.after, request.place_behind(std::slice::from_ref(hit)))
    else {
        return true;
    };
    let by_key = match (&key, after) {
        (PlaceKey::Time(key), PlaceKey::Time(after)) => after.cmp(key),
        (PlaceKey::Bytes(key), PlaceKey::Bytes(after)) => after.cmp(key),
        (PlaceKey::Name(key), PlaceKey::Name(after)) => key.cmp(after),
        _ => Ordering::Equal,
    };
    by_key.then(id.cmp(after_id)).is_gt()
}

fn facet(field: &FacetField, hits: &[Hit]) -> Facet {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for hit in hits {
        let values: BTreeSet<String> = facet_values(field, &hit.document).into_iter().collect();
        values.into_iter().for_each(|value| *counts.entry(value).or_default() += 1);
    }
    let mut buckets: Vec<Bucket> = most_frequent(counts).into_iter().map(|(value, count)| Bucket { value, count }).collect();
    let other = buckets.iter().skip(BUCKETS).map(|bucket| bucket.count).sum();
    buckets.truncate(BUCKETS);
    Facet { field: field.clone(), buckets, other }
}

fn facet_values(field: &FacetField, document: &SearchDocument) -> Vec<String> {
    match field {
        FacetField::Tag(name) => {
            let begin = tag_term(name, "");
            terms(document, TermField::Tag).iter().filter_map(|term| term.strip_prefix(&begin)).map(str::to_owned).collect()
        }
        FacetField::Owner => terms(document, TermField::Owner).to_vec(),
        FacetField::Group(only) => {
            let groups = terms(document, TermField::Group).iter();
            groups.filter(|group| only.as_ref().is_none_or(|only| only.contains(group))).cloned().collect()
        }
        FacetField::Format => terms(document, TermField::Format).to_vec(),
        FacetField::Year => terms(document, TermField::Year).to_vec(),
    }
}

fn most_frequent(counts: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut sorted: Vec<(String, u64)> = counts.into_iter().collect();
    // Stable: equally frequent ones stay in the order of their text.
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    sorted
}
