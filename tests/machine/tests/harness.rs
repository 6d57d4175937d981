//! The harness itself: what is stored outlives an orderly end and a sudden one.

use datalake_tests_machine::{Lake, sha256};

#[tokio::test]
async fn what_was_acknowledged_is_there_after_an_orderly_end_and_after_a_sudden_one() {
    let mut lake = Lake::start().await.expect("a lake");
    let ann = lake.ann().clone();
    let package = lake.create_package(&ann, "Rivers").await.expect("a package");
    let dataset = lake.upload(&ann, &package, "rivers.csv", "text/csv", b"name\nOder\n").await.expect("uploaded");
    lake.restart().await.expect("restarted");
    lake.kill_9().await.expect("killed");
    lake.serve().await.expect("serves again");
    let bob = lake.invite_member("bob@example.org").await.expect("a member");
    let listed = lake.get(&bob, &format!("/packages/{package}/datasets")).await.expect("an answer").expect(200).expect("visible");
    assert_eq!(listed.text("/items/0/id").ok().as_deref(), dataset["id"].as_str());
    assert_eq!(listed.text("/items/0/sha256").expect("a hash"), sha256(b"name\nOder\n"));
    let export = lake.export(&bob, &package, "signed-url").await.expect("an export");
    let manifest = lake.manifest(&export).await.expect("a manifest");
    let url = manifest["entries"][0]["url"].as_str().expect("a URL");
    assert_eq!(&lake.fetch(url).await.expect("an answer").bytes[..], b"name\nOder\n");
    let shown = lake.command_line(&bob).expect("built").arg("whoami").output().expect("runs");
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    lake.stop().await.expect("stopped");
    let letters = lake.administer(&["jobs", "--dead"]).expect("a list");
    assert_eq!(letters.trim(), "0 dead letters", "nothing was given up on the way");
}
