//! What signed requests cover, and how long they live. Signing needs no server.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, future},
};
use datalake_aws::s3::{S3Config, S3Objects};
use domain::{
    PortErrorKind, Timestamp,
    ports::{Clock, Multipart, ObjectAddress, ObjectVersion, Objects, PartInfo, PartUpload, PutOptions, SignedRequest},
};
use secrecy::ExposeSecret;
use testkit::{FixedClock, memory_objects::options_of};

const HOUR: Duration = Duration::from_secs(3_600);

/// Sessions of one hour from the clock's time on, as a role's are.
#[derive(Debug)]
struct Sessions {
    clock: Arc<FixedClock>,
    begun: Arc<AtomicU32>,
}

impl ProvideCredentials for Sessions {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let number = self.begun.fetch_add(1, Ordering::SeqCst);
            // Others come between, as they do while a service is asked.
            tokio::task::yield_now().await;
            let expiry = SystemTime::UNIX_EPOCH + Duration::from_millis(self.clock.now().plus(HOUR).as_millis().unsigned_abs());
            Ok(Credentials::new(format!("SESSION{number}"), "secret", Some("token".to_owned()), Some(expiry), "test"))
        })
    }
}

struct Signer {
    objects: S3Objects,
    clock: Arc<FixedClock>,
    sessions: Arc<AtomicU32>,
}

fn signer(kms_key_id: Option<&str>) -> Signer {
    let clock = Arc::new(FixedClock::new(Timestamp::from_millis(1_800_000_000_750).expect("a time")));
    let sessions = Arc::new(AtomicU32::new(0));
    let config = S3Config {
        region: "eu-central-1".to_owned(),
        endpoint_url: Some("http://127.0.0.1:1".to_owned()),
        signing_endpoint_url: Some("https://objects.example".to_owned()),
        path_style: true,
        credentials: SharedCredentialsProvider::new(Sessions { clock: Arc::clone(&clock), begun: Arc::clone(&sessions) }),
        kms_key_id: kms_key_id.map(str::to_owned),
    };
    Signer { objects: S3Objects::new(config, Arc::clone(&clock) as _), clock, sessions }
}

fn address() -> ObjectAddress {
    ObjectAddress { bucket: "bucket".to_owned(), key: "a folder/ü.csv".to_owned() }
}

#[tokio::test]
async fn a_signed_put_names_every_header_that_it_covers() {
    let options = PutOptions { only_if_absent: true, ..options_of(b"content", "text/csv") };
    let signed = signer(Some("key-1")).objects.sign_put(&address(), &options, HOUR).await.expect("signed");
    let headers: Vec<(&str, &str)> = signed.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        headers,
        [
            ("content-length", "7"),
            ("content-type", "text/csv"),
            ("if-none-match", "*"),
            ("x-amz-checksum-sha256", "7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M="),
            ("x-amz-server-side-encryption", "aws:kms"),
            ("x-amz-server-side-encryption-aws-kms-key-id", "key-1"),
        ]
    );
    let url = signed.url.expose_secret();
    assert!(url.starts_with("https://objects.example/bucket/a%20folder/%C3%BC.csv?"), "{url}");
    let covered = "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match%3Bx-amz-checksum-sha256%3B";
    assert!(url.contains(covered), "{url}");
}

#[tokio::test]
async fn a_signed_get_needs_no_headers() {
    let object = ObjectVersion { address: address(), version: Some("version 1".to_owned()) };
    let signed = signer(Some("key-1")).objects.sign_get(&object, "ü.csv", HOUR).await.expect("signed");
    assert_eq!(signed.headers.len(), 0, "{:?}", signed.headers);
    let url = signed.url.expose_secret();
    assert!(url.contains("versionId=version%201&") && url.contains("X-Amz-SignedHeaders=host&"), "{url}");
    assert!(url.contains("response-content-disposition=attachment%3B%20filename%3D%22_.csv%22"), "{url}");
}

#[tokio::test]
async fn the_told_expiry_is_the_true_one() {
    let signer = signer(None);
    let signed = signer.objects.sign_get(&ObjectVersion { address: address(), version: None }, "x", Duration::from_millis(90_500)).await;
    let signed = signed.expect("signed");
    // Signatures know whole seconds: the time of signing and the life are both cut.
    assert_eq!(signed.expires_at.as_millis(), 1_800_000_090_000);
    assert!(signed.url.expose_secret().contains("X-Amz-Date=20270115T080000Z&X-Amz-Expires=90&"));
}

#[tokio::test]
async fn a_url_ends_with_the_session_that_signed_it() {
    let signer = signer(None);
    let now = signer.clock.now();
    let long = sign(&signer, Duration::from_secs(3 * 3_600)).await;
    assert_eq!(long.expires_at, now.plus(HOUR).minus(Duration::from_millis(750)));
    assert!(long.url.expose_secret().contains("X-Amz-Expires=3600&"));
    assert!(long.url.expose_secret().contains("X-Amz-Security-Token=token"));

    sign(&signer, Duration::from_secs(60)).await;
    assert_eq!(signer.sessions.load(Ordering::SeqCst), 1, "a session that outlives the URL is used again");
    signer.clock.advance(HOUR - Duration::from_secs(30));
    let renewed = sign(&signer, Duration::from_secs(60)).await;
    assert_eq!(signer.sessions.load(Ordering::SeqCst), 2, "one that would not is renewed");
    assert!(renewed.url.expose_secret().contains("SESSION1"));
}

#[tokio::test]
async fn a_session_outlives_what_it_signs_by_a_minute() {
    let signer = signer(None);
    sign(&signer, Duration::from_secs(900)).await;
    signer.clock.advance(Duration::from_secs(3_600 - 900 - 61));
    sign(&signer, Duration::from_secs(900)).await;
    assert_eq!(signer.sessions.load(Ordering::SeqCst), 1);
    signer.clock.advance(Duration::from_secs(2));
    let signed = sign(&signer, Duration::from_secs(900)).await;
    assert_eq!(signer.sessions.load(Ordering::SeqCst), 2);
    assert_eq!(signed.expires_at.since(signer.clock.now()), Duration::from_millis(899_250), "whole seconds");
}

#[tokio::test]
async fn an_export_of_urls_that_live_an_hour_begins_one_session() {
    let signer = signer(None);
    sign(&signer, Duration::from_secs(60)).await;
    signer.clock.advance(Duration::from_secs(1_800));
    // Before the export, because half of the session is over, and then for as long as a new one would live hardly longer.
    let mut ends = Vec::new();
    for _ in 0..59 {
        ends.push(sign(&signer, HOUR).await.expires_at);
        signer.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(signer.sessions.load(Ordering::SeqCst), 2);
    let end = signer.clock.now().plus(HOUR).minus(Duration::from_secs(59));
    assert!(ends.iter().all(|told| *told <= end && end.since(*told) < Duration::from_secs(1)), "none is told to outlive the session");
    signer.clock.advance(Duration::from_secs(1));
    sign(&signer, HOUR).await;
    assert_eq!(signer.sessions.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn whoever_signs_at_once_waits_for_one_session() {
    let signer = signer(None);
    let signing = (0..100).map(|_| sign(&signer, HOUR));
    let signed = futures::future::join_all(signing).await;
    assert_eq!(signer.sessions.load(Ordering::SeqCst), 1);
    assert!(signed.iter().all(|request| request.url.expose_secret().contains("SESSION0")));
}

async fn sign(signer: &Signer, expires_in: Duration) -> SignedRequest {
    let object = ObjectVersion { address: address(), version: None };
    signer.objects.sign_get(&object, "x", expires_in).await.expect("signed")
}

#[tokio::test]
async fn lives_that_no_signature_can_have_are_refused() {
    let signer = signer(None);
    let object = ObjectVersion { address: address(), version: None };
    for expires_in in [Duration::ZERO, Duration::from_millis(999), Duration::from_secs(604_801)] {
        let refused = signer.objects.sign_get(&object, "x", expires_in).await.expect_err("refused");
        assert!(refused.is(PortErrorKind::InvalidArgument), "{expires_in:?}");
    }
}

#[tokio::test]
async fn a_checksum_that_is_none_is_refused_before_anything_is_signed() {
    let signer = signer(None);
    let options = PutOptions { sha256: "00".to_owned(), ..options_of(b"", "text/csv") };
    let refused = signer.objects.sign_put(&address(), &options, HOUR).await.expect_err("refused");
    assert!(refused.is(PortErrorKind::InvalidArgument));
    let upload = PartUpload { address: address(), upload_id: "upload".to_owned() };
    let part = PartInfo { number: 1, size: 0, sha256: "none".to_owned() };
    assert!(signer.objects.sign_part(&upload, &part, HOUR).await.expect_err("refused").is(PortErrorKind::InvalidArgument));
}
