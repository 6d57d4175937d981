//! The query tree to OpenSearch's queries.
//!
//! Scores are those of the other home: what only narrows counts nothing, a word of a pattern counts one, and a token
//! counts as BM25 has it.

use domain::search::{NumberField, QueryNode, TermField, TextField, VisibilityFilter};
use serde_json::{Value, json};

use super::{
    document::tag_number,
    mapping::{self, NumberPlace, field},
};

/// A word in the name says more about a package than one in its files.
const NAME_BOOST: f64 = 3.0;
/// The factor `k1 + 1` of BM25, which Lucene leaves out: without it a token would count less beside a pattern.
const BM25: f64 = 2.2;

/// What the caller may see of what the query finds.
pub(super) fn visible(query: &QueryNode, filter: &VisibilityFilter) -> Value {
    let mut conditions = vec![live()];
    if let Some(any_of) = &filter.any_of {
        conditions.push(json!({ "terms": { mapping::term(TermField::Access): any_of } }));
    }
    if let Some(packages) = &filter.packages {
        let packages: Vec<String> = packages.iter().map(ToString::to_string).collect();
        conditions.push(json!({ "terms": { field::ID: packages } }));
    }
    json!({ "bool": { "must": [lower(query)], "filter": conditions } })
}

/// Documents, without what only remembers removals.
pub(super) fn live() -> Value {
    json!({ "term": { field::LIVE: true } })
}

/// What only remembers removals.
pub(super) fn removed() -> Value {
    json!({ "bool": { "must_not": [live()], "filter": [{ "match_all": {} }] } })
}

fn lower(node: &QueryNode) -> Value {
    match node {
        QueryNode::Everything => unscored(&json!({ "match_all": {} })),
        QueryNode::Nothing => nothing(),
        QueryNode::Token(field, token) => by_token(*field, token),
        QueryNode::Phrase(field, tokens) => phrase(*field, tokens),
        QueryNode::Prefix(field, begin) => by_word("prefix", *field, &json!({ "value": begin })),
        QueryNode::Pattern(field, pattern) => by_word("wildcard", *field, &json!({ "value": pattern })),
        QueryNode::Fuzzy(field, word) => {
            by_word("fuzzy", *field, &json!({ "value": word, "fuzziness": 1, "prefix_length": 0, "transpositions": true }))
        }
        QueryNode::Term(field, term) => unscored(&json!({ "term": { mapping::term(*field): term } })),
        QueryNode::TermPrefix(field, begin) => unscored(&json!({ "prefix": { mapping::term(*field): begin } })),
        QueryNode::Range(field, from, to) => unscored(&range(field, *from, *to)),
        QueryNode::And(nodes) => all(nodes),
        QueryNode::Or(nodes) if nodes.is_empty() => nothing(),
        QueryNode::Or(nodes) => {
            let clauses: Vec<Value> = nodes.iter().map(lower).collect();
            json!({ "bool": { "should": clauses, "minimum_should_match": 1 } })
        }
        QueryNode::Not(_) => all(std::slice::from_ref(node)),
    }
}

fn nothing() -> Value {
    json!({ "match_none": {} })
}

fn unscored(query: &Value) -> Value {
    json!({ "bool": { "filter": [query] } })
}

fn by_token(field: TextField, token: &str) -> Value {
    let found = |field, boost: f64| json!({ "term": { mapping::text(field): { "value": token, "boost": boost } } });
    if field != TextField::All {
        return found(field, BM25);
    }
    json!({ "bool": { "must": [found(TextField::All, BM25)], "should": [found(TextField::Name, BM25 * NAME_BOOST)] } })
}

fn phrase(field: TextField, tokens: &[String]) -> Value {
    match tokens {
        [] => nothing(),
        [token] => by_token(field, token),
        // The field's analyzer cuts it at its spaces again.
        tokens => json!({ "match_phrase": { mapping::text(field): { "query": tokens.join(" "), "boost": BM25 } } }),
    }
}

/// Every word that fits is found, however many there are: scoring them would keep only some.
fn by_word(kind: &str, field: TextField, asked: &Value) -> Value {
    let mut asked = asked.clone();
    asked["rewrite"] = "constant_score".into();
    json!({ kind: { mapping::spelled(field): asked } })
}

fn all(nodes: &[QueryNode]) -> Value {
    let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
    for node in nodes {
        match node {
            QueryNode::Not(inner) => unwanted.push(lower(inner)),
            other => wanted.push(lower(other)),
        }
    }
    json!({ "bool": { "must": wanted, "must_not": unwanted, "filter": [{ "match_all": {} }] } })
}

fn range(field: &NumberField, from: Option<f64>, to: Option<f64>) -> Value {
    match mapping::number(field) {
        NumberPlace::Own(name) => {
            let ends = [("gte", from.unwrap_or(f64::MIN)), ("lte", to.unwrap_or(f64::MAX))];
            // Negative zero is zero.
            let ends: serde_json::Map<String, Value> =
                ends.into_iter().map(|(end, number)| (end.to_owned(), json!(number + 0.0))).collect();
            json!({ "range": { name: ends } })
        }
        NumberPlace::OfTag(name) => {
            let (from, to) = (from.unwrap_or(f64::NEG_INFINITY), to.unwrap_or(f64::INFINITY));
            json!({ "range": { field::TAG_NUMBER: { "gte": tag_number(name, from), "lte": tag_number(name, to) } } })
        }
    }
}
