//! `datalake-server backup` beside a server that is written to, and `restore`.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use datalake_tests_machine::{Lake, Person, program, sha256, wait_until};
use serde_json::json;

use crate::{done, findings, server, used};

/// Package, dataset, and SHA-256 of what was sent, of uploads that were answered.
type Acknowledged = Mutex<Vec<(String, String, String)>>;

/// Makes packages and uploads to them until it is told to stop.
async fn write(lake: &Lake, ann: &Person, writer: usize, stop: &AtomicBool, acknowledged: &Acknowledged) {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let package = lake.create_package(ann, &format!("Written {writer} {number}")).await.expect("a package");
        for name in ["a.csv", "b.csv", "a.csv"] {
            let bytes = format!("{writer},{number},{name}\n").repeat(500);
            let dataset = lake.upload(ann, &package, name, "text/csv", bytes.as_bytes()).await.expect("uploaded");
            let id = dataset["id"].as_str().expect("an id").to_owned();
            acknowledged.lock().expect("not poisoned").push((package.clone(), id, sha256(bytes.as_bytes())));
        }
        lake.patch(ann, &format!("/packages/{package}"), &json!({ "description": "Changed." }))
            .await
            .expect("an answer")
            .expect(200)
            .expect("changed");
        number += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_writes_restores_to_a_whole_lake_with_everything_that_was_answered_before() {
    let (mut lake, ann, rivers) = used().await;
    let (stop, acknowledged, backup) = (AtomicBool::new(false), Acknowledged::default(), lake.path("backup"));
    let backing_up = async {
        wait_until("some uploads", async || Ok((acknowledged.lock().expect("not poisoned").len() > 20).then_some(())))
            .await
            .expect("uploads");
        let before = acknowledged.lock().expect("not poisoned").clone();
        let mut command = tokio::process::Command::new(program("datalake-server").expect("built"));
        command.arg("--data-dir").arg(lake.data_folder()).args(["backup", "--to"]).arg(&backup);
        let output = command.output().await.expect("runs");
        assert!(output.status.success(), "{output:?}");
        let after = acknowledged.lock().expect("not poisoned").len();
        wait_until("more uploads", async || Ok((acknowledged.lock().expect("not poisoned").len() > after + 3).then_some(())))
            .await
            .expect("uploads");
        stop.store(true, Ordering::Relaxed);
        before
    };
    let writer = |number| write(&lake, &ann, number, &stop, &acknowledged);
    let (before, ..) = tokio::join!(backing_up, writer(1), writer(2), writer(3));
    lake.stop().await.expect("stopped");
    assert_eq!(findings(&lake.data_folder()), [] as [serde_json::Value; 0], "the lake itself");

    fs::rename(lake.data_folder(), lake.path("lost")).expect("moved");
    done(&lake.data_folder(), &["restore", "--from", backup.to_str().expect("text")]);
    assert_eq!(findings(&lake.data_folder()), [] as [serde_json::Value; 0], "as restored");
    private(&lake.data_folder());
    lake.serve().await.expect("serves");
    for (package, dataset, hash) in &before {
        let answer =
            lake.get(&ann, &format!("/packages/{package}/datasets/{dataset}")).await.expect("an answer").expect(200).expect("there");
        assert_eq!(&answer.text("/sha256").expect("a hash"), hash);
    }
    let (package, _, hash) = &before[before.len() - 1];
    let all = lake.get(&ann, &format!("/packages/{package}/datasets")).await.expect("an answer").expect(200).expect("there");
    let id =
        all.body["items"].as_array().expect("items").iter().find(|item| item["sha256"] == hash.as_str()).map(|item| item["id"].clone());
    if let Some(id) = id {
        let path = format!("/packages/{package}/datasets/{}/download", id.as_str().expect("an id"));
        let url = lake
            .get(&ann, &path)
            .await
            .expect("an answer")
            .expect(302)
            .expect("a redirect")
            .header("location")
            .expect("a place")
            .to_owned();
        assert_eq!(&sha256(&lake.fetch(&url).await.expect("an answer").bytes), hash);
    }
    wait_until("the index is full again", async || {
        let answer = lake.get(&ann, "/search?q=Rivers").await?.expect(200)?;
        Ok(answer.body["items"].as_array().is_some_and(|items| items.iter().any(|item| item["id"] == rivers.as_str())).then_some(()))
    })
    .await
    .expect("found");
    lake.upload(&ann, &rivers, "after.csv", "text/csv", b"after\n").await.expect("uploaded");
    lake.stop().await.expect("stopped");
    assert_eq!(findings(&lake.data_folder()), [] as [serde_json::Value; 0], "restored and used");
}

/// Nobody but the owner reads what was restored.
fn private(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o077, 0, "{}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_go_to_empty_folders_and_come_back_whole_or_not_at_all() {
    let (mut lake, _, _) = used().await;
    lake.stop().await.expect("stopped");
    let backup = lake.path("backup");
    let to = backup.to_str().expect("text");
    done(&lake.data_folder(), &["backup", "--to", to]);
    let refused = |folder: &Path, arguments: &[&str], words: &str| {
        let output = server(folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(words), "{words}: {output:?}");
    };
    refused(&lake.data_folder(), &["backup", "--to", to], "is not empty");
    refused(&lake.path("nowhere"), &["backup", "--to", lake.path("other").to_str().expect("text")], "there is no data lake");
    refused(&lake.data_folder(), &["restore", "--from", to], "is not empty");
    // Half a backup is none, and half a restoration is no data lake.
    let object = lake.path("backup/objects/content");
    fs::rename(&object, lake.path("aside")).expect("moved");
    done(&lake.path("without-content"), &["restore", "--from", to]);
    assert!(findings(&lake.path("without-content")).iter().any(|found| found["damage"] == "object_file_missing"));
    fs::write(lake.path("without-content/restoring"), "").expect("written");
    refused(&lake.path("without-content"), &["grant-key", "--email", "ann@example.org"], "has not come to its end");
    fs::remove_file(lake.path("backup/backup.json")).expect("removed");
    refused(&lake.path("new"), &["restore", "--from", to], "no backup that came to its end");
    assert!(!lake.path("new").exists());
}
