//! The query tree to tantivy's queries.

use std::ops::Bound;

use domain::search::{NumberField, QueryNode, TermField, TextField, VisibilityFilter};
use tantivy::{
    Result, Term,
    query::{
        AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, EmptyQuery, FuzzyTermQuery, InvertedIndexRangeQuery, Occur, PhraseQuery,
        Query, RangeQuery, RegexQuery, TermQuery, TermSetQuery,
    },
    schema::{Field, IndexRecordOption},
};

use super::{
    excluded::Excluded,
    schema::{Fields, NumberPlace, tag_number},
};

type Lowered = Result<Box<dyn Query>>;

/// A word in the name says more about a package than one in its files.
const NAME_BOOST: f32 = 3.0;

impl Fields {
    /// What the caller may see of what the query finds.
    pub(super) fn visible(&self, query: &QueryNode, filter: &VisibilityFilter) -> Lowered {
        let mut clauses = vec![(Occur::Must, self.lower(query)?), (Occur::Must, unscored(self.live()))];
        if let Some(any_of) = &filter.any_of {
            let terms = any_of.iter().map(|term| Term::from_field_text(self.term(TermField::Access), term));
            clauses.push((Occur::Must, unscored(TermSetQuery::new(terms))));
        }
        if let Some(packages) = &filter.packages {
            clauses.push((Occur::Must, unscored(TermSetQuery::new(packages.iter().map(|package| self.id_term(*package))))));
        }
        Ok(Box::new(BooleanQuery::new(clauses)))
    }

    /// Documents, without what only remembers removals.
    pub(super) fn live(&self) -> TermQuery {
        TermQuery::new(Term::from_field_u64(self.live, 1), IndexRecordOption::Basic)
    }

    fn lower(&self, node: &QueryNode) -> Lowered {
        Ok(match node {
            QueryNode::Everything => unscored(AllQuery),
            QueryNode::Nothing => Box::new(EmptyQuery),
            QueryNode::Token(field, token) => self.token(*field, token),
            QueryNode::Phrase(field, tokens) => self.phrase(*field, tokens),
            QueryNode::Prefix(field, begin) => Box::new(begins_with(self.spelled(*field), begin)),
            QueryNode::Pattern(field, pattern) => Box::new(RegexQuery::from_pattern(&regular_expression(pattern), self.spelled(*field))?),
            QueryNode::Fuzzy(field, word) => Box::new(FuzzyTermQuery::new(Term::from_field_text(self.spelled(*field), word), 1, true)),
            QueryNode::Term(field, term) => unscored(exactly(self.term(*field), term, IndexRecordOption::Basic)),
            QueryNode::TermPrefix(field, begin) => unscored(begins_with(self.term(*field), begin)),
            QueryNode::Range(field, from, to) => self.range(field, *from, *to),
            QueryNode::And(nodes) => self.all(nodes)?,
            QueryNode::Or(nodes) => {
                let clauses: Result<Vec<_>> = nodes.iter().map(|node| Ok((Occur::Should, self.lower(node)?))).collect();
                Box::new(BooleanQuery::new(clauses?))
            }
            QueryNode::Not(_) => self.all(std::slice::from_ref(node))?,
        })
    }

    fn token(&self, field: TextField, token: &str) -> Box<dyn Query> {
        let found = exactly(self.text(field), token, IndexRecordOption::WithFreqs);
        if field != TextField::All {
            return Box::new(found);
        }
        let named = exactly(self.text(TextField::Name), token, IndexRecordOption::WithFreqs);
        let boosted: Box<dyn Query> = Box::new(BoostQuery::new(Box::new(named), NAME_BOOST));
        Box::new(BooleanQuery::new(vec![(Occur::Must, Box::new(found)), (Occur::Should, boosted)]))
    }

    fn phrase(&self, field: TextField, tokens: &[String]) -> Box<dyn Query> {
        match tokens {
            [] => Box::new(EmptyQuery),
            [token] => self.token(field, token),
            tokens => Box::new(PhraseQuery::new(tokens.iter().map(|token| Term::from_field_text(self.text(field), token)).collect())),
        }
    }

    /// A negation alone finds nothing in tantivy, so it is taken from everything.
    fn all(&self, nodes: &[QueryNode]) -> Lowered {
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::with_capacity(nodes.len() + 1);
        for node in nodes {
            clauses.push(match node {
                QueryNode::Not(inner) => (Occur::MustNot, Box::new(Excluded(self.lower(inner)?))),
                other => (Occur::Must, self.lower(other)?),
            });
        }
        if clauses.iter().all(|(occur, _)| *occur == Occur::MustNot) {
            clauses.push((Occur::Must, unscored(AllQuery)));
        }
        Ok(Box::new(BooleanQuery::new(clauses)))
    }

    fn range(&self, field: &NumberField, from: Option<f64>, to: Option<f64>) -> Box<dyn Query> {
        match self.number(field) {
            NumberPlace::Column(column) => {
                let bound = |end: Option<f64>, open: f64| Bound::Included(Term::from_field_f64(column, end.unwrap_or(open)));
                unscored(RangeQuery::new(bound(from, f64::NEG_INFINITY), bound(to, f64::INFINITY)))
            }
            NumberPlace::Terms(terms, name) => {
                let bound =
                    |end: Option<f64>, open: f64| Bound::Included(Term::from_field_text(terms, &tag_number(name, end.unwrap_or(open))));
                unscored(InvertedIndexRangeQuery::new(bound(from, f64::NEG_INFINITY), bound(to, f64::INFINITY)))
            }
        }
    }
}

fn exactly(field: Field, term: &str, option: IndexRecordOption) -> TermQuery {
    TermQuery::new(Term::from_field_text(field, term), option)
}

fn unscored(query: impl Query) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(Box::new(query), 0.0))
}

/// Terms from `begin` up to the first text that no longer begins so: the order of UTF-8 is the order of characters.
fn begins_with(field: Field, begin: &str) -> InvertedIndexRangeQuery {
    let term = |text: &str| Term::from_field_text(field, text);
    let end = successor(begin).map_or(Bound::Unbounded, |end| Bound::Excluded(term(&end)));
    InvertedIndexRangeQuery::new(Bound::Included(term(begin)), end)
}

/// The least text that is greater than every text that begins with `begin`.
fn successor(begin: &str) -> Option<String> {
    let mut characters: Vec<char> = begin.chars().collect();
    while let Some(last) = characters.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

fn regular_expression(pattern: &str) -> String {
    pattern
        .chars()
        .map(|character| match character {
            '?' => ".".to_owned(),
            '*' => ".*".to_owned(),
            other if other.is_alphanumeric() => other.to_string(),
            other => format!("\\{other}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_is_behind_all_that_begin_so() {
        assert_eq!(successor("ab").as_deref(), Some("ac"));
        assert_eq!(successor("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(successor("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(successor(""), None);
    }
}
