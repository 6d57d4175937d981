//! Indexes and aliases: made once, rebuilt by one process while others write, never made by accident.

use domain::{
    PortErrorKind,
    ports::{SearchIndex, SearchRebuild},
    search::{Indexed, QueryNode, TextField},
};
use opensearch::http::Method;
use testkit::builders::package_id;

use crate::support::{document, everything_that, holds, index_at, indexes, newest, prefix, told};

fn left_out() -> bool {
    test_servers::left_out("OpenSearch")
}

#[tokio::test]
async fn many_processes_make_one_index_at_first_use_with_its_mapping() {
    if left_out() {
        return;
    }
    let prefix = prefix();
    let processes: Vec<_> = (1..=8).map(|number| (number, index_at(&newest(), &prefix))).collect();
    let writes = processes
        .iter()
        .map(async |(number, index)| SearchIndex::upsert_many(index, &[document(*number, 1, "one")]).await.expect("writes"));
    for outcome in futures::future::join_all(writes).await {
        assert_eq!(outcome, [Indexed::Applied]);
    }
    holds(&processes[0].1, &[1, 2, 3, 4, 5, 6, 7, 8]).await;
    let live = format!("{prefix}-packages");
    assert_eq!(indexes(&prefix).await, [(format!("{live}-1"), vec![live.clone()])]);
    let mapping = told(Method::Get, &format!("{live}/_mapping")).await;
    assert_eq!(mapping[format!("{live}-1")]["mappings"]["dynamic"], "false");
    let settings = told(Method::Get, &format!("{live}/_settings")).await;
    assert_eq!(settings[format!("{live}-1")]["settings"]["index"]["number_of_shards"], "1");
}

#[tokio::test]
async fn a_search_before_the_first_write_finds_nothing() {
    if left_out() {
        return;
    }
    let index = index_at(&newest(), &prefix());
    index.connect().await.expect("answers");
    assert_eq!(index.search(&everything_that(QueryNode::Everything)).await.expect("an answer").total, 0);
    assert!(index.ids(None, 10).await.expect("ids").is_empty());
}

#[tokio::test]
async fn what_another_process_writes_during_a_rebuild_is_in_the_new_index() {
    if left_out() {
        return;
    }
    let prefix = prefix();
    let (rebuilding, other) = (index_at(&newest(), &prefix), index_at(&newest(), &prefix));
    let written = SearchIndex::upsert_many(&other, &[document(1, 1, "old"), document(2, 1, "two"), document(3, 1, "three")]).await;
    assert_eq!(written.expect("writes"), [Indexed::Applied; 3]);
    rebuilding.begin().await.expect("begins");
    assert_eq!(SearchIndex::upsert_many(&other, &[document(4, 1, "four")]).await.expect("writes"), [Indexed::Applied]);
    assert_eq!(other.remove_many(&[(package_id(2), 2)]).await.expect("removes"), [Indexed::Applied]);
    let rebuilt = SearchRebuild::upsert_many(&rebuilding, &[document(1, 1, "new"), document(2, 1, "late")]).await;
    assert_eq!(rebuilt.expect("writes"), [Indexed::Applied, Indexed::Stale]);
    rebuilding.swap().await.expect("swaps");
    holds(&other, &[1, 4]).await;
    let live = format!("{prefix}-packages");
    assert_eq!(indexes(&prefix).await, [(format!("{live}-2"), vec![live])]);
    let new = everything_that(QueryNode::Token(TextField::All, "new".to_owned()));
    assert_eq!(other.search(&new).await.expect("an answer").total, 1);
}

#[tokio::test]
async fn a_rebuild_removes_what_a_broken_off_one_left_behind() {
    if left_out() {
        return;
    }
    let prefix = prefix();
    let index = index_at(&newest(), &prefix);
    let live = format!("{prefix}-packages");
    SearchIndex::upsert_many(&index, &[document(1, 1, "one")]).await.expect("writes");
    // As after a swap whose last step never came, beside an index of somebody whose name begins like ours.
    for stray in [format!("{live}-7"), format!("{live}-b-packages-1")] {
        assert_eq!(told(Method::Put, &stray).await["acknowledged"], true);
    }
    index.begin().await.expect("begins");
    index.begin().await.expect("begins again");
    let mut found = indexes(&prefix).await;
    found.sort();
    let wanted = [
        (format!("{live}-1"), vec![live.clone()]),
        (format!("{live}-2"), vec![format!("{live}-next")]),
        (format!("{live}-b-packages-1"), Vec::new()),
    ];
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn of_two_rebuilds_at_once_one_index_is_left_that_takes_writes() {
    if left_out() {
        return;
    }
    let prefix = prefix();
    let (one, other) = (index_at(&newest(), &prefix), index_at(&newest(), &prefix));
    SearchIndex::upsert_many(&one, &[document(1, 1, "one")]).await.expect("writes");
    // The slower one may find its index dropped already.
    let (first, second) = tokio::join!(one.begin(), other.begin());
    assert!(first.is_ok() || second.is_ok(), "{first:?} {second:?}");
    let next = format!("{prefix}-packages-next");
    let leading = indexes(&prefix).await.into_iter().filter(|(_, aliases)| aliases.contains(&next)).count();
    assert_eq!(leading, 1);
    assert_eq!(SearchIndex::upsert_many(&one, &[document(2, 1, "two")]).await.expect("writes"), [Indexed::Applied]);
    one.swap().await.expect("swaps");
    holds(&other, &[2]).await;
}

#[tokio::test]
async fn the_greatest_sequence_removes_for_good() {
    if left_out() {
        return;
    }
    let index = index_at(&newest(), &prefix());
    let last = i64::MAX.unsigned_abs();
    SearchIndex::upsert_many(&index, &[document(1, 5, "one")]).await.expect("writes");
    assert_eq!(index.remove_many(&[(package_id(1), last)]).await.expect("removes"), [Indexed::Applied]);
    assert_eq!(index.remove_many(&[(package_id(1), last)]).await.expect("again"), [Indexed::Applied]);
    assert_eq!(SearchIndex::upsert_many(&index, &[document(1, last - 1, "late")]).await.expect("writes"), [Indexed::Stale]);
    index.begin().await.expect("begins");
    assert_eq!(SearchRebuild::upsert_many(&index, &[document(1, last - 1, "late")]).await.expect("writes"), [Indexed::Stale]);
    index.swap().await.expect("swaps");
    holds(&index, &[]).await;
}

#[tokio::test]
async fn a_batch_of_many_megabytes_is_written_in_the_order_of_its_documents() {
    if left_out() {
        return;
    }
    let index = index_at(&newest(), &prefix());
    // Each with a megabyte to show: the batch is more than the cluster's service takes in one request.
    let large = |number, sequence| {
        let mut document = document(number, sequence, "large");
        document.description = "x".repeat(1024 * 1024);
        document
    };
    let mut batch: Vec<_> = (1..=14).map(|number| large(number, 2)).collect();
    batch.insert(12, large(1, 1));
    let outcomes = SearchIndex::upsert_many(&index, &batch).await.expect("writes");
    let wanted: Vec<Indexed> = (0..15).map(|place| if place == 12 { Indexed::Stale } else { Indexed::Applied }).collect();
    assert_eq!(outcomes, wanted);
    holds(&index, &(1..=14).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn bytes_are_added_up_exactly_beyond_what_floating_point_can() {
    if left_out() {
        return;
    }
    let index = index_at(&newest(), &prefix());
    let sized = |number, bytes| domain::search::SearchDocument { bytes, ..document(number, 1, "x") };
    let sizes = [(1_u64 << 53) + 1, (1 << 53) + 3, 7, u64::from(u32::MAX)];
    let documents: Vec<_> = (1..).zip(sizes).map(|(number, bytes)| sized(number, bytes)).collect();
    SearchIndex::upsert_many(&index, &documents).await.expect("writes");
    holds(&index, &[1, 2, 3, 4]).await;
    let everybody = domain::search::VisibilityFilter { any_of: None, packages: None };
    assert_eq!(index.stats(&everybody, "ann").await.expect("an answer").bytes, sizes.iter().sum::<u64>());
}

#[tokio::test]
async fn a_query_that_nests_as_deep_as_the_language_allows_is_answered() {
    if left_out() {
        return;
    }
    let index = index_at(&newest(), &prefix());
    SearchIndex::upsert_many(&index, &[document(1, 1, "one")]).await.expect("writes");
    holds(&index, &[1]).await;
    let mut query = QueryNode::Token(TextField::All, "one".to_owned());
    for _ in 0..20 {
        query = QueryNode::Not(Box::new(QueryNode::Or(vec![QueryNode::And(vec![query, QueryNode::Everything]), QueryNode::Nothing])));
    }
    assert_eq!(index.search(&everything_that(query)).await.expect("an answer").total, 1);
}

#[tokio::test]
async fn nothing_was_begun_is_told_also_where_there_is_no_index_at_all() {
    if left_out() {
        return;
    }
    let index = index_at(&newest(), &prefix());
    assert!(index.swap().await.expect_err("nothing was begun").is(PortErrorKind::NotFound));
    assert!(SearchRebuild::upsert_many(&index, &[]).await.expect_err("nothing was begun").is(PortErrorKind::NotFound));
}
