//! The contract of the port `Tables`, one check per promise, and that of a change feed.
//!
//! An adapter calls [`tables_suite!`](crate::tables_suite) with the path of an `async fn() -> (Arc<dyn Tables>, Guard)` that
//! makes empty tables; the guard is kept while a check runs. `unless = path` names a `fn() -> bool` that tells whether the
//! checks are left out. A home with a feed calls
//! [`change_feed_suite!`](crate::change_feed_suite) with one that makes a [`feed::FeedFixture`].

pub mod concurrency;
pub mod feed;
pub mod indexes;
pub mod limits;
pub mod listings;
pub mod reads;
pub mod transactions;
pub mod writes;

use std::time::{Duration, Instant};

use domain::{
    PortErrorKind, PortResult,
    ports::{Index, Item, Key, Order, Page, PageKey, Query, Range, Scan, Table, Tables, Value, Write},
};

/// One `#[tokio::test]` for each promise of the port `Tables`, so that a broken one is named.
#[macro_export]
macro_rules! tables_suite {
    ($fixture:path) => {
        $crate::tables_suite! { $fixture, unless = $crate::tables::nothing_is_left_out }
    };
    ($fixture:path, unless = $left_out:path) => {
        $crate::tables_suite! { @checks $fixture, $left_out;
            reads {
                rows_come_back_in_the_order_of_the_keys_and_none_for_absent_ones, any_number_of_keys_can_be_read,
                every_kind_of_value_comes_back_as_it_was, whole_numbers_have_one_notation, consistent_reads_see_what_was_acknowledged,
            }
            writes {
                a_put_replaces_the_whole_row, a_delete_removes_the_row_and_an_absent_one_is_no_error,
                an_update_changes_only_what_it_names, an_update_makes_an_absent_row,
                adding_counts_from_zero_and_keeps_integers_exact, each_condition_holds_or_fails_on_a_stored_row,
                each_condition_holds_or_fails_on_an_absent_row, a_failed_condition_changes_nothing,
                conditions_are_joined, batches_of_any_number_are_written, tables_do_not_share_rows,
            }
            transactions {
                a_transaction_writes_everything, a_failed_condition_undoes_all_and_tells_its_position,
                all_failed_positions_are_told, a_check_guards_without_writing, a_hundred_rows_fit_and_one_more_does_not,
                the_same_row_twice_is_refused, four_megabytes_at_most, transactions_reach_over_tables,
            }
            listings {
                a_partition_is_listed_in_order_of_the_sort_keys_bytes, both_directions_give_the_same_rows,
                ranges_hold_what_they_say, pages_end_at_their_limit_and_go_on_without_gap, pages_end_at_one_megabyte,
                a_page_can_go_on_behind_any_row, rows_that_were_there_are_neither_missed_nor_doubled_while_others_write,
                an_absent_partition_is_an_empty_page, segments_of_a_scan_cover_every_row_once,
                scans_go_on_while_others_write,
            }
            indexes {
                an_index_holds_the_rows_that_have_both_attributes, an_index_follows_updates_and_deletes,
                an_index_is_ordered_and_paged, rows_that_share_a_place_are_all_listed, an_index_gives_whole_rows,
                index_ranges_hold_what_they_say, an_index_page_can_go_on_behind_any_row,
            }
            limits {
                rows_of_400_kilobytes_fit_and_greater_ones_do_not, an_update_can_not_grow_a_row_beyond_400_kilobytes,
                keys_fit_up_to_their_limits, empty_keys_are_refused, empty_texts_are_values,
                attributes_of_an_indexs_key_are_texts, attributes_without_a_name_are_refused, numbers_that_can_not_be_stored_are_refused,
                malformed_updates_are_refused, malformed_conditions_are_refused, malformed_batches_are_refused,
                malformed_queries_are_refused, malformed_scans_are_refused, nothing_is_written_by_what_is_refused,
            }
            concurrency {
                a_hundred_additions_at_once_all_count, of_many_creations_one_wins, of_many_guarded_updates_none_is_lost,
                transactions_that_cross_keep_the_sum,
            }
        }
    };
    (@checks $fixture:path, $left_out:path; $($group:ident { $($check:ident),* $(,)? })*) => {
        $(mod $group {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                if $left_out() {
                    return;
                }
                let (tables, _guard) = $fixture().await;
                $crate::tables::$group::$check(&*tables).await;
            })*
        })*
    };
}

/// One `#[tokio::test]` for each promise of a change feed.
#[macro_export]
macro_rules! change_feed_suite {
    ($fixture:path) => {
        $crate::change_feed_suite! { $fixture, unless = $crate::tables::nothing_is_left_out }
    };
    ($fixture:path, unless = $left_out:path) => {
        $crate::change_feed_suite! { @checks $fixture, $left_out;
            a_change_shows_the_row_before_and_after, a_write_that_changes_nothing_is_not_told, a_refused_write_is_not_told,
            changes_of_a_row_come_in_the_order_of_its_writes, all_rows_of_a_transaction_are_told,
            many_writers_are_told_completely, reading_goes_on_behind_any_entry, a_restart_goes_on_behind_the_acknowledged_entry,
            what_is_not_acknowledged_comes_again,
        }
    };
    (@checks $fixture:path, $left_out:path; $($check:ident),* $(,)?) => {
        mod change_feed {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                if $left_out() {
                    return;
                }
                let mut fixture = $fixture().await;
                $crate::tables::feed::$check(&mut fixture).await;
            })*
        }
    };
}

/// What [`tables_suite!`](crate::tables_suite) asks where a home is always there.
#[must_use]
pub fn nothing_is_left_out() -> bool {
    false
}

/// The table of most checks: it has no index.
const TABLE: Table = Table::Settings;

/// The partition of most checks.
const PARTITION: &str = "suite";

/// A row of [`TABLE`] with other attributes.
fn row(sort: &str, attributes: &[(&str, Value)]) -> Item {
    row_in(PARTITION, sort, attributes)
}

fn row_in(partition: &str, sort: &str, attributes: &[(&str, Value)]) -> Item {
    keyed(TABLE, partition, sort, attributes)
}

fn keyed(table: Table, partition: &str, sort: &str, attributes: &[(&str, Value)]) -> Item {
    let schema = table.schema();
    let mut item: Item = attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    item.insert(schema.partition.to_owned(), partition.into());
    item.insert(schema.sort.to_owned(), sort.into());
    item
}

fn key(sort: &str) -> Key {
    Key::new(PARTITION, sort)
}

fn put(item: Item) -> Write {
    put_in(TABLE, item)
}

fn put_in(table: Table, item: Item) -> Write {
    Write::Put { table, item, condition: None }
}

fn delete(sort: &str) -> Write {
    Write::Delete { table: TABLE, key: key(sort), condition: None }
}

/// Writes and expects it to be done.
async fn store(tables: &dyn Tables, item: Item) {
    tables.write(put(item)).await.expect("a plain put is stored");
}

/// The stored row of [`TABLE`], read consistently.
async fn stored(tables: &dyn Tables, sort: &str) -> Option<Item> {
    stored_in(tables, TABLE, key(sort)).await
}

async fn stored_in(tables: &dyn Tables, table: Table, key: Key) -> Option<Item> {
    tables.get_many(table, &[key], true).await.expect("a key is read").pop().expect("one answer per key")
}

/// A consistent query of [`PARTITION`] with pages of any size.
fn listing() -> Query {
    Query {
        table: TABLE,
        index: None,
        partition: PARTITION.to_owned(),
        range: Range::All,
        order: Order::Ascending,
        limit: 1000,
        after: None,
        consistent: true,
    }
}

fn index_listing(table: Table, index: Index, partition: &str) -> Query {
    Query { table, index: Some(index), partition: partition.to_owned(), consistent: false, ..listing() }
}

/// All pages of a query.
async fn pages(tables: &dyn Tables, mut query: Query) -> Vec<Page> {
    let mut pages = Vec::new();
    loop {
        let page = tables.query(query.clone()).await.expect("a page");
        query.after.clone_from(&page.next);
        pages.push(page);
        if query.after.is_none() {
            return pages;
        }
        assert!(pages.len() < 10_000, "pages never end");
    }
}

/// All rows of a query.
async fn rows(tables: &dyn Tables, query: Query) -> Vec<Item> {
    pages(tables, query).await.into_iter().flat_map(|page| page.items).collect()
}

/// The sort keys of all rows of a query.
async fn sorts(tables: &dyn Tables, query: Query) -> Vec<String> {
    let name = query.table.schema().sort;
    rows(tables, query).await.iter().map(|item| text(item, name)).collect()
}

fn text(item: &Item, name: &str) -> String {
    item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// All rows of a segment, `limit` a page.
async fn scanned(tables: &dyn Tables, table: Table, (segment, segments): (u32, u32), limit: u32) -> Vec<Item> {
    let mut items = Vec::new();
    let mut after: Option<PageKey> = None;
    loop {
        let page = tables.scan(Scan { table, segment, segments, limit, after }).await.expect("a page");
        assert!(page.items.len() <= limit as usize, "a page has at most {limit} rows");
        items.extend(page.items);
        after = page.next;
        if after.is_none() {
            return items;
        }
        assert!(items.len() < 100_000, "the scan never ends");
    }
}

fn expect_kind<T>(result: PortResult<T>, kind: PortErrorKind, what: &str) {
    match result {
        Ok(_) => panic!("{what}: expected {kind:?}, but it was done"),
        Err(error) => assert_eq!(error.kind(), kind, "{what}: {error}"),
    }
}

/// Asks until the answer is `expected`: what an index shows may lag behind.
async fn eventually<T, F>(expected: T, what: &str, mut ask: impl FnMut() -> F)
where
    T: PartialEq + std::fmt::Debug,
    F: Future<Output = T>,
{
    let begin = Instant::now();
    loop {
        let answer = ask().await;
        if answer == expected {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(15), "{what}: still {answer:?}, expected {expected:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Tries again what the port says may succeed a little later.
async fn persistently<F: Future<Output = PortResult<()>>>(mut attempt: impl FnMut() -> F) -> PortResult<()> {
    let begin = Instant::now();
    loop {
        match attempt().await {
            Err(error) if error.is_temporary() && begin.elapsed() < Duration::from_secs(20) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            done => return done,
        }
    }
}
