//! Listing partitions and whole tables.

use std::collections::BTreeSet;

use domain::ports::{Order, PAGE_LIMIT_BYTES, PageKey, Query, Range, Scan, Tables, item_size};
use serde_json::json;

use super::{PARTITION, TABLE, delete, listing, pages, put, row, row_in, rows, scanned, sorts, store, text};

/// Sort keys whose order differs by characters, UTF-16 units and bytes.
const UNICODE: [&str; 12] = ["\u{1}", "A", "Z", "a", "a#1", "a#10", "a#2", "é", "日本", "\u{ff5e}", "\u{fffd}", "\u{1f600}"];

async fn store_sorts(tables: &dyn Tables, sorts: impl IntoIterator<Item = String>) {
    tables.write_many(sorts.into_iter().map(|sort| put(row(&sort, &[]))).collect()).await.expect("rows");
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| format!("{number:04}")).collect()
}

/// The order of UTF-8 bytes.
pub async fn a_partition_is_listed_in_order_of_the_sort_keys_bytes(tables: &dyn Tables) {
    store_sorts(tables, UNICODE.iter().rev().map(|sort| (*sort).to_owned())).await;
    tables.write(put(row_in("suit", "before", &[]))).await.expect("a put");
    tables.write(put(row_in("suite2", "behind", &[]))).await.expect("a put");
    assert_eq!(sorts(tables, listing()).await, UNICODE);
}

/// Backwards.
pub async fn both_directions_give_the_same_rows(tables: &dyn Tables) {
    store_sorts(tables, UNICODE.iter().map(|sort| (*sort).to_owned())).await;
    for limit in [1, 5, 1000] {
        let mut backwards = sorts(tables, Query { order: Order::Descending, limit, ..listing() }).await;
        backwards.reverse();
        assert_eq!(backwards, UNICODE, "{limit} a page");
    }
}

/// Prefixes and ranges, in both directions and any pages.
pub async fn ranges_hold_what_they_say(tables: &dyn Tables) {
    store_sorts(tables, UNICODE.iter().map(|sort| (*sort).to_owned())).await;
    let cases: Vec<(Range, Vec<&str>)> = vec![
        (Range::Prefix("a".to_owned()), vec!["a", "a#1", "a#10", "a#2"]),
        (Range::Prefix("a#1".to_owned()), vec!["a#1", "a#10"]),
        (Range::Prefix("日".to_owned()), vec!["日本"]),
        (Range::Prefix("\u{1f600}".to_owned()), vec!["\u{1f600}"]),
        (Range::Prefix("b".to_owned()), vec![]),
        (Range::Between("A".to_owned(), "a#1".to_owned()), vec!["A", "Z", "a", "a#1"]),
        (Range::Between("B".to_owned(), "a#11".to_owned()), vec!["Z", "a", "a#1", "a#10"]),
        (Range::Between("é".to_owned(), "é".to_owned()), vec!["é"]),
        (Range::Between("\u{ffff}".to_owned(), "\u{10ffff}".to_owned()), vec!["\u{1f600}"]),
        (Range::Between("b".to_owned(), "c".to_owned()), vec![]),
    ];
    for (range, expected) in cases {
        for limit in [1, 2, 1000] {
            let found = sorts(tables, Query { range: range.clone(), limit, ..listing() }).await;
            assert_eq!(found, expected, "{range:?}");
            let mut found = sorts(tables, Query { range: range.clone(), limit, order: Order::Descending, ..listing() }).await;
            found.reverse();
            assert_eq!(found, expected, "{range:?} backwards");
        }
    }
}

/// Pages by number.
pub async fn pages_end_at_their_limit_and_go_on_without_gap(tables: &dyn Tables) {
    store_sorts(tables, numbers(0..25)).await;
    for limit in [1, 7, 24, 25, 26, 1000] {
        let pages = pages(tables, Query { limit, ..listing() }).await;
        assert!(pages.iter().all(|page| page.items.len() <= limit as usize), "{limit} a page");
        let found: Vec<String> = pages.iter().flat_map(|page| &page.items).map(|item| text(item, "id")).collect();
        assert_eq!(found, numbers(0..25), "{limit} a page");
    }
}

/// Pages by size.
pub async fn pages_end_at_one_megabyte(tables: &dyn Tables) {
    let large = json!("x".repeat(300 * 1024));
    for number in 0..8 {
        store(tables, row(&number.to_string(), &[("large", large.clone())])).await;
    }
    for order in [Order::Ascending, Order::Descending] {
        let pages = pages(tables, Query { order, ..listing() }).await;
        assert!(pages.len() > 1, "eight rows of 300 KB are more than a page");
        for page in &pages {
            // DynamoDB may count the row that crosses the limit into the page.
            let bytes: usize = page.items.iter().map(item_size).sum();
            assert!(bytes <= PAGE_LIMIT_BYTES + 301 * 1024, "a page of {bytes} bytes");
        }
        assert_eq!(pages.iter().map(|page| page.items.len()).sum::<usize>(), 8);
    }
    assert_eq!(scanned(tables, TABLE, (0, 1), 1000).await.len(), 8);
}

/// Places made by the caller, also of rows that are gone.
pub async fn a_page_can_go_on_behind_any_row(tables: &dyn Tables) {
    store_sorts(tables, numbers(0..10)).await;
    let after = |sort: &str| Some(PageKey::of(TABLE, None, &row(sort, &[])));
    tables.write(delete("0004")).await.expect("a delete");
    let forward = sorts(tables, Query { after: after("0004"), limit: 2, ..listing() }).await;
    assert_eq!(forward, numbers(5..10));
    let mut backward = sorts(tables, Query { after: after("0004"), order: Order::Descending, limit: 3, ..listing() }).await;
    backward.reverse();
    assert_eq!(backward, numbers(0..4));
    assert_eq!(sorts(tables, Query { after: after("0009"), ..listing() }).await, Vec::<String>::new());
}

/// Writes between pages.
pub async fn rows_that_were_there_are_neither_missed_nor_doubled_while_others_write(tables: &dyn Tables) {
    for order in [Order::Ascending, Order::Descending] {
        let old: Vec<String> = numbers(0..60).into_iter().map(|number| format!("{number}-old")).collect();
        store_sorts(tables, old.clone()).await;
        let mut query = Query { order, limit: 7, ..listing() };
        let mut found = Vec::new();
        for round in 0.. {
            let page = tables.query(query.clone()).await.expect("a page");
            found.extend(page.items.iter().map(|item| text(item, "id")).filter(|sort| sort.ends_with("-old")));
            let Some(next) = page.next else { break };
            // New rows around the place where the page ended, and everywhere else; rewritten old ones.
            let place = next.attribute("id").to_owned();
            let new = [format!("{place}\u{0}"), format!("{place}-{round}"), format!("{:04}-{round}", round * 5), format!("{round}")];
            store_sorts(tables, new).await;
            store(tables, row(&old[(round * 11) % old.len()], &[("round", json!(round))])).await;
            tables.write(delete(&format!("{place}\u{0}"))).await.expect("a delete");
            query.after = Some(next);
        }
        if order == Order::Descending {
            found.reverse();
        }
        assert_eq!(found, old);
    }
}

/// Nothing.
pub async fn an_absent_partition_is_an_empty_page(tables: &dyn Tables) {
    store_sorts(tables, numbers(0..3)).await;
    for partition in ["nobody", "suit", "suite\u{0}"] {
        let page = tables.query(Query { partition: partition.to_owned(), ..listing() }).await.expect("a page");
        assert_eq!((page.items.len(), page.next), (0, None));
    }
}

async fn store_partitions(tables: &dyn Tables, partitions: u32) -> BTreeSet<(String, String)> {
    let keys: BTreeSet<(String, String)> =
        (0..partitions).flat_map(|partition| (0..3).map(move |sort| (format!("partition {partition}"), sort.to_string()))).collect();
    tables.write_many(keys.iter().map(|(partition, sort)| put(row_in(partition, sort, &[]))).collect()).await.expect("rows");
    keys
}

/// Segments.
pub async fn segments_of_a_scan_cover_every_row_once(tables: &dyn Tables) {
    let keys = store_partitions(tables, 40).await;
    for (segments, limit) in [(1, 1000), (1, 7), (2, 10), (5, 4), (64, 1000)] {
        let mut found = Vec::new();
        for segment in 0..segments {
            let items = scanned(tables, TABLE, (segment, segments), limit).await;
            found.extend(items.iter().map(|item| (text(item, "kind"), text(item, "id"))));
        }
        assert_eq!(found.len(), keys.len(), "{segments} segments");
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), keys, "{segments} segments");
    }
}

/// Writes between pages of a scan.
pub async fn scans_go_on_while_others_write(tables: &dyn Tables) {
    let keys = store_partitions(tables, 30).await;
    let mut scan = Scan { table: TABLE, segment: 0, segments: 1, limit: 8, after: None };
    let mut found = Vec::new();
    for round in 0.. {
        let page = tables.scan(scan.clone()).await.expect("a page");
        found.extend(page.items.iter().map(|item| (text(item, "kind"), text(item, "id"))).filter(|key| keys.contains(key)));
        let Some(next) = page.next else { break };
        scan.after = Some(next);
        for number in 0..5 {
            tables.write(put(row_in(&format!("new {round} {number}"), "0", &[]))).await.expect("a put");
        }
        tables.write(put(row_in("partition 7", "1", &[("round", json!(round))]))).await.expect("a put");
        assert!(round < 1000, "the scan never ends");
    }
    assert_eq!(found.len(), keys.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), keys);
    assert!(rows(tables, Query { partition: PARTITION.to_owned(), ..listing() }).await.is_empty());
}
