//! Checks of writes: versions, removals, what a hit shows.

use domain::search::{Indexed, QueryNode, SearchDocument, TermField, TextField};

use super::{
    Pair, RebuildableIndex, eventually, everything_that,
    world::{Dice, document, random_document},
};
use crate::builders::package_id;

fn token(text: &str) -> QueryNode {
    QueryNode::Token(TextField::All, text.to_owned())
}

/// A lower sequence never replaces a higher one; an equal one is written again.
pub async fn an_equal_or_newer_version_is_written_and_a_lower_one_is_stale(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    for (sequence, name, outcome) in [
        (5, "first", Indexed::Applied),
        (5, "again", Indexed::Applied),
        (4, "late", Indexed::Stale),
        (9, "new", Indexed::Applied),
        (5, "later", Indexed::Stale),
    ] {
        assert_eq!(pair.upsert(&[document(1, sequence, name)]).await, [outcome], "{name}");
    }
    assert_eq!(pair.agree_on(token("new")).await, 1);
    assert_eq!(pair.agree_on(QueryNode::Everything).await, 1);
}

/// A batch behaves as its documents one after the other, and a stale one holds up no other.
pub async fn versions_within_one_batch_are_decided_in_their_order(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    let batch = [document(1, 2, "second"), document(2, 1, "other"), document(1, 1, "first"), document(1, 2, "again")];
    assert_eq!(pair.upsert(&batch).await, [Indexed::Applied, Indexed::Applied, Indexed::Stale, Indexed::Applied]);
    assert_eq!(pair.agree_on(token("again")).await, 1);
    assert_eq!(pair.agree_on(token("other")).await, 1);
    assert_eq!(pair.agree_on(QueryNode::Everything).await, 2);
    assert_eq!(pair.upsert(&[]).await, []);
}

/// A removal is remembered with its sequence, also of a document that was never there.
pub async fn a_late_older_upsert_does_not_bring_a_removed_document_back(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    pair.upsert(&[document(1, 3, "gone"), document(2, 3, "stays")]).await;
    assert_eq!(pair.remove(&[(package_id(1), 5), (package_id(7), 5)]).await, [Indexed::Applied, Indexed::Applied]);
    let late = [document(1, 4, "gone"), document(7, 4, "never")];
    assert_eq!(pair.upsert(&late).await, [Indexed::Stale, Indexed::Stale]);
    assert_eq!(pair.agree_on(QueryNode::Everything).await, 1);
    assert_eq!(pair.upsert(&[document(1, 6, "back")]).await, [Indexed::Applied]);
    assert_eq!(pair.agree_on(token("back")).await, 1);
}

/// Nothing is removed by an older removal.
pub async fn a_removal_that_is_older_than_the_document_is_stale(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    pair.upsert(&[document(1, 5, "stays")]).await;
    assert_eq!(pair.remove(&[(package_id(1), 4)]).await, [Indexed::Stale]);
    assert_eq!(pair.agree_on(token("stay")).await, 1);
    assert_eq!(pair.remove(&[(package_id(1), 5)]).await, [Indexed::Applied]);
    assert_eq!(pair.agree_on(QueryNode::Everything).await, 0);
}

/// Nothing of the replaced version is found, counted or suggested any more.
pub async fn an_updated_document_is_found_by_its_new_words_only(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    let mut dice = Dice::new(3);
    for sequence in 1..=12 {
        let documents: Vec<SearchDocument> = (1..=8).map(|number| random_document(&mut dice, number, sequence)).collect();
        pair.upsert(&documents).await;
    }
    for word in ["flight", "delay", "weather", "oil", "citie"] {
        pair.agree_on(token(word)).await;
    }
    pair.agree_on(QueryNode::Not(Box::new(token("flight")))).await;
    pair.agree_on(QueryNode::TermPrefix(TermField::Tag, "level=".to_owned())).await;
}

/// Everything that is shown comes back as it was written.
pub async fn a_hit_shows_the_document_as_it_was_written(index: &dyn RebuildableIndex) {
    let mut written = random_document(&mut Dice::new(11), 1, 3);
    written.description = "<b>Größe</b>\n\u{1f680} \"x\"".to_owned();
    written.truncated = true;
    Pair::new(index).upsert(std::slice::from_ref(&written)).await;
    let shown = |document: &SearchDocument| {
        let mut document = document.clone();
        document.text.clear();
        document.spelled.clear();
        document.numbers.clear();
        document.words.clear();
        document.terms.clear();
        document
    };
    eventually("the hit", &vec![shown(&written)], async || {
        let results = index.search(&everything_that(QueryNode::Everything)).await.expect("an answer");
        results.hits.iter().map(|hit| shown(&hit.document)).collect()
    })
    .await;
}
