//! Requests as they go over the wire, and what becomes of answers that are none: against a listener that says what it is told to.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_config::SdkConfig;
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_lc_rs::{digest, hmac};
use datalake_aws::{account::Account, opensearch::OpenSearchIndex};
use domain::{
    PortErrorKind,
    ports::{SearchIndex, SearchRebuild},
    search::{Indexed, QueryNode},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::{document, everything_that, index_at};

/// A request as it came.
#[derive(Clone, Debug)]
struct Seen {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

/// A listener that answers by what it was asked (an empty answer breaks off) and remembers everything.
struct Listener {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Listener {
    async fn new(answer: impl Fn(&Seen, usize) -> Option<(u16, String)> + Send + Sync + 'static) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", socket.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (heard, answer) = (Arc::clone(&seen), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                let (heard, answer) = (Arc::clone(&heard), Arc::clone(&answer));
                tokio::spawn(async move {
                    // One request a connection; a client that gives up is none of our business.
                    let _ = converse(stream, &heard, answer.as_ref()).await;
                });
            }
        });
        Self { url, seen }
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic").clone()
    }
}

async fn converse(
    mut stream: TcpStream,
    heard: &Mutex<Vec<Seen>>,
    answer: &(impl Fn(&Seen, usize) -> Option<(u16, String)> + Sync),
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let seen = loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        if let Some(seen) = whole(&bytes) {
            break seen;
        }
    };
    let count = {
        let mut heard = heard.lock().expect("no panic");
        heard.push(seen.clone());
        heard.len()
    };
    let Some((status, body)) = answer(&seen, count) else { return Ok(()) };
    if status == 0 {
        // Never an answer; the client closes the connection.
        stream.read_buf(&mut bytes).await?;
        return Ok(());
    }
    let length = body.len();
    stream.write_all(format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").as_bytes()).await
}

/// The request, once all of it is there.
fn whole(bytes: &[u8]) -> Option<Seen> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let line = lines.next()?.to_owned();
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().expect("a length"));
    let body = bytes[end + 4..].to_vec();
    (body.len() >= length).then_some(Seen { line, headers, body })
}

const NO_HITS: &str = r#"{"timed_out":false,"hits":{"total":{"value":0,"relation":"eq"},"hits":[]}}"#;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn signed_index(url: &str) -> Arc<OpenSearchIndex> {
    let credentials = Credentials::new("AKIDEXAMPLE", "a secret of the role", Some("a session".to_owned()), None, "test");
    let config = SdkConfig::builder()
        .region(aws_config::Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Account::of(&config).index(url, "lake").expect("a good configuration")
}

/// Signature Version 4 by hand, from AWS's own description: "Create a signed AWS API request",
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.
#[tokio::test]
async fn requests_are_signed_for_the_service_with_session_and_content() {
    let listener = Listener::new(|_, _| Some((200, NO_HITS.to_owned()))).await;
    signed_index(&listener.url).search(&everything_that(QueryNode::Everything)).await.expect("an answer");
    let seen = listener.seen().remove(0);
    assert_eq!(seen.header("x-amz-security-token"), "a session");
    let content = hex(digest::digest(&digest::SHA256, &seen.body).as_ref());
    assert_eq!(seen.header("x-amz-content-sha256"), content);
    let time = seen.header("x-amz-date");
    assert!(time.len() == "20260921T131320Z".len() && time.ends_with('Z'), "{time}");

    let authorization = seen.header("authorization");
    let part = |name: &str| authorization.split([' ', ',']).find_map(|part| part.strip_prefix(name)).expect("a part").to_owned();
    let scope = format!("{}/eu-west-1/es/aws4_request", &time[..8]);
    assert_eq!(part("Credential="), format!("AKIDEXAMPLE/{scope}"));
    let names = part("SignedHeaders=");
    for name in ["host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"] {
        assert!(names.split(';').any(|signed| signed == name), "{name} is not signed: {names}");
    }
    let headers: String = names.split(';').map(|name| format!("{name}:{}\n", seen.header(name))).collect();
    let (path, query) = seen.line.split(' ').nth(1).and_then(|target| target.split_once('?')).expect("a query");
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.sort_unstable();
    let canonical = format!("POST\n{path}\n{}\n{headers}\n{names}\n{content}", pairs.join("&"));
    let hashed = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let sign = |key: &[u8], text: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec();
    let key = ["eu-west-1", "es", "aws4_request"].iter().fold(sign(b"AWS4a secret of the role", &time[..8]), |key, text| sign(&key, text));
    let signature = hex(&sign(&key, &format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hashed}")));
    assert_eq!(part("Signature="), signature);
}

/// The policy of the domain allows no other.
#[tokio::test]
async fn only_the_methods_of_the_policy_are_used() {
    let answer = |seen: &Seen, _| match seen.line.split(' ').next() {
        Some("HEAD") => Some((404, String::new())),
        _ => Some((200, NO_HITS.to_owned())),
    };
    let listener = Listener::new(answer).await;
    let index = index_at(&listener.url, "lake");
    // None of these finds what it needs; all of them ask.
    drop(index.search(&everything_that(QueryNode::Everything)).await);
    drop(SearchIndex::upsert_many(&index, &[document(1, 1, "x")]).await);
    drop(index.begin().await);
    drop(index.swap().await);
    let methods: Vec<String> = listener.seen().iter().map(|seen| seen.line.split(' ').next().unwrap_or_default().to_owned()).collect();
    assert!(methods.len() > 4);
    assert!(methods.iter().all(|method| ["GET", "HEAD", "POST", "PUT", "DELETE"].contains(&method.as_str())), "{methods:?}");
}

#[tokio::test]
async fn a_passing_failure_is_asked_again_and_a_lasting_one_is_told() {
    // Broken off, then overloaded, then well.
    let listener = Listener::new(|_, count| match count {
        1 => None,
        2 => Some((503, "<html>".to_owned())),
        _ => Some((200, NO_HITS.to_owned())),
    })
    .await;
    assert!(index_at(&listener.url, "lake").search(&everything_that(QueryNode::Everything)).await.is_ok());
    assert_eq!(listener.seen().len(), 3);

    let rejected = r#"{"error":{"type":"rejected_execution_exception","reason":"full"},"status":429}"#;
    for (status, body, kind, tries) in [
        (429, rejected, PortErrorKind::RateLimited, 3),
        (503, "", PortErrorKind::Unavailable, 3),
        (403, r#"{"Message":"User is not authorized"}"#, PortErrorKind::PermissionDenied, 1),
        (400, r#"{"error":{"type":"parsing_exception"}}"#, PortErrorKind::Unexpected, 1),
    ] {
        let listener = Listener::new(move |_, _| Some((status, body.to_owned()))).await;
        let error = index_at(&listener.url, "lake").search(&everything_that(QueryNode::Everything)).await.expect_err("a failure");
        assert!(error.is(kind), "{error:?}");
        assert_eq!(listener.seen().len(), tries, "{status}");
    }
}

#[tokio::test]
async fn a_cluster_that_never_answers_is_unavailable_in_time() {
    let listener = Listener::new(|_, _| Some((0, String::new()))).await;
    let limit = Duration::from_millis(200);
    let index = index_at(&listener.url, "lake").with_time_limits(limit, limit);
    let begin = tokio::time::Instant::now();
    let error = index.search(&everything_that(QueryNode::Everything)).await.expect_err("no answer");
    assert!(error.is(PortErrorKind::Unavailable));
    let error = SearchIndex::upsert_many(&index, &[document(1, 1, "x")]).await.expect_err("no answer");
    assert!(error.is(PortErrorKind::Unavailable));
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn each_document_of_a_batch_has_an_outcome_of_its_own() {
    let listener = Listener::new(|seen, _| {
        if seen.line.starts_with("HEAD") {
            return Some((404, String::new()));
        }
        let items = r#"{"items":[{"index":{"status":201}},{"index":{"status":429,"error":{"type":"rejected_execution_exception"}}},
            {"index":{"status":409,"error":{"type":"version_conflict_engine_exception"}}}]}"#;
        Some((200, items.to_owned()))
    })
    .await;
    let batch = [document(1, 1, "x"), document(2, 1, "x"), document(3, 1, "x")];
    let outcomes = SearchIndex::upsert_many(&index_at(&listener.url, "lake"), &batch).await.expect("an answer");
    assert_eq!(outcomes, [Indexed::Applied, Indexed::Failed, Indexed::Stale]);
}
