//! Answers: pages of hits, suggestions, counts.

use std::collections::{BTreeMap, HashMap};

use domain::search::{
    Bucket, Facet, FacetField, Hit, QueryNode, SearchDocument, SearchRequest, SearchResults, ShownDocument, Sort, Statistics,
    SuggestRequest, VisibilityFilter, tag_term,
};
use tantivy::{
    DocAddress, Result, Searcher, TantivyDocument, TantivyError,
    query::{EnableScoring, Query},
    schema::{IndexRecordOption, Value},
};

use super::{
    collect::{Collected, Counts, PageCollector},
    excluded::documents,
    generation::{Generation, alive},
    schema::column,
    statistics::LiveStatistics,
};

/// So many values of a facet are told; the others are one sum.
const BUCKETS: usize = 20;

impl Generation {
    /// A page of hits with total and facets.
    pub(super) fn page(&self, request: &SearchRequest) -> Result<SearchResults> {
        let searcher = self.searcher();
        let mut counted: Vec<&'static str> = request.facets.iter().map(column_of).collect();
        counted.sort_unstable();
        counted.dedup();
        let collector = PageCollector {
            sort: request.sort,
            keep: request.skipped() + request.limit,
            after: request.after.clone(),
            counted,
            summed: Vec::new(),
        };
        let query = self.fields.visible(&request.query, &request.visibility)?;
        let statistics = LiveStatistics::new(&searcher, &self.fields)?;
        let Collected { total, best, counts, .. } = searcher.search_with_statistics_provider(&query, &collector, &statistics)?;
        let hits: Result<Vec<Hit>> = best
            .into_iter()
            .skip(request.skipped())
            .map(|candidate| Ok(Hit { document: self.stored(&searcher, candidate.address)?, score: candidate.score }))
            .collect();
        Ok(SearchResults { hits: hits?, total, facets: request.facets.iter().map(|field| facet(field, &counts)).collect() })
    }

    /// Counts for the dashboard.
    pub(super) fn statistics(&self, visibility: &VisibilityFilter, owner: &str) -> Result<Statistics> {
        let collector = PageCollector {
            sort: Sort::Relevance,
            keep: 0,
            after: None,
            counted: vec![column::OWNER, column::MONTH, column::FORMAT_COUNT],
            summed: vec![column::DATASET_COUNT, column::SIZE],
        };
        let query = self.fields.visible(&QueryNode::Everything, visibility)?;
        let mut collected = self.searcher().search(&query, &collector)?;
        let mut counts = |name| collected.counts.remove(name).unwrap_or_default();
        Ok(Statistics {
            owned: counts(column::OWNER).get(owner).copied().unwrap_or(0),
            growth: counts(column::MONTH).into_iter().collect(),
            formats: formats(counts(column::FORMAT_COUNT)),
            visible: collected.total,
            datasets: collected.sums[0],
            bytes: collected.sums[1],
        })
    }

    /// Completions from visible documents: each word's documents are counted among the visible ones.
    pub(super) fn completions(&self, request: &SuggestRequest) -> Result<Vec<String>> {
        let searcher = self.searcher();
        let query = self.fields.visible(&QueryNode::Everything, &request.visibility)?;
        let weight = query.weight(EnableScoring::disabled_from_searcher(&searcher))?;
        let mut counts: HashMap<String, u64> = HashMap::new();
        for segment in searcher.segment_readers() {
            let visible = documents(weight.as_ref(), segment)?;
            let words = segment.inverted_index(self.fields.words)?;
            let mut stream = words.terms().range().ge(&request.prefix).into_stream()?;
            while stream.advance() && stream.key().starts_with(request.prefix.as_bytes()) {
                let postings = words.read_postings_from_terminfo(stream.value(), IndexRecordOption::Basic)?;
                let count = alive(segment, postings).filter(|document| visible.contains(*document)).count();
                if count > 0 {
                    *counts.entry(String::from_utf8_lossy(stream.key()).into_owned()).or_default() += count as u64;
                }
            }
        }
        Ok(most_frequent(counts).into_iter().take(request.limit).map(|(word, _)| word).collect())
    }

    fn stored(&self, searcher: &Searcher, address: DocAddress) -> Result<SearchDocument> {
        let document: TantivyDocument = searcher.doc(address)?;
        let json = document.get_first(self.fields.stored).and_then(|value| value.as_bytes()).unwrap_or_default();
        let stored: ShownDocument =
            serde_json::from_slice(json).map_err(|error| TantivyError::InternalError(format!("stored document: {error}")))?;
        Ok(stored.into())
    }
}

fn column_of(field: &FacetField) -> &'static str {
    match field {
        FacetField::Tag(_) => column::TAG,
        FacetField::Owner => column::OWNER,
        FacetField::Group(_) => column::GROUP,
        FacetField::Format => column::FORMAT,
        FacetField::Year => column::YEAR,
    }
}

fn facet(field: &FacetField, counts: &Counts) -> Facet {
    let values = counts.get(column_of(field)).into_iter().flatten();
    let begin = if let FacetField::Tag(name) = field { tag_term(name, "") } else { String::new() };
    let own = values.filter_map(|(value, count)| Some((value.strip_prefix(&begin)?.to_owned(), *count))).filter(|(value, _)| match field {
        FacetField::Group(Some(only)) => only.contains(value),
        _ => true,
    });
    let mut buckets: Vec<Bucket> = most_frequent(own).into_iter().map(|(value, count)| Bucket { value, count }).collect();
    let other = buckets.iter().skip(BUCKETS).map(|bucket| bucket.count).sum();
    buckets.truncate(BUCKETS);
    Facet { field: field.clone(), buckets, other }
}

fn most_frequent(counts: impl IntoIterator<Item = (String, u64)>) -> Vec<(String, u64)> {
    let mut sorted: Vec<(String, u64)> = counts.into_iter().collect();
    sorted.sort_unstable_by(|(left, left_count), (right, right_count)| right_count.cmp(left_count).then_with(|| left.cmp(right)));
    sorted
}

/// From packages by `{datasets} {format}` to datasets by format.
fn formats(counts: HashMap<String, u64>) -> BTreeMap<String, u64> {
    let mut formats = BTreeMap::new();
    for (value, packages) in counts {
        if let Some((datasets, format)) = value.split_once(' ') {
            *formats.entry(format.to_owned()).or_default() += datasets.parse::<u64>().unwrap_or(0) * packages;
        }
    }
    formats
}
