//! `datalake-server jobs` and `reindex`.

use std::fs;

use rusqlite::Connection;
use serde_json::Value;

use crate::{done, findings, server, used};

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_and_come_back_when_they_are_asked_for() {
    let (mut lake, _, rivers) = used().await;
    lake.stop().await.expect("stopped");
    let data = lake.data_folder();
    let jobs = Connection::open(data.join("jobs.sqlite3")).expect("opens");
    let id = "job_01KG00000000000000000000AA";
    let body = format!(r#"{{"job":"index","package_id":"{rivers}"}}"#);
    jobs.execute(
        "INSERT INTO jobs (id, queue, body, enqueued_at, visible_at, attempts, died_at) VALUES (?1, 'search', ?2, 1, 1, 8, 2)",
        [id, &body],
    )
    .expect("a dead letter");
    drop(jobs);
    let listed = |arguments: &[&str]| -> Vec<Value> {
        let said = done(&data, &[&["jobs", "--output", "json"], arguments].concat());
        serde_json::from_str::<Vec<Value>>(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    };
    let dead = listed(&["--dead"]);
    assert_eq!((dead.len(), dead[0]["id"].as_str(), dead[0]["attempts"].as_u64()), (1, Some(id), Some(8)), "{dead:?}");
    assert!(done(&data, &["jobs"]).contains("1 dead letters"));
    lake.serve().await.expect("serves");
    assert_eq!(listed(&["--dead"]).len(), 1, "beside a running server");
    let refused = server(&data, &["jobs", "--retry", id]);
    assert!(refused.status.code() == Some(2) && String::from_utf8_lossy(&refused.stderr).contains("in use"), "{refused:?}");
    lake.stop().await.expect("stopped");
    let retried = listed(&["--retry", id]);
    let job = retried.iter().find(|job| job["id"] == id).expect("still there");
    assert!(job["died_at"].is_null(), "{job}");
    assert_eq!(server(&data, &["jobs", "--retry", id]).status.code(), Some(2), "it is no dead letter any more");
    lake.serve().await.expect("serves");
    datalake_tests_machine::wait_until("it is done", async || Ok(listed(&[]).iter().all(|job| job["id"] != id).then_some(())))
        .await
        .expect("done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_index_is_built_anew() {
    let (mut lake, _, _) = used().await;
    lake.stop().await.expect("stopped");
    let data = lake.data_folder();
    let live = fs::read_to_string(data.join("search/current")).expect("reads");
    fs::write(data.join("search").join(live).join("meta.json"), "{").expect("written");
    assert_eq!(findings(&data)[0]["damage"], "index_unreadable");
    assert_eq!(done(&data, &["reindex"]).trim(), "2 packages", "the deleted one is left out");
    assert_eq!(findings(&data), [] as [Value; 0]);
    let said = done(&data, &["check"]);
    assert!(said.contains("2 documents of the index"), "{said}");
}
