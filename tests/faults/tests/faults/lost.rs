//! Answers that get lost on the way back: what was done is not done again, or doing it again changes nothing.

use std::time::Duration;

use datalake_tests_faults::Fault;
use domain::{
    job::{Job, JobKind},
    ports::{AuditLog, AuditQuery, Item, Jobs, Key, Table, Tables, Update, Write},
};
use serde_json::json;
use testkit::{
    audit_log::{all_rows, sealed},
    builders::audit_record,
};

use crate::{account::Deployment, left_out};

#[tokio::test]
async fn an_audit_record_is_enqueued_once() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    let jobs = deployment.jobs();
    let records: Vec<Job> = (1..=5).map(|number| Job::Audit { record: audit_record(number, "pkg_1") }).collect();
    deployment.proxy.once_to("SendMessage", Fault::Lost);
    jobs.enqueue(&records[0], Duration::ZERO).await.expect("enqueues");
    deployment.proxy.once_to("SendMessageBatch", Fault::Torn);
    jobs.enqueue_many(&records[1..]).await.expect("enqueues");
    let sent = deployment.messages(JobKind::Audit).await;
    let sent: Vec<Job> = sent.iter().map(|(body, _)| serde_json::from_str(body).expect("a job")).collect();
    assert_eq!(sent, records);
}

#[tokio::test]
async fn a_job_is_enqueued_at_least_once() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    deployment.proxy.once_to("SendMessage", Fault::Lost);
    deployment.jobs().enqueue(&Job::Sweep, Duration::ZERO).await.expect("enqueues");
    let sent = deployment.messages(JobKind::Housekeeping).await;
    assert!(!sent.is_empty());
    assert!(sent.iter().all(|(body, _)| matches!(serde_json::from_str(body), Ok(Job::Sweep))));
}

#[tokio::test]
async fn records_in_the_log_have_identical_copies_at_most() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    let records = sealed(1, 5);
    deployment.proxy.once_to("PutLogEvents", Fault::Lost);
    deployment.audit_log().append(1, &records[..3]).await.expect("appends");
    deployment.proxy.once_to("PutLogEvents", Fault::Torn);
    deployment.audit_log().append(1, &records[3..]).await.expect("appends");
    assert_eq!(all_rows(&*deployment.real_audit_log(), &AuditQuery::default()).await, records);
}

#[tokio::test]
async fn a_stream_whose_making_was_not_answered_is_used() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    let records = sealed(1, 2);
    deployment.proxy.once_to("CreateLogStream", Fault::Lost);
    deployment.audit_log().append(1, &records).await.expect("appends");
    assert_eq!(all_rows(&*deployment.real_audit_log(), &AuditQuery::default()).await, records);
}

#[tokio::test]
async fn a_sum_is_not_counted_twice() {
    if left_out() {
        return;
    }
    let deployment = Deployment::new().await;
    let tables = deployment.tables();
    let key = Key::new("faults", "sum");
    let add = || Write::Update {
        table: Table::Settings,
        key: key.clone(),
        update: Update { add: [("sum".to_owned(), 1)].into(), ..Update::default() },
        condition: None,
    };
    deployment.proxy.once_to("UpdateItem", Fault::Lost);
    tables.write(add()).await.expect_err("nobody knows whether it was counted");
    deployment.proxy.once_to("TransactWriteItems", Fault::Lost);
    tables.transact(vec![add()]).await.expect("told apart by the token of the transaction");
    let row: Option<Item> = tables.get_many(Table::Settings, &[key], true).await.expect("read").pop().flatten();
    assert_eq!(row.expect("a row")["sum"], json!(2));
}
