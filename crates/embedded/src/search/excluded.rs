//! What a negation takes away, as a plain set of documents.
//!
//! Tantivy asks the excluded side whether it holds a document by seeking forward, also when it stands behind it already. Phrases
//! and intersections don't allow that (0.27: an assertion fails in debug builds); a set of bits does.

use tantivy::{
    BitSet, DocId, DocSet, Result, Score, SegmentReader, TERMINATED, TantivyError,
    query::{BitSetDocSet, ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight},
};

/// A query whose hits are found at once, without scores.
#[derive(Debug)]
pub(super) struct Excluded(pub(super) Box<dyn Query>);

struct ExcludedWeight(Box<dyn Weight>);

impl Clone for Excluded {
    fn clone(&self) -> Self {
        Self(self.0.box_clone())
    }
}

impl Query for Excluded {
    fn weight(&self, scoring: EnableScoring<'_>) -> Result<Box<dyn Weight>> {
        let unscored = match scoring.searcher() {
            Some(searcher) => EnableScoring::disabled_from_searcher(searcher),
            None => EnableScoring::disabled_from_schema(scoring.schema()),
        };
        Ok(Box::new(ExcludedWeight(self.0.weight(unscored)?)))
    }
}

impl Weight for ExcludedWeight {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> Result<Box<dyn Scorer>> {
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(documents(self.0.as_ref(), segment)?), boost)))
    }

    fn explain(&self, segment: &SegmentReader, document: DocId) -> Result<Explanation> {
        if documents(self.0.as_ref(), segment)?.contains(document) {
            Ok(Explanation::new("excluded", 0.0))
        } else {
            Err(TantivyError::InvalidArgument(format!("document {document} is not excluded")))
        }
    }
}

/// The documents of a segment that a query finds, deleted ones too.
pub(super) fn documents(weight: &dyn Weight, segment: &SegmentReader) -> Result<BitSet> {
    let mut found = BitSet::with_max_value(segment.max_doc());
    let mut scorer = weight.scorer(segment, 1.0)?;
    let mut document = scorer.doc();
    while document != TERMINATED {
        found.insert(document);
        document = scorer.advance();
    }
    Ok(found)
}
