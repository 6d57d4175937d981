//! The contract of `Tables`, held by the tables in memory that other tests stand on: with indexes at once and with late ones.

use std::sync::Arc;

use async_trait::async_trait;
use datalake_testkit::{MemoryTables, tables::feed::FeedFixture};
use domain::{
    PortErrorKind,
    change::Change,
    ports::{Key, Table, Tables, Write},
};

mod at_once {
    datalake_testkit::tables_suite!(crate::at_once);
}

mod late {
    datalake_testkit::tables_suite!(crate::late);
}

datalake_testkit::change_feed_suite!(crate::feed);

async fn at_once() -> (Arc<dyn Tables>, ()) {
    (Arc::new(MemoryTables::new()), ())
}

async fn late() -> (Arc<dyn Tables>, ()) {
    let tables = MemoryTables::new();
    tables.lag_indexes(3);
    (Arc::new(tables), ())
}

/// A feed that is kept here, because the tables only hand it out.
#[derive(Default)]
struct Feed {
    tables: MemoryTables,
    entries: Vec<Change>,
    acknowledged: i64,
}

async fn feed() -> Feed {
    Feed::default()
}

#[async_trait]
impl FeedFixture for Feed {
    fn tables(&self) -> &dyn Tables {
        &self.tables
    }

    async fn read(&mut self, after: i64, limit: u32) -> Vec<(i64, Change)> {
        self.entries.extend(self.tables.take_changes());
        let entries = (1..).zip(self.entries.iter().cloned());
        entries.filter(|(place, _)| *place > after).take(limit as usize).collect()
    }

    async fn position(&mut self) -> i64 {
        self.acknowledged
    }

    async fn acknowledge(&mut self, upto: i64) {
        self.acknowledged = self.acknowledged.max(upto);
    }

    async fn restart(&mut self) {}
}

fn delete() -> Write {
    Write::Delete { table: Table::Cart, key: Key::new("u", "s"), condition: None }
}

#[tokio::test]
async fn calls_fail_as_often_as_asked_and_do_nothing() {
    let tables = MemoryTables::new();
    tables.fail("tables.write", PortErrorKind::RateLimited, 2);
    for _ in 0..2 {
        assert!(tables.write(delete()).await.expect_err("it was asked to fail").is(PortErrorKind::RateLimited));
    }
    tables.write(delete()).await.expect("no longer");
}

#[tokio::test]
async fn a_lost_answer_hides_a_write_that_happened() {
    let tables = MemoryTables::new();
    tables.lose_answers("tables.write", 1);
    let item = [("user_id".to_owned(), "u".into()), ("item".to_owned(), "s".into())].into();
    let done = tables.write(Write::Put { table: Table::Cart, item, condition: None }).await;
    assert!(done.expect_err("the answer was lost").is(PortErrorKind::Unavailable));
    assert_eq!(tables.rows(Table::Cart).len(), 1);
}

#[test]
fn every_check_is_run() {
    let suites = include_str!("../src/tables/mod.rs");
    let sources = [
        include_str!("../src/tables/concurrency.rs"),
        include_str!("../src/tables/feed.rs"),
        include_str!("../src/tables/indexes.rs"),
        include_str!("../src/tables/limits.rs"),
        include_str!("../src/tables/listings.rs"),
        include_str!("../src/tables/reads.rs"),
        include_str!("../src/tables/transactions.rs"),
        include_str!("../src/tables/writes.rs"),
    ];
    let checks = sources.iter().flat_map(|source| source.split("pub async fn ").skip(1)).filter_map(|rest| rest.split('(').next());
    let left_out: Vec<&str> = checks.filter(|check| !suites.contains(&format!("{check},"))).collect();
    assert_eq!(left_out, Vec::<&str>::new());
}
