//! Checks of queries: every kind of node, alone and combined.

use domain::search::{NumberField, QueryNode, SearchDocument, SearchRequest, Sort, TermField, TextField};

use super::{
    Pair, RebuildableIndex, eventually, everything_that,
    world::{Dice, document, random_document, random_query, tag, write_text},
};
use crate::builders::package_id;

/// Each with hits and with a near miss.
pub async fn every_kind_of_node_finds_what_the_referee_finds(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    let mut tagged = document(4, 1, "a'b straße 日本");
    tag(&mut tagged, "source", "Weather Service");
    tag(&mut tagged, "source=old", "Weather");
    pair.upsert(&[document(1, 1, "flights delayed"), document(2, 1, "flight delays"), document(3, 1, "fright")]).await;
    pair.upsert(&[tagged]).await;
    let all = TextField::All;
    let text = |text: &str| text.to_owned();
    for (query, hits) in [
        (QueryNode::Everything, 4),
        (QueryNode::Nothing, 0),
        (QueryNode::Token(all, text("flight")), 2),
        (QueryNode::Token(TextField::Description, text("flight")), 0),
        (QueryNode::Token(all, text("flights")), 0),
        (QueryNode::Phrase(all, vec![text("flight"), text("delay")]), 1),
        (QueryNode::Phrase(all, vec![text("fright")]), 1),
        (QueryNode::Phrase(all, Vec::new()), 0),
        (QueryNode::Prefix(all, text("flights")), 1),
        (QueryNode::Prefix(all, text("fl")), 2),
        (QueryNode::Prefix(all, text("日")), 1),
        (QueryNode::Prefix(TextField::Files, text("fl")), 0),
        (QueryNode::Pattern(all, text("f?ight")), 2),
        (QueryNode::Pattern(all, text("f?ight*")), 3),
        (QueryNode::Pattern(all, text("stra?e")), 1),
        (QueryNode::Pattern(all, text("a'?")), 1),
        (QueryNode::Pattern(all, text("f*s")), 1),
        (QueryNode::Fuzzy(all, text("flihgt")), 1),
        (QueryNode::Fuzzy(all, text("flight")), 3),
        (QueryNode::Fuzzy(all, text("fl")), 0),
        (QueryNode::Fuzzy(all, text("strasse")), 0),
        (QueryNode::Fuzzy(all, text("strase")), 1),
        (QueryNode::Term(TermField::Tag, text("source=Weather Service")), 1),
        (QueryNode::Term(TermField::Tag, text("source=Weather")), 0),
        (QueryNode::TermPrefix(TermField::Tag, text("source=Wea")), 1),
        (QueryNode::TermPrefix(TermField::Tag, text("source=old")), 0),
        (QueryNode::TermPrefix(TermField::Tag, text("source\\=old=")), 1),
        (QueryNode::Not(Box::new(QueryNode::Token(all, text("flight")))), 2),
        (QueryNode::And(Vec::new()), 4),
        (QueryNode::Or(Vec::new()), 0),
    ] {
        assert_eq!(pair.agree_on(query.clone()).await, hits, "{query:?}");
    }
}

/// Neither words between nor the end of a value are leapt over.
pub async fn a_phrase_needs_its_tokens_side_by_side_in_one_value(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    let mut files = document(3, 1, "third");
    write_text(&mut files, TextField::Files, &["one two", "three one"]);
    pair.upsert(&[document(1, 1, "one two three"), document(2, 1, "one x two three"), files]).await;
    let phrase = |text: &str| QueryNode::Phrase(TextField::All, text.split(' ').map(str::to_owned).collect());
    for (words, hits) in
        [("one two", 2), ("one two three", 1), ("two three", 2), ("three one", 1), ("two one", 0), ("one one", 0), ("one third", 0)]
    {
        assert_eq!(pair.agree_on(phrase(words)).await, hits, "{words}");
    }
}

/// Of tags and of what every document has; open ends too.
pub async fn both_ends_of_a_range_are_included(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    let documents: Vec<SearchDocument> = [-2.5, -1.0, 0.0, 0.5, 1e15, 3.0]
        .into_iter()
        .zip(1..)
        .map(|(number, id)| {
            let mut document = document(id, 1, "x");
            document.numbers.extend([(NumberField::Tag("size".to_owned()), number), (NumberField::Bytes, number)]);
            document
        })
        .collect();
    pair.upsert(&documents).await;
    pair.upsert(&[document(9, 1, "without")]).await;
    for field in [NumberField::Tag("size".to_owned()), NumberField::Bytes] {
        for (from, to, hits) in [
            (Some(-1.0), Some(0.5), 3),
            (Some(0.0), Some(0.0), 1),
            (Some(-0.0), Some(0.0), 1),
            (Some(0.6), Some(2.9), 0),
            (Some(0.5), None, 3),
            (None, Some(-1.0), 2),
            (None, None, 6),
        ] {
            let query = QueryNode::Range(field.clone(), from, to);
            assert_eq!(pair.agree_on(query).await, hits, "{field:?} {from:?}..{to:?}");
        }
    }
    assert_eq!(pair.agree_on(QueryNode::Range(NumberField::Tag("siz".to_owned()), None, None)).await, 0);
}

/// Trees of dice over worlds of dice.
pub async fn random_queries_find_what_the_referee_finds(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    let mut dice = Dice::new(31);
    for batch in 0..4 {
        let documents: Vec<SearchDocument> = (1..=15).map(|number| random_document(&mut dice, batch * 15 + number, 1)).collect();
        pair.upsert(&documents).await;
    }
    let mut found = 0;
    for _ in 0..400 {
        found += pair.agree_on(random_query(&mut dice, 3)).await;
    }
    assert!(found > 400, "the queries found next to nothing: they test nothing");
}

/// Scores fall; a word in the name counts more than one in a long list of files.
pub async fn the_better_hit_comes_first(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    let mut files = document(1, 1, "other");
    let long = "flights ".to_owned() + &"noise ".repeat(60);
    write_text(&mut files, TextField::Files, &[long.trim()]);
    let mut empty = document(3, 1, "third");
    write_text(&mut empty, TextField::Files, &["nothing of it"]);
    pair.upsert(&[files, document(2, 1, "flights"), empty]).await;
    let query =
        QueryNode::Or(vec![QueryNode::Token(TextField::All, "flight".to_owned()), QueryNode::Token(TextField::Name, "flight".to_owned())]);
    pair.agree_on(query.clone()).await;
    let request = SearchRequest { sort: Sort::Relevance, ..everything_that(query) };
    eventually("the order", &vec![package_id(2), package_id(1)], async || {
        let hits = index.search(&request).await.expect("an answer").hits;
        assert!(hits.is_sorted_by(|left, right| left.score >= right.score));
        hits.iter().map(|hit| hit.document.package_id).collect()
    })
    .await;
}
