//! Answers: pages of hits, suggestions, counts, ids.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use domain::{
    PackageId, PortError, PortErrorKind, PortResult,
    search::{
        Bucket, Facet, FacetField, Hit, Place, PlaceKey, QueryNode, SearchRequest, SearchResults, ShownDocument, Sort, Statistics,
        SuggestRequest, TermField, VisibilityFilter, tag_term,
    },
};
use opensearch::http::Method;
use serde_json::{Map, Value, json};

use super::{
    OpenSearchIndex,
    answers::{Aggregation, HitAnswer, Page},
    cluster::Request,
    document::version,
    lower::{live, visible},
    mapping::{self, field},
};

/// A page has at most so many hits, those included that are skipped: `index.max_result_window`.
const WINDOW: usize = 10_000;
/// So many values of a facet are told; the others are one sum.
const BUCKETS: usize = 20;
/// More months than packages can have been made in, and as many formats as are counted at once.
const MANY: usize = 10_000;

impl OpenSearchIndex {
    /// A page of hits with total and facets.
    pub(super) async fn page(&self, request: &SearchRequest) -> PortResult<SearchResults> {
        const OPERATION: &str = "search.search";
        if request.skipped().saturating_add(request.limit) > WINDOW {
            return Err(PortError::new(PortErrorKind::InvalidArgument, OPERATION).with("limit", request.limit));
        }
        let facets = request.facets.iter().enumerate().filter_map(|(place, field)| Some((place.to_string(), counted(field)?)));
        let query = visible(&request.query, &request.visibility);
        // Copies of the index may score differently while they merge: all pages of a query ask the same one.
        let copy = preference(&query);
        let mut body = json!({
            "query": query,
            "size": request.limit,
            "sort": sort(request.sort),
            "track_scores": true,
            "track_total_hits": true,
            "_source": [field::SHOWN],
            "aggs": facets.collect::<Map<String, Value>>(),
        });
        match &request.after {
            None => {}
            Some(Place::Number(number)) => body["from"] = json!(number),
            Some(Place::Hit { key, id }) => body["search_after"] = behind(key, *id),
        }
        let mut page = self.ask(OPERATION, &copy, &body).await?;
        let facets = request.facets.iter().enumerate();
        let facets = facets.map(|(place, field)| facet(field, page.aggregations.remove(&place.to_string()).unwrap_or_default())).collect();
        let total = page.total();
        let hits: PortResult<Vec<Hit>> = page.hits.hits.into_iter().map(|found| hit(OPERATION, &found)).collect();
        Ok(SearchResults { hits: hits?, total, facets })
    }

    /// Completions from visible documents.
    pub(super) async fn completions(&self, request: &SuggestRequest) -> PortResult<Vec<String>> {
        if request.limit == 0 {
            return Ok(Vec::new());
        }
        let begin = begins_with(&request.prefix);
        let mut query = visible(&QueryNode::Everything, &request.visibility);
        query["bool"]["must"] = json!({ "prefix": { field::WORDS: request.prefix } });
        let body = json!({
            "query": query,
            "size": 0,
            "track_total_hits": false,
            "aggs": { "words": most_frequent(field::WORDS, request.limit, Some(begin.into())) },
        });
        let page = self.ask("search.suggest", &preference(&body), &body).await?;
        Ok(page.counts("words").map(|(word, _)| word.to_owned()).collect())
    }

    /// Counts for the dashboard.
    pub(super) async fn statistics(&self, visibility: &VisibilityFilter, owner: &str) -> PortResult<Statistics> {
        const OPERATION: &str = "search.stats";
        let sum = |field: &str| json!({ "sum": { "field": field } });
        let mut body = json!({
            "query": visible(&QueryNode::Everything, visibility),
            "size": 0,
            "track_total_hits": true,
            "aggs": {
                "owned": { "filter": { "term": { mapping::term(TermField::Owner): owner } } },
                "datasets": sum(field::DATASET_COUNT),
                "high": sum(field::SIZE_HIGH),
                "low": sum(field::SIZE_LOW),
                "growth": { "terms": { "field": field::MONTH, "size": MANY } },
                "formats": formats(None),
            },
        });
        let copy = preference(&body);
        let mut page = self.ask(OPERATION, &copy, &body).await?;
        let bytes = (u128::from(page.sum("high")) << 32) + u128::from(page.sum("low"));
        let mut statistics = Statistics {
            owned: page.aggregations.get("owned").map_or(0, |owned| owned.doc_count),
            visible: page.total(),
            datasets: page.sum("datasets"),
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
            growth: page.counts("growth").map(|(month, count)| (month.to_owned(), count)).collect(),
            formats: BTreeMap::new(),
        };
        while let Some(after) = add_formats(&mut statistics.formats, &page) {
            body["aggs"] = json!({ "formats": formats(Some(after)) });
            page = self.ask(OPERATION, &copy, &body).await?;
        }
        Ok(statistics)
    }

    /// Ids of documents, ascending, behind `after`.
    pub(super) async fn live_ids(&self, after: Option<PackageId>, limit: usize) -> PortResult<Vec<PackageId>> {
        const OPERATION: &str = "search_rebuild.ids";
        let mut ids: Vec<PackageId> = Vec::new();
        while ids.len() < limit {
            let size = (limit - ids.len()).min(WINDOW);
            let after = ids.last().copied().or(after).map(|id| id.to_string());
            let page = self.by_id(OPERATION, &live(), after.as_deref(), size).await?;
            let found = page.hits.hits.len();
            for hit in page.hits.hits {
                let id = hit.id.parse().map_err(|_| PortError::new(PortErrorKind::Unexpected, OPERATION).with("id", hit.id))?;
                ids.push(id);
            }
            if found < size {
                break;
            }
        }
        Ok(ids)
    }

    /// A page of what a query finds, by id.
    pub(super) async fn by_id(&self, operation: &'static str, query: &Value, after: Option<&str>, size: usize) -> PortResult<Page> {
        let mut body = json!({
            "query": { "bool": { "filter": [query] } },
            "size": size,
            "sort": [{ field::ID: "asc" }],
            "track_total_hits": false,
            "_source": [field::SEQUENCE],
        });
        if let Some(after) = after {
            body["search_after"] = json!([after]);
        }
        self.ask(operation, "by-id", &body).await
    }

    /// Asks the live index, which is made if it isn't there.
    async fn ask(&self, operation: &'static str, copy: &str, body: &Value) -> PortResult<Page> {
        let query = [("allow_partial_search_results", "false"), ("preference", copy)];
        let request = || Request::new(operation, Method::Post, format!("{}/_search", self.names.live)).urgent().query(&query).json(body);
        let mut answer = self.cluster.send(request()).await?;
        if answer.is_not_found() {
            self.ensure_live(operation).await?;
            answer = self.cluster.send(request()).await?;
        }
        let page: Page = answer.read()?;
        if page.timed_out {
            return Err(PortError::new(PortErrorKind::Unavailable, operation).because("the search was cut short"));
        }
        Ok(page)
    }
}

/// A name for what is asked, by which the cluster chooses a copy of the index.
fn preference(asked: &Value) -> String {
    let mut hasher = DefaultHasher::new();
    asked.to_string().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn sort(sort: Sort) -> Value {
    let first = match sort {
        Sort::Relevance => json!({ "_score": "desc" }),
        Sort::Changed => json!({ field::CHANGED_AT: "desc" }),
        Sort::Created => json!({ field::CREATED_AT: "desc" }),
        Sort::Name => json!({ field::NAME_KEY: "asc" }),
        Sort::Bytes => json!({ field::SIZE: "desc" }),
    };
    json!([first, { field::ID: "asc" }])
}

/// A hit's place in [`sort`]'s columns.
fn behind(key: &PlaceKey, id: PackageId) -> Value {
    let key = match key {
        PlaceKey::Time(time) => json!(time.as_millis()),
        PlaceKey::Bytes(bytes) => json!(version(*bytes)),
        PlaceKey::Name(key) => json!(key),
    };
    json!([key, id.to_string()])
}

fn hit(operation: &'static str, found: &HitAnswer) -> PortResult<Hit> {
    let shown: ShownDocument = serde_json::from_str(&found.source.shown)
        .map_err(|error| PortError::new(PortErrorKind::Unexpected, operation).with("id", &found.id).because(error))?;
    Ok(Hit { document: shown.into(), score: found.score.unwrap_or(0.0) })
}

/// Counts of the values of a keyword field, the most frequent first, then by value; on one shard they are exact.
fn most_frequent(field: &str, size: usize, include: Option<Value>) -> Value {
    let mut terms = json!({ "field": field, "size": size, "order": [{ "_count": "desc" }, { "_key": "asc" }] });
    if let Some(include) = include {
        terms["include"] = include;
    }
    json!({ "terms": terms })
}

/// What counts a facet; `None` if no value is to be counted.
fn counted(field: &FacetField) -> Option<Value> {
    let (term, include) = match field {
        FacetField::Tag(name) => (TermField::Tag, Some(begins_with(&tag_term(name, "")).into())),
        FacetField::Owner => (TermField::Owner, None),
        FacetField::Group(Some(only)) if only.is_empty() => return None,
        FacetField::Group(only) => (TermField::Group, only.as_ref().map(|only| json!(only))),
        FacetField::Format => (TermField::Format, None),
        FacetField::Year => (TermField::Year, None),
    };
    Some(most_frequent(mapping::term(term), BUCKETS, include))
}

fn facet(field: &FacetField, counts: Aggregation) -> Facet {
    let begin = if let FacetField::Tag(name) = field { tag_term(name, "") } else { String::new() };
    let bucket = |value: &str, count| Some(Bucket { value: value.strip_prefix(&begin)?.to_owned(), count });
    let buckets = counts.buckets.iter().filter_map(|found| bucket(found.key.as_str()?, found.doc_count)).collect();
    Facet { field: field.clone(), buckets, other: counts.sum_other_doc_count }
}

/// A regular expression of Lucene for everything that begins so. A backslash takes any sign's meaning, but gives some
/// letters one.
fn begins_with(begin: &str) -> String {
    let mut expression = String::with_capacity(2 * begin.len() + 2);
    for character in begin.chars() {
        if !character.is_alphanumeric() {
            expression.push('\\');
        }
        expression.push(character);
    }
    expression + ".*"
}

/// Packages by `{datasets} {format}`, page by page: there may be any number.
fn formats(after: Option<Value>) -> Value {
    let mut pages = json!({ "size": MANY, "sources": [{ "format": { "terms": { "field": field::FORMAT_COUNT } } }] });
    if let Some(after) = after {
        pages["after"] = after;
    }
    json!({ "composite": pages })
}

/// Adds a page of packages by `{datasets} {format}` as datasets by format; answers with where the next page begins.
fn add_formats(formats: &mut BTreeMap<String, u64>, page: &Page) -> Option<Value> {
    let counts = page.aggregations.get("formats")?;
    for bucket in &counts.buckets {
        if let Some((datasets, format)) = bucket.key["format"].as_str().and_then(|key| key.split_once(' ')) {
            *formats.entry(format.to_owned()).or_default() += datasets.parse::<u64>().unwrap_or(0) * bucket.doc_count;
        }
    }
    if counts.buckets.len() < MANY { None } else { counts.after_key.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_a_tags_name_stand_for_themselves() {
        assert_eq!(begins_with("é a.b*=\"#"), "é\\ a\\.b\\*\\=\\\"\\#.*");
    }
}
