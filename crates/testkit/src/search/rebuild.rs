//! Checks of rebuilding: the live index answers until the new one stands, and no write is lost between them.

use std::{collections::BTreeSet, sync::Mutex};

use domain::{
    PackageId, PortErrorKind,
    ports::{SearchIndex, SearchRebuild},
    search::{Indexed, QueryNode, SearchDocument, TextField},
};

use super::{Pair, RebuildableIndex, eventually, everything_that, world::document};
use crate::builders::package_id;

async fn live_ids(index: &dyn RebuildableIndex) -> Vec<PackageId> {
    index.ids(None, 10_000).await.expect("ids")
}

fn ids(numbers: impl IntoIterator<Item = u64>) -> Vec<PackageId> {
    numbers.into_iter().map(package_id).collect()
}

async fn live_upsert(index: &dyn RebuildableIndex, documents: &[SearchDocument]) -> Vec<Indexed> {
    SearchIndex::upsert_many(index, documents).await.expect("the index writes")
}

async fn rebuild_upsert(index: &dyn RebuildableIndex, documents: &[SearchDocument]) -> Vec<Indexed> {
    SearchRebuild::upsert_many(index, documents).await.expect("the new index writes")
}

/// Both say that there is nothing to write to.
pub async fn a_rebuild_that_was_not_begun_can_not_be_written_or_swapped(index: &dyn RebuildableIndex) {
    live_upsert(index, &[document(1, 1, "stays")]).await;
    let error = SearchRebuild::upsert_many(index, &[document(2, 1, "x")]).await.expect_err("nothing was begun");
    assert!(error.is(PortErrorKind::NotFound));
    assert!(index.swap().await.expect_err("nothing was begun").is(PortErrorKind::NotFound));
    index.begin().await.expect("begins");
    index.swap().await.expect("swaps");
    assert!(index.swap().await.expect_err("it is swapped already").is(PortErrorKind::NotFound));
    eventually("an empty index took its place", &Vec::new(), async || live_ids(index).await).await;
}

/// What is only in the old index goes, what was written meanwhile stays.
pub async fn a_swap_shows_the_new_index_with_all_live_writes_since_it_was_begun(index: &dyn RebuildableIndex) {
    let pair = Pair::new(index);
    pair.upsert(&[document(1, 1, "orphan"), document(2, 1, "old"), document(3, 1, "three")]).await;
    index.begin().await.expect("begins");
    SearchRebuild::begin(&pair.referee).await.expect("begins");
    pair.upsert(&[document(4, 1, "four"), document(3, 2, "three anew")]).await;
    pair.remove(&[(package_id(2), 2)]).await;
    for document in [document(2, 1, "old"), document(3, 1, "three")] {
        assert_eq!(rebuild_upsert(index, std::slice::from_ref(&document)).await, [Indexed::Stale]);
    }
    let rebuilt = [document(5, 1, "five")];
    assert_eq!(rebuild_upsert(index, &rebuilt).await, [Indexed::Applied]);
    SearchRebuild::upsert_many(&pair.referee, &rebuilt).await.expect("writes");
    eventually("before the swap", &ids([1, 3, 4]), async || live_ids(index).await).await;
    index.swap().await.expect("swaps");
    SearchRebuild::swap(&pair.referee).await.expect("swaps");
    eventually("after the swap", &ids([3, 4, 5]), async || live_ids(index).await).await;
    assert_eq!(pair.agree_on(QueryNode::Token(TextField::All, "anew".to_owned())).await, 1);
    assert_eq!(pair.agree_on(QueryNode::Token(TextField::All, "orphan".to_owned())).await, 0);
    pair.upsert(&[document(6, 1, "after")]).await;
    assert_eq!(pair.agree_on(QueryNode::Everything).await, 4);
}

/// Nor an older live write what the rebuild read newer.
pub async fn a_rebuild_does_not_overwrite_a_newer_live_write(index: &dyn RebuildableIndex) {
    index.begin().await.expect("begins");
    assert_eq!(rebuild_upsert(index, &[document(1, 5, "five")]).await, [Indexed::Applied]);
    assert_eq!(live_upsert(index, &[document(1, 4, "four")]).await, [Indexed::Applied]);
    assert_eq!(live_upsert(index, &[document(2, 7, "seven")]).await, [Indexed::Applied]);
    assert_eq!(rebuild_upsert(index, &[document(2, 6, "six"), document(2, 7, "seven")]).await, [Indexed::Stale, Indexed::Applied]);
    index.swap().await.expect("swaps");
    let names = async || {
        let results = index.search(&everything_that(QueryNode::Everything)).await.expect("an answer");
        let mut names: Vec<String> = results.hits.into_iter().map(|hit| hit.document.name).collect();
        names.sort();
        names
    };
    eventually("the newer of each", &vec!["five".to_owned(), "seven".to_owned()], names).await;
}

/// A late upsert is still late in the new index.
pub async fn removals_are_remembered_across_a_rebuild(index: &dyn RebuildableIndex) {
    live_upsert(index, &[document(1, 1, "one"), document(2, 1, "two")]).await;
    index.remove_many(&[(package_id(1), 9)]).await.expect("removes");
    index.begin().await.expect("begins");
    assert_eq!(rebuild_upsert(index, &[document(1, 8, "late"), document(2, 1, "two")]).await, [Indexed::Stale, Indexed::Applied]);
    index.remove_many(&[(package_id(2), 3)]).await.expect("removes");
    index.swap().await.expect("swaps");
    assert_eq!(live_upsert(index, &[document(1, 8, "late"), document(2, 2, "late")]).await, [Indexed::Stale, Indexed::Stale]);
    eventually("nothing is there", &Vec::new(), async || live_ids(index).await).await;
}

/// Somebody took it out of the index by hand: the rows know better.
pub async fn a_rebuild_brings_back_what_was_removed_in_the_version_that_it_reads(index: &dyn RebuildableIndex) {
    live_upsert(index, &[document(1, 5, "one")]).await;
    index.remove_many(&[(package_id(1), 5)]).await.expect("removes");
    index.begin().await.expect("begins");
    assert_eq!(rebuild_upsert(index, &[document(1, 5, "one")]).await, [Indexed::Applied]);
    index.swap().await.expect("swaps");
    eventually("it is back", &ids([1]), async || live_ids(index).await).await;
}

/// What the first rebuild wrote is not in the second.
pub async fn a_second_begin_drops_the_unfinished_index(index: &dyn RebuildableIndex) {
    index.begin().await.expect("begins");
    rebuild_upsert(index, &[document(1, 1, "one")]).await;
    index.begin().await.expect("begins again");
    rebuild_upsert(index, &[document(2, 1, "two")]).await;
    index.swap().await.expect("swaps");
    eventually("the second", &ids([2]), async || live_ids(index).await).await;
}

/// From one writer, a rebuild and readers at once: every search sees all documents that were there before, and in the end
/// nothing is missing.
pub async fn searches_answer_whole_while_an_index_is_rebuilt(index: &dyn RebuildableIndex) {
    let first: Vec<SearchDocument> = (1..=30).map(|number| document(number, 1, "first")).collect();
    live_upsert(index, &first).await;
    eventually("the first", &ids(1..=30), async || live_ids(index).await).await;
    // As packages' rows are: there before the index is told, and read after a rebuild was begun. What an index finds is no
    // measure of it: a cluster finds what it took a moment later.
    let rows = Mutex::new(BTreeSet::new());
    let written = async {
        for number in 31..=45 {
            rows.lock().expect("no panic while locked").insert(number);
            assert_eq!(live_upsert(index, &[document(number, 1, "live")]).await, [Indexed::Applied]);
        }
    };
    let rebuilt = async {
        for _ in 0..2 {
            index.begin().await.expect("begins");
            for batch in first.chunks(10) {
                rebuild_upsert(index, batch).await;
            }
            let others: Vec<SearchDocument> =
                rows.lock().expect("no panic while locked").iter().map(|number| document(*number, 1, "live")).collect();
            rebuild_upsert(index, &others).await;
            index.swap().await.expect("swaps");
        }
    };
    let asked = async {
        for _ in 0..60 {
            let total =
                index.search(&everything_that(QueryNode::Token(TextField::All, "first".to_owned()))).await.expect("an answer").total;
            assert_eq!(total, 30);
        }
    };
    futures::join!(written, rebuilt, asked);
    eventually("everything", &ids(1..=45), async || live_ids(index).await).await;
}

/// Behind the last one, without removed ones.
pub async fn ids_are_paged_in_ascending_order(index: &dyn RebuildableIndex) {
    for batch in [[5, 1, 9], [2, 8, 4], [7, 3, 6]] {
        live_upsert(index, &batch.map(|number| document(number, 1, "x"))).await;
    }
    index.remove_many(&[(package_id(4), 2), (package_id(20), 1)]).await.expect("removes");
    eventually("all", &ids([1, 2, 3, 5, 6, 7, 8, 9]), async || live_ids(index).await).await;
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = index.ids(after, 3).await.expect("ids");
        assert!(page.len() <= 3);
        after = page.last().copied();
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    assert_eq!(found, ids([1, 2, 3, 5, 6, 7, 8, 9]));
}
