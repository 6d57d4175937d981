//! URLs of objects with plain curl, objects with boto3.

use datalake_tests_machine::{Lake, PATIENCE, sha256};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
};

use crate::{run, script};

const BYTES: &[u8] = b"name,length\nOder,840\nNeisse,252\n";

/// curl as a person types it; answers with status and body.
async fn curl(arguments: &[&str]) -> (u16, String) {
    let mut command = Command::new("curl");
    command.args(["--disable", "--silent", "--show-error", "--write-out", "\n%{http_code}"]).args(arguments);
    let said = run(command, "").await;
    let (body, status) = said.rsplit_once('\n').expect("a status at the end");
    (status.parse().expect("a number"), body.to_owned())
}

/// Sends a file as a registration says; curl tells the length itself.
async fn put(upload: &Value, file: &str) -> (u16, String) {
    let headers = upload["headers"].as_object().into_iter().flatten().filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"));
    let headers: Vec<String> = headers.map(|(name, value)| format!("{name}: {}", value.as_str().expect("text"))).collect();
    let mut arguments = vec!["--upload-file", file];
    headers.iter().for_each(|header| arguments.extend(["-H", header.as_str()]));
    arguments.push(upload["url"].as_str().expect("a URL"));
    curl(&arguments).await
}

#[tokio::test]
async fn curl_sends_and_fetches_by_signed_urls() {
    if test_servers::left_out("curl") {
        return;
    }
    let lake = Lake::start().await.expect("a lake");
    let ann = lake.ann();
    let package = lake.create_package(ann, "Rivers").await.expect("a package");
    let file = lake.write("rivers.csv", BYTES).expect("written");
    let (dataset, upload) = lake.register(ann, &package, "rivers.csv", "text/csv", BYTES).await.expect("registered");
    let (status, said) = put(&upload, file.to_str().expect("text")).await;
    assert_eq!(status, 200, "{said}");
    let path = format!("/packages/{package}/datasets/{dataset}");
    lake.post(ann, &format!("{path}/complete"), &Value::Null).await.expect("an answer").expect(200).expect("completed");

    let redirect = lake.get(ann, &format!("{path}/download")).await.expect("an answer").expect(302).expect("a redirect");
    let url = redirect.header("location").expect("a place");
    assert_eq!(curl(&[url]).await, (200, String::from_utf8_lossy(BYTES).into_owned()));
    assert_eq!(curl(&["--range", "0-3", url]).await, (206, "name".to_owned()));
    assert_eq!(curl(&["--range", "-4", url]).await, (206, "252\n".to_owned()));
    assert_eq!(curl(&["--head", "--output", "/dev/null", url]).await.0, 403, "the signature is for GET");
    assert_eq!(curl(&["--request", "DELETE", url]).await.0, 403);
    let (cut, _) = url.split_once("X-Amz-Signature=").expect("signed");
    assert_eq!(curl(&[&format!("{cut}X-Amz-Signature={}", "0".repeat(64))]).await.0, 403);
    assert_eq!(curl(&[url.split('?').next().expect("a URL")]).await.0, 403, "unsigned");
}

#[tokio::test]
async fn a_signed_put_takes_neither_other_bytes_nor_the_same_ones_twice() {
    if test_servers::left_out("curl") {
        return;
    }
    let lake = Lake::start().await.expect("a lake");
    let ann = lake.ann();
    let package = lake.create_package(ann, "Rivers").await.expect("a package");
    let file = lake.write("rivers.csv", BYTES).expect("written");
    let file = file.to_str().expect("text");
    let (dataset, upload) = lake.register(ann, &package, "rivers.csv", "text/csv", BYTES).await.expect("registered");

    let same_size = lake.write("same-size.csv", &[b'x'; BYTES.len()]).expect("written");
    let longer = lake.write("longer.csv", &[BYTES, b"Elbe,1094\n"].concat()).expect("written");
    let (status, said) = put(&upload, same_size.to_str().expect("text")).await;
    assert_eq!(status, 400, "other bytes of the same size do not have the signed hash: {said}");
    let (status, said) = put(&upload, longer.to_str().expect("text")).await;
    assert_eq!(status, 403, "the length is signed: {said}");
    let mut retyped = upload.clone();
    retyped["headers"]["content-type"] = "text/html".into();
    assert_eq!(put(&retyped, file).await.0, 403, "the media type is signed");
    let mut rehashed = upload.clone();
    let header = upload["headers"].as_object().expect("headers").keys().find(|name| name.eq_ignore_ascii_case("x-amz-checksum-sha256"));
    rehashed["headers"][header.expect("a signed hash")] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into();
    assert_eq!(put(&rehashed, same_size.to_str().expect("text")).await.0, 403, "the hash is signed");

    assert_eq!(put(&upload, file).await.0, 200, "nothing of this used the URL up");
    assert_eq!(put(&upload, file).await.0, 412, "there is something now");
    assert_eq!(put(&upload, same_size.to_str().expect("text")).await.0 / 100, 4);
    let path = format!("/packages/{package}/datasets/{dataset}");
    let completed = lake.post(ann, &format!("{path}/complete"), &Value::Null).await.expect("an answer").expect(200).expect("completed");
    assert_eq!(completed.text("/sha256").expect("a hash"), sha256(BYTES));
    assert_eq!(put(&upload, file).await.0, 412, "nor after completion");
}

#[tokio::test]
async fn the_body_that_a_refused_client_held_back_is_not_taken_from_its_next_request() {
    let lake = Lake::start().await.expect("a lake");
    let address = lake.objects().strip_prefix("http://").expect("an address");
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("connected");
    let request = "PUT /datalake/packages/mine HTTP/1.1\r\nhost: lake\r\ncontent-length: 300\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut said = String::new();
    // To its end: without a body to come, the server closes the connection.
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut said)).await.expect("an end").expect("text");
    assert!(said.starts_with("HTTP/1.1 403") && said.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{said}");
}

#[tokio::test]
async fn boto3_fetches_what_a_manifest_names_and_may_do_nothing_else() {
    if test_servers::left_out("boto3") {
        return;
    }
    let mut lake = Lake::start().await.expect("a lake");
    let ann = lake.ann().clone();
    let bob = lake.invite_member("bob@example.org").await.expect("a member");
    let package = lake.create_package(&ann, "Rivers").await.expect("a package");
    lake.upload(&ann, &package, "rivers.csv", "text/csv", BYTES).await.expect("uploaded");
    let private = lake.create_package(&ann, "Private").await.expect("a package");
    lake.upload(&ann, &private, "private.csv", "text/csv", b"secret\n").await.expect("uploaded");
    let foreign = lake.export(&ann, &private, "bucket-key").await.expect("an export");
    let foreign = lake.manifest(&foreign).await.expect("a manifest");
    let private = format!("/packages/{private}");
    lake.patch(&ann, &private, &json!({ "visibility": "private" })).await.expect("an answer").expect(200).expect("changed");

    let export = lake.export(&bob, &package, "bucket-key").await.expect("an export");
    let manifest = lake.manifest(&export).await.expect("a manifest");
    let more = json!({ "entry": manifest["entries"][0], "foreign": foreign["entries"][0]["key"] });
    let told = script("objects.py", &lake, &bob, more).await;
    let total = BYTES.len();
    let expected = json!({
        "sha256": true,
        "downloaded": true,
        "size": true,
        "version": true,
        "first four": [206, format!("bytes 0-3/{total}"), "name"],
        "last two": [206, format!("bytes {}-{}/{total}", total - 2, total - 1), "2\n"],
        "beyond the end": 416,
        "wrong secret": 403,
        "foreign object": 403,
        "foreign head": 403,
        "no object": 403,
        "another version": 403,
        "other bucket": 403,
        "list": 403,
        "list buckets": 403,
        "put": 403,
        "overwrite": 403,
        "copy": 403,
        "delete": 403,
        "multipart": 403,
    });
    assert_eq!(told, expected);
}
