//! The trigger over ports in memory.

use std::{sync::Arc, time::Duration};

use app::identity::ClaimRules;
use async_trait::async_trait;
use datalake_function_identity::{Deps, TIME_LIMIT, Trigger};
use domain::{
    PortErrorKind, PortResult,
    ports::{Item, Key, Page, Query, Scan, Table, Tables, Write},
    principal::Role,
    sign_in::SignInEvent,
};
use testkit::{FixedClock, MemoryJobs, MemoryTables, SequentialIds, builders::user_id};

fn trigger(tables: Arc<dyn Tables>, time_limit: Duration) -> Trigger {
    Trigger::new(Deps {
        tables,
        jobs: Arc::new(MemoryJobs::default()),
        clock: Arc::new(FixedClock::default()),
        ids: Arc::new(SequentialIds::default()),
        rules: ClaimRules::new("cognito", None, Some("admins")).expect("rules"),
        time_limit,
    })
}

fn event() -> SignInEvent {
    SignInEvent {
        user_id: user_id("ann"),
        directory: "pool_1".to_owned(),
        directory_name: "ann".to_owned(),
        attributes: [("email".to_owned(), "ann@example.org".to_owned())].into(),
        groups: vec!["rivers".to_owned()],
        renewal: false,
    }
}

#[tokio::test]
async fn a_sign_in_is_written_and_answered() {
    let tables = Arc::new(MemoryTables::new());
    let admitted = trigger(tables.clone(), TIME_LIMIT).admit(&event()).await.expect("admitted");
    assert_eq!((admitted.role, admitted.groups[0].as_str()), (Some(Role::Member), "rivers"));
    assert_eq!(tables.rows(Table::Keys).len(), 2, "the principal row, and the one by which people are looked up");
}

#[tokio::test]
async fn tables_that_fail_let_nobody_in() {
    let tables = Arc::new(MemoryTables::new());
    tables.fail("tables", PortErrorKind::PermissionDenied, 1);
    trigger(tables, TIME_LIMIT).admit(&event()).await.expect_err("the tables failed");
}

#[tokio::test]
async fn whoever_asks_is_not_kept_waiting_for_tables_that_do_not_answer() {
    let error = trigger(Arc::new(Silent), Duration::from_millis(20)).admit(&event()).await.expect_err("nobody answers");
    assert_eq!(error.code(), "unavailable");
    assert!(TIME_LIMIT < Duration::from_secs(5), "the user pool waits no longer");
}

/// Tables that never answer.
struct Silent;

#[async_trait]
impl Tables for Silent {
    async fn get_many(&self, _: Table, _: &[Key], _: bool) -> PortResult<Vec<Option<Item>>> {
        std::future::pending().await
    }

    async fn query(&self, _: Query) -> PortResult<Page> {
        std::future::pending().await
    }

    async fn scan(&self, _: Scan) -> PortResult<Page> {
        std::future::pending().await
    }

    async fn write(&self, _: Write) -> PortResult<()> {
        std::future::pending().await
    }

    async fn write_many(&self, _: Vec<Write>) -> PortResult<()> {
        std::future::pending().await
    }

    async fn transact(&self, _: Vec<Write>) -> PortResult<()> {
        std::future::pending().await
    }
}
