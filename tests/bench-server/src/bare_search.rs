//! The same searches on tantivy itself: its own queries, its own collectors, nothing around them.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result, bail};
use app::search::analysis;
use serde_json::json;
use tantivy::{
    DocAddress, Index, IndexReader, Order, ReloadPolicy, Searcher, TantivyDocument, Term,
    aggregation::{
        AggContextParams, AggregationCollector,
        agg_req::Aggregations,
        agg_result::{AggregationResult, AggregationResults, BucketResult},
    },
    collector::{Count, TopDocs},
    query::{AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, Occur, Query, TermQuery, TermSetQuery},
    schema::{Field, IndexRecordOption, Value as _},
};

use crate::catalogue::Asked;

/// Hits of a page, as the product has them if nothing else is asked.
const PAGE: usize = 50;
/// Values of a facet.
const BUCKETS: u32 = 20;
/// No column has more values: facets are exact.
const ALL_VALUES: u32 = 10_000;
/// Facets, and the columns they count.
const FACETS: [(&str, &str); 4] = [("owner", "term_owner"), ("group", "term_group"), ("format", "term_format"), ("year", "term_year")];

/// An index that is only read.
pub(crate) struct BareSearch {
    reader: IndexReader,
    live: Field,
    access: Field,
    all: Field,
    name: Field,
    format: Field,
    stored: Field,
    /// Terms of which a document needs one.
    visible: Vec<String>,
    facets: Aggregations,
}

/// What a search found.
#[derive(Debug)]
pub(crate) struct Found {
    /// How many in all.
    pub(crate) total: usize,
    /// The stored documents of the first page.
    pub(crate) hits: Vec<Vec<u8>>,
    /// Counts by facet, greatest first.
    pub(crate) facets: BTreeMap<&'static str, Vec<u64>>,
}

impl BareSearch {
    /// Opens the live index below the product's search folder, for somebody with these access terms.
    pub(crate) fn open(folder: &Path, visible: Vec<String>) -> Result<Self> {
        let generation = std::fs::read_to_string(folder.join("current")).context("the live index")?;
        let index = Index::open_in_dir(folder.join(generation.trim()))?;
        let field = |name: &str| index.schema().get_field(name);
        let terms = |column: &str| json!({ "terms": { "field": column, "size": BUCKETS, "segment_size": ALL_VALUES } });
        let facets: serde_json::Map<_, _> = FACETS.iter().map(|(name, column)| ((*name).to_owned(), terms(column))).collect();
        Ok(Self {
            reader: index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?,
            live: field("live")?,
            access: field("term_access")?,
            all: field("text_all")?,
            name: field("text_name")?,
            format: field("term_format")?,
            stored: field("stored")?,
            visible,
            facets: serde_json::from_value(facets.into())?,
        })
    }

    /// How many segments the index has.
    pub(crate) fn segments(&self) -> usize {
        self.reader.searcher().segment_readers().len()
    }

    /// A page with its total and facets.
    pub(crate) fn find(&self, asked: &Asked) -> Result<Found> {
        let searcher = self.reader.searcher();
        let query = self.query(asked);
        let facets = AggregationCollector::from_aggs(self.facets.clone(), AggContextParams::default());
        let (total, best, facets) = if asked.words.is_empty() {
            let best = TopDocs::with_limit(PAGE).order_by_u64_field("changed_at", Order::Desc);
            let (total, best, facets) = searcher.search(&query, &(Count, best, facets))?;
            (total, addresses(best), facets)
        } else {
            let best = TopDocs::with_limit(PAGE).order_by_score();
            let (total, best, facets) = searcher.search(&query, &(Count, best, facets))?;
            (total, addresses(best), facets)
        };
        let hits: Result<Vec<Vec<u8>>> = best.into_iter().map(|address| self.stored(&searcher, address)).collect();
        Ok(Found { total, hits: hits?, facets: counts(&facets)? })
    }

    fn query(&self, asked: &Asked) -> BooleanQuery {
        let visible = self.visible.iter().map(|term| Term::from_field_text(self.access, term));
        let live = TermQuery::new(Term::from_field_u64(self.live, 1), IndexRecordOption::Basic);
        let mut clauses = vec![(Occur::Must, unscored(live)), (Occur::Must, unscored(TermSetQuery::new(visible)))];
        clauses.extend(asked.words.iter().map(|word| (Occur::Must, self.word(word))));
        if asked.words.is_empty() {
            clauses.push((Occur::Must, unscored(AllQuery)));
        }
        if let Some(format) = asked.format {
            let term = Term::from_field_text(self.format, format);
            clauses.push((Occur::Must, unscored(TermQuery::new(term, IndexRecordOption::Basic))));
        }
        BooleanQuery::new(clauses)
    }

    /// A word counts three times as much in the name.
    fn word(&self, word: &str) -> Box<dyn Query> {
        let token = analysis::joined(word);
        let term = |field| TermQuery::new(Term::from_field_text(field, &token), IndexRecordOption::WithFreqs);
        let named = BoostQuery::new(Box::new(term(self.name)), 3.0);
        Box::new(BooleanQuery::new(vec![(Occur::Must, Box::new(term(self.all))), (Occur::Should, Box::new(named))]))
    }

    fn stored(&self, searcher: &Searcher, address: DocAddress) -> Result<Vec<u8>> {
        let document: TantivyDocument = searcher.doc(address)?;
        let stored = document.get_first(self.stored).and_then(|value| value.as_bytes().map(<[u8]>::to_vec));
        stored.context("a stored document")
    }
}

fn unscored(query: impl Query) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(Box::new(query), 0.0))
}

fn addresses<T>(best: Vec<(T, DocAddress)>) -> Vec<DocAddress> {
    best.into_iter().map(|(_, address)| address).collect()
}

fn counts(results: &AggregationResults) -> Result<BTreeMap<&'static str, Vec<u64>>> {
    let mut all = BTreeMap::new();
    for (name, _) in FACETS {
        let Some(AggregationResult::BucketResult(BucketResult::Terms { buckets, .. })) = results.0.get(name) else {
            bail!("the facet {name} is missing");
        };
        all.insert(name, buckets.iter().map(|bucket| bucket.doc_count).collect());
    }
    Ok(all)
}
