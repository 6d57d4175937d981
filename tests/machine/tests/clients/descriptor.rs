//! The descriptor with Frictionless' own library.

use datalake_tests_machine::{Lake, sha256};
use serde_json::json;

use crate::script;

#[tokio::test]
async fn the_exported_descriptor_validates_and_its_hashes_are_those_of_the_files() {
    if test_servers::left_out("frictionless") {
        return;
    }
    let lake = Lake::start().await.expect("a lake");
    let ann = lake.ann();
    let body = json!({
        "name": "Flüsse & Seen",
        "description": "Längen in Kilometern.",
        "metadata": { "license": "CC0-1.0", "keywords": "rivers, lakes", "sources": "https://example.org/rivers" },
    });
    let package = lake.post(ann, "/packages", &body).await.expect("an answer").expect(201).expect("made").text("/id").expect("an id");
    let files: [(&str, &str, &[u8]); 4] = [
        ("rivers.csv", "text/csv", b"name,length\nOder,840\nNeisse,252\n"),
        ("tables/lakes.tsv", "text/tab-separated-values", b"name\tarea\nM\xc3\xbcritz\t117\n"),
        ("tables/lakes.json", "application/json", b"[{\"name\":\"Schwielochsee\",\"area\":13}]"),
        ("maps/picture.png", "image/png", b"\x89PNG\r\n\x1a\nno real picture"),
    ];
    for (name, content_type, bytes) in files {
        lake.upload(ann, &package, name, content_type, bytes).await.expect("uploaded");
        lake.write(&format!("export/{name}"), bytes).expect("written");
    }
    let descriptor = lake.get(ann, &format!("/packages/{package}/datapackage.json")).await.expect("an answer").expect(200).expect("there");
    let folder = lake.write("export/datapackage.json", &descriptor.bytes).expect("written");
    let folder = folder.parent().expect("a folder").to_str().expect("text").to_owned();

    let report = script("descriptor.py", &lake, ann, json!({ "folder": folder })).await;
    assert_eq!((&report["valid"], &report["errors"]), (&json!(true), &json!([])), "{report}");
    for (name, _, bytes) in files {
        assert_eq!(report["checked"][name], sha256(bytes), "{name}: {report}");
    }
    lake.write("export/rivers.csv", b"name,length\nOder,841\nNeisse,252\n").expect("written");
    let report = script("descriptor.py", &lake, ann, json!({ "folder": folder })).await;
    assert_eq!((&report["valid"], &report["errors"]), (&json!(false), &json!(["hash-count"])), "one digit differs: {report}");
}
