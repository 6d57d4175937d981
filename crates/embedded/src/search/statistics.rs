//! The figures by which hits are scored.

use tantivy::{Result, Searcher, Term, query::Bm25StatisticsProvider, schema::Field};

use super::schema::Fields;

/// Documents are counted without what only remembers removals: a hit's score depends on what can be found, in both
/// homes alike.
pub(super) struct LiveStatistics<'a> {
    searcher: &'a Searcher,
    documents: u64,
}

impl<'a> LiveStatistics<'a> {
    /// The figures of what the searcher sees.
    pub(super) fn new(searcher: &'a Searcher, fields: &Fields) -> Result<Self> {
        Ok(Self { searcher, documents: searcher.doc_freq(&Term::from_field_u64(fields.live, 1))? })
    }
}

impl Bm25StatisticsProvider for LiveStatistics<'_> {
    fn total_num_tokens(&self, field: Field) -> Result<u64> {
        self.searcher.total_num_tokens(field)
    }

    fn total_num_docs(&self) -> Result<u64> {
        Ok(self.documents)
    }

    fn doc_freq(&self, term: &Term) -> Result<u64> {
        self.searcher.doc_freq(term)
    }
}
