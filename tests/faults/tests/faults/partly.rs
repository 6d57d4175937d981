//! Batches of which a service takes a part.

use datalake_tests_faults::Fault;
use domain::{
    PortErrorKind,
    job::{Job, JobKind},
    ports::{Item, Jobs, Key, Table, Tables, Write},
};
use serde_json::json;
use testkit::builders::{audit_record, package_id};

use crate::{account::Deployment, left_out};

fn row(number: usize) -> Item {
    json!({ "kind": "faults", "id": format!("{number:03}") }).as_object().expect("an object").clone().into_iter().collect()
}

#[tokio::test]
async fn what_a_queue_did_not_take_is_sent_again() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    let jobs: Vec<Job> = (1..=23).map(|number| Job::Index { package_id: package_id(number) }).collect();
    for _ in 0..3 {
        deployment.proxy.once_to("SendMessageBatch", Fault::Partly);
    }
    deployment.jobs().enqueue_many(&jobs).await.expect("enqueues");
    let sent: Vec<Job> =
        deployment.messages(JobKind::Search).await.iter().map(|(body, _)| serde_json::from_str(body).expect("a job")).collect();
    assert_eq!(sent.len(), jobs.len());
    assert!(jobs.iter().all(|job| sent.contains(job)));
}

#[tokio::test]
async fn a_queue_that_never_takes_a_message_is_told_and_the_others_are_there() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    let jobs: Vec<Job> = (1..=4).map(|number| Job::Audit { record: audit_record(number, "pkg_1") }).collect();
    deployment.proxy.always_to("SendMessageBatch", Fault::Partly);
    let error = deployment.jobs().enqueue_many(&jobs[..1]).await.expect_err("not taken");
    assert!(error.is(PortErrorKind::Unavailable), "{error}");
    assert!(error.context().contains(&("code", "InternalError".to_owned())), "{error}");
    deployment.proxy.heal();
    deployment.jobs().enqueue_many(&jobs).await.expect("enqueues");
    let sent: Vec<Job> =
        deployment.messages(JobKind::Audit).await.iter().map(|(body, _)| serde_json::from_str(body).expect("a job")).collect();
    assert_eq!(sent, jobs);
}

#[tokio::test]
async fn rows_that_the_tables_did_not_get_to_are_written_and_read_nevertheless() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    let tables = deployment.tables();
    for operation in ["BatchWriteItem", "BatchGetItem"] {
        for _ in 0..4 {
            deployment.proxy.once_to(operation, Fault::Partly);
        }
    }
    let rows: Vec<Item> = (0..60).map(row).collect();
    let writes = rows.iter().map(|item| Write::Put { table: Table::Settings, item: item.clone(), condition: None }).collect();
    tables.write_many(writes).await.expect("written");
    let keys: Vec<Key> = (0..60).map(|number| Key::new("faults", format!("{number:03}"))).collect();
    let found: Vec<Item> = tables.get_many(Table::Settings, &keys, true).await.expect("read").into_iter().flatten().collect();
    assert_eq!(found, rows);
}

#[tokio::test]
async fn tables_that_never_get_to_a_row_ask_to_slow_down() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    deployment.proxy.always(Fault::Partly);
    let tables = deployment.tables();
    let error = tables.get_many(Table::Settings, &[Key::new("faults", "a"), Key::new("faults", "b")], true).await.expect_err("not read");
    assert!(error.is(PortErrorKind::RateLimited), "{error}");
    let write = Write::Put { table: Table::Settings, item: row(1), condition: None };
    let error = tables.write_many(vec![write]).await.expect_err("not written");
    assert!(error.is(PortErrorKind::RateLimited), "{error}");
}
