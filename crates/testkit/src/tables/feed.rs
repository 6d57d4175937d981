//! What a change feed promises.

use async_trait::async_trait;
use domain::{
    PortErrorKind,
    change::Change,
    ports::{Condition, Item, Tables, Update, Write},
};
use futures::future::join_all;
use serde_json::json;

use super::{PARTITION, TABLE, delete, expect_kind, key, put, row, store};

/// Tables with their feed, as seen by one consumer.
#[async_trait]
pub trait FeedFixture: Send {
    /// The tables.
    fn tables(&self) -> &dyn Tables;

    /// Entries behind `after`, at most `limit`, each with its place.
    async fn read(&mut self, after: i64, limit: u32) -> Vec<(i64, Change)>;

    /// Where to go on after a start: the place that was acknowledged last.
    async fn position(&mut self) -> i64;

    /// Says that everything up to this place is done.
    async fn acknowledge(&mut self, upto: i64);

    /// Closes everything and opens it anew.
    async fn restart(&mut self);
}

async fn all(fixture: &mut dyn FeedFixture) -> Vec<Change> {
    entries(fixture).await.into_iter().map(|(_, change)| change).collect()
}

/// Everything behind the acknowledged place, read in small steps.
async fn entries(fixture: &mut dyn FeedFixture) -> Vec<(i64, Change)> {
    let mut after = fixture.position().await;
    let mut entries: Vec<(i64, Change)> = Vec::new();
    loop {
        let step = fixture.read(after, 7).await;
        let Some((last, _)) = step.last() else { return entries };
        assert!(step.len() <= 7);
        after = *last;
        entries.extend(step);
        assert!(entries.is_sorted_by(|left, right| left.0 < right.0), "places ascend");
    }
}

fn change(sort: &str, old: Option<Item>, new: Option<Item>) -> Change {
    Change { table: TABLE, key: key(sort), old, new }
}

fn numbered(sort: &str, number: u32) -> Item {
    row(sort, &[("number", json!(number))])
}

/// Old and new images.
pub async fn a_change_shows_the_row_before_and_after(fixture: &mut dyn FeedFixture) {
    let tables = fixture.tables();
    store(tables, numbered("row", 1)).await;
    let update = Update { add: [("number".to_owned(), 4)].into(), ..Update::default() };
    tables.write(Write::Update { table: TABLE, key: key("row"), update, condition: None }).await.expect("an update");
    tables.write_many(vec![delete("row")]).await.expect("a delete");
    let expected = [
        change("row", None, Some(numbered("row", 1))),
        change("row", Some(numbered("row", 1)), Some(numbered("row", 5))),
        change("row", Some(numbered("row", 5)), None),
    ];
    assert_eq!(all(fixture).await, expected);
}

/// The same row again, and nothing to delete.
pub async fn a_write_that_changes_nothing_is_not_told(fixture: &mut dyn FeedFixture) {
    let tables = fixture.tables();
    store(tables, numbered("row", 1)).await;
    store(tables, numbered("row", 1)).await;
    tables.write(delete("never there")).await.expect("a delete");
    assert_eq!(all(fixture).await, [change("row", None, Some(numbered("row", 1)))]);
}

/// Refused writes.
pub async fn a_refused_write_is_not_told(fixture: &mut dyn FeedFixture) {
    let tables = fixture.tables();
    let refused = Write::Put { table: TABLE, item: numbered("b", 1), condition: Some(Condition::Exists) };
    expect_kind(tables.write(refused.clone()).await, PortErrorKind::PreconditionFailed, "a put");
    expect_kind(tables.transact(vec![put(numbered("a", 1)), refused]).await, PortErrorKind::PreconditionFailed, "a transaction");
    assert_eq!(all(fixture).await, []);
}

/// Order by row.
pub async fn changes_of_a_row_come_in_the_order_of_its_writes(fixture: &mut dyn FeedFixture) {
    for number in 0..20 {
        for sort in ["a", "b"] {
            store(fixture.tables(), numbered(sort, number)).await;
        }
    }
    let changes = all(fixture).await;
    for sort in ["a", "b"] {
        let of_row: Vec<&Change> = changes.iter().filter(|change| change.key.sort == sort).collect();
        assert_eq!(of_row.len(), 20);
        assert!(of_row.windows(2).all(|pair| pair[0].new == pair[1].old), "each begins where the one before ended");
        assert_eq!(of_row[19].new, Some(numbered(sort, 19)));
    }
}

/// Transactions.
pub async fn all_rows_of_a_transaction_are_told(fixture: &mut dyn FeedFixture) {
    let sorts: Vec<String> = (0..30).map(|number| format!("{number:02}")).collect();
    let writes = sorts.iter().map(|sort| put(numbered(sort, 1))).collect();
    fixture.tables().transact(writes).await.expect("a transaction");
    let expected: Vec<Change> = sorts.iter().map(|sort| change(sort, None, Some(numbered(sort, 1)))).collect();
    let mut changes = all(fixture).await;
    changes.sort_by(|left, right| left.key.cmp(&right.key));
    assert_eq!(changes, expected);
}

/// Writers side by side.
pub async fn many_writers_are_told_completely(fixture: &mut dyn FeedFixture) {
    let add = |number: u32| {
        let update = Update { add: [("number".to_owned(), 1)].into(), ..Update::default() };
        let sort = format!("{}", number % 3);
        Write::Update { table: TABLE, key: domain::ports::Key::new(PARTITION, sort), update, condition: None }
    };
    let tables = fixture.tables();
    for done in join_all((0..90).map(|number| tables.write(add(number)))).await {
        done.expect("an addition");
    }
    let changes = all(fixture).await;
    assert_eq!(changes.len(), 90);
    for sort in ["0", "1", "2"] {
        let of_row = changes.iter().filter(|change| change.key.sort == sort);
        let numbers: Vec<_> = of_row.map(|change| change.new.as_ref().and_then(|item| item["number"].as_u64())).collect();
        assert_eq!(numbers, (1..=30).map(Some).collect::<Vec<_>>());
    }
}

/// Places.
pub async fn reading_goes_on_behind_any_entry(fixture: &mut dyn FeedFixture) {
    for number in 0..10 {
        store(fixture.tables(), numbered("row", number)).await;
    }
    let entries = entries(fixture).await;
    for (position, (place, _)) in entries.iter().enumerate() {
        assert_eq!(fixture.read(*place, 100).await, entries[position + 1..]);
    }
}

/// Restarts.
pub async fn a_restart_goes_on_behind_the_acknowledged_entry(fixture: &mut dyn FeedFixture) {
    for number in 0..10 {
        store(fixture.tables(), numbered("row", number)).await;
    }
    let before = entries(fixture).await;
    fixture.acknowledge(before[5].0).await;
    // Going back does nothing.
    fixture.acknowledge(before[2].0).await;
    fixture.restart().await;
    assert_eq!(fixture.position().await, before[5].0);
    assert_eq!(entries(fixture).await, before[6..]);
    fixture.acknowledge(before[9].0).await;
    fixture.restart().await;
    assert_eq!(entries(fixture).await, []);
    store(fixture.tables(), numbered("row", 10)).await;
    let after = all(fixture).await;
    assert_eq!(after, [change("row", Some(numbered("row", 9)), Some(numbered("row", 10)))]);
}

/// At least once.
pub async fn what_is_not_acknowledged_comes_again(fixture: &mut dyn FeedFixture) {
    assert_eq!(fixture.position().await, fixture.position().await);
    store(fixture.tables(), numbered("row", 1)).await;
    let first = entries(fixture).await;
    assert_eq!(first.len(), 1);
    assert_eq!(entries(fixture).await, first);
    fixture.restart().await;
    assert_eq!(entries(fixture).await, first);
}
