//! Who may do what at the object endpoint, and how it ends.

use std::time::Duration;

use crate::support::{BUCKET, Running, start};
use domain::{
    PortErrorKind::{NotFound, PermissionDenied},
    PortResult,
    ports::{ByteStream, Multipart, ObjectAddress, ObjectVersion, Objects},
};
use futures::StreamExt;
use secrecy::ExposeSecret;
use testkit::memory_objects::{once, options_of};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const MINUTES: Duration = Duration::from_secs(600);

fn address(key: &str) -> ObjectAddress {
    ObjectAddress { bucket: BUCKET.to_owned(), key: key.to_owned() }
}

fn current(key: &str) -> ObjectVersion {
    ObjectVersion { address: address(key), version: None }
}

fn kind<T>(result: PortResult<T>) -> Option<domain::PortErrorKind> {
    result.err().map(|error| error.kind())
}

async fn with_two_objects() -> (Running, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path()).await;
    for key in ["open/read me.csv", "closed/secret.csv"] {
        let stored = running.objects().put(&address(key), &options_of(b"content", "text/csv"), once("content")).await;
        stored.expect("stored");
    }
    (running, folder)
}

#[tokio::test]
async fn an_api_key_reads_what_it_may_and_does_nothing_else() {
    let (running, _folder) = with_two_objects().await;
    let reader = running.objects_of("reader", "the reader's secret");
    let object = reader.get(&current("open/read me.csv"), None).await.expect("may be read");
    let bytes: Vec<_> = object.bytes.collect::<Vec<_>>().await.into_iter().map(|chunk| chunk.expect("a chunk")).collect();
    assert_eq!(bytes.concat(), b"content");
    assert_eq!(reader.head(&current("open/read me.csv")).await.expect("may be read").size, 7);
    assert_eq!(kind(reader.head(&current("open/absent")).await), Some(NotFound));

    assert_eq!(kind(reader.get(&current("closed/secret.csv"), None).await), Some(PermissionDenied));
    assert_eq!(kind(reader.head(&current("closed/secret.csv")).await), Some(PermissionDenied));
    let hidden = ObjectVersion { address: address("open/read me.csv"), version: Some("hidden".to_owned()) };
    assert_eq!(kind(reader.head(&hidden).await), Some(PermissionDenied));
    let content: ByteStream = once("x");
    assert_eq!(kind(reader.put(&address("open/new"), &options_of(b"x", "text/csv"), content).await), Some(PermissionDenied));
    assert_eq!(kind(reader.list(BUCKET, "open/", None).await), Some(PermissionDenied));
    assert_eq!(kind(reader.delete_many(&[current("open/read me.csv")]).await), Some(PermissionDenied));
    assert_eq!(kind(reader.create(&address("open/new"), "text/csv").await), Some(PermissionDenied));
}

#[tokio::test]
async fn a_wrong_secret_or_an_unknown_key_reads_nothing() {
    let (running, _folder) = with_two_objects().await;
    for (id, secret) in [("reader", "another secret"), ("nobody", "the reader's secret"), ("internal", "the reader's secret")] {
        let objects = running.objects_of(id, secret);
        assert_eq!(kind(objects.head(&current("open/read me.csv")).await), Some(PermissionDenied), "{id}");
    }
}

#[tokio::test]
async fn a_url_that_an_api_key_signed_is_decided_when_it_is_used() {
    let (running, _folder) = with_two_objects().await;
    let reader = running.objects_of("reader", "the reader's secret");
    for (key, expected) in [("open/read me.csv", 200), ("closed/secret.csv", 403)] {
        let signed = reader.sign_get(&current(key), "x.csv", MINUTES).await.expect("signed");
        assert_eq!(reqwest::get(signed.url.expose_secret()).await.expect("an answer").status().as_u16(), expected, "{key}");
    }
    let put = reader.sign_put(&address("open/new"), &options_of(b"x", "text/csv"), MINUTES).await.expect("signed");
    let request =
        put.headers.iter().fold(reqwest::Client::new().put(put.url.expose_secret()), |request, (name, value)| request.header(name, value));
    assert_eq!(request.body("x").send().await.expect("an answer").status().as_u16(), 403);
}

#[tokio::test]
async fn answers_are_inert_in_browsers_and_readable_for_the_console_only() {
    let (running, _folder) = with_two_objects().await;
    let signed = running.objects().sign_get(&current("open/read me.csv"), "x.csv", MINUTES).await.expect("signed");
    let client = reqwest::Client::new();
    let answer =
        async |origin: &'static str| client.get(signed.url.expose_secret()).header("origin", origin).send().await.expect("an answer");
    let ours = answer("https://console.example").await;
    let header =
        |answer: &reqwest::Response, name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    assert_eq!(header(&ours, "access-control-allow-origin").as_deref(), Some("https://console.example"));
    assert_eq!(header(&ours, "x-content-type-options").as_deref(), Some("nosniff"));
    assert_eq!(header(&ours, "content-security-policy").as_deref(), Some("sandbox; default-src 'none'"));
    assert_eq!(header(&answer("https://evil.example").await, "access-control-allow-origin"), None);

    let preflight = async |origin: &'static str| {
        let request = client.request(reqwest::Method::OPTIONS, format!("{}/{BUCKET}/open/new", running.url)).header("origin", origin);
        let asked =
            request.header("access-control-request-method", "PUT").header("access-control-request-headers", "x-amz-checksum-sha256");
        asked.send().await.expect("an answer")
    };
    let allowed = preflight("https://console.example").await;
    assert_eq!(allowed.status().as_u16(), 204);
    assert_eq!(header(&allowed, "access-control-allow-headers").as_deref(), Some("x-amz-checksum-sha256"));
    assert!(header(&allowed, "access-control-allow-methods").is_some_and(|methods| methods.contains("PUT")));
    assert_eq!(preflight("https://evil.example").await.status().as_u16(), 403);
}

#[tokio::test]
async fn a_shutdown_ends_the_endpoint_and_frees_the_store() {
    let (mut running, folder) = with_two_objects().await;
    assert_eq!(running.objects().head(&current("open/read me.csv")).await.expect("there").size, 7);
    running.stop.take().expect("running").send(()).expect("listening");
    running.served.await.expect("no panic").expect("no error");
    let store = running.store;
    assert_eq!(std::sync::Arc::strong_count(&store), 1, "no connection holds the store any more");
    drop(store);
    drop(crate::support::open(folder.path()));
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_reads_only_after_sending() {
    let (running, _folder) = with_two_objects().await;
    let host = running.url.trim_start_matches("http://");
    let mut connection = tokio::net::TcpStream::connect(host).await.expect("a connection");
    let length = 20 * 1024 * 1024;
    let head = format!("PUT /{BUCKET}/large HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n");
    connection.write_all(head.as_bytes()).await.expect("sent");
    connection.write_all(&vec![7; length]).await.expect("all sent, though the answer is there already");
    let mut status = [0; 12];
    connection.read_exact(&mut status).await.expect("an answer");
    assert_eq!(&status, b"HTTP/1.1 403");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_curl_fetches_by_signed_url_and_by_api_key() {
    if test_servers::left_out("curl") {
        return;
    }
    let (running, _folder) = with_two_objects().await;
    let fetch = async |arguments: &[&str]| {
        let mut command = tokio::process::Command::new("curl");
        command.args(["--silent", "--show-error", "--write-out", " %{http_code}"]).args(arguments);
        let output = command.output().await.expect("curl is installed");
        String::from_utf8(output.stdout).expect("text")
    };
    let signed = running.objects().sign_get(&current("open/read me.csv"), "x.csv", MINUTES).await.expect("signed");
    assert_eq!(fetch(&[signed.url.expose_secret()]).await, "content 200");
    let url = |key: &str| format!("{}/{BUCKET}/{key}", running.url);
    // As for Amazon S3, which asks for this header too; newer ones send it by themselves.
    let header = "x-amz-content-sha256: UNSIGNED-PAYLOAD";
    let by_key = ["--header", header, "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", "reader:the reader's secret"];
    assert_eq!(fetch(&[by_key.as_slice(), &[&url("open/read%20me.csv")]].concat()).await, "content 200");
    assert!(fetch(&[by_key.as_slice(), &[&url("closed/secret.csv")]].concat()).await.ends_with(" 403"));
}
