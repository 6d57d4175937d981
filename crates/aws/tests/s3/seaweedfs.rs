//! The contracts over SeaweedFS, which holds signed requests to the letter, and what a bucket's policy does.
//!
//! Where it deviates from AWS:
//! - a key that ends with `/` is a folder to it and keeps no content; keys of AWS are any text
//!   (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>);
//! - it lists parts without the checksums that it verified; AWS tells them
//!   (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Part.html>). The adapter refuses to go on with such parts, so
//!   uploads are completed here with what was sent;
//! - behind a key in a folder it lists names beside the folder that are less than the key; AWS begins behind the key
//!   (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>). The adapter leaves them out.

use std::{sync::Arc, time::Duration};

use aws_sdk_s3::{Client, primitives::ByteStream, types::ServerSideEncryption};
use datalake_aws::s3::{S3Config, S3Objects, static_credentials};
use domain::{
    PortErrorKind, PortResult,
    ports::{ObjectInfo, Objects as _, PartInfo, PutOptions, StoredPart},
};
use secrecy::{ExposeSecret as _, SecretString};
use test_servers::{SEAWEEDFS_ADMIN, SEAWEEDFS_STRANGER, seaweedfs};
use testkit::{
    memory_objects::{once, options_of},
    multipart_suite,
    objects::{Lack, ObjectsSubject, sha256_hex},
    objects_suite,
    signed_requests::HttpHolder,
    signed_requests_suite,
};

use crate::support::{REGION, bucket, client, clock, config};

const LIFE: Duration = Duration::from_secs(900);

fn left_out() -> bool {
    test_servers::left_out("SeaweedFS")
}

/// The adapter as one machine has it: an endpoint with a key of its own.
fn objects((access_key_id, secret): (&str, &str)) -> S3Objects {
    let config = S3Config {
        region: REGION.to_owned(),
        endpoint_url: Some(seaweedfs().url()),
        signing_endpoint_url: None,
        path_style: true,
        credentials: static_credentials(access_key_id, &SecretString::from(secret)),
        kms_key_id: None,
    };
    S3Objects::new(config, clock())
}

async fn subject() -> ObjectsSubject {
    let bucket = bucket(&client(&config(&seaweedfs().url(), SEAWEEDFS_ADMIN).await)).await;
    let objects = Arc::new(objects(SEAWEEDFS_ADMIN));
    ObjectsSubject {
        objects: Arc::clone(&objects) as _,
        multipart: objects,
        bucket,
        holder: Arc::new(HttpHolder::default()),
        lacks: &[Lack::KeysThatEndLikeFolders, Lack::ChecksumsOfParts],
        keep: Box::new(()),
    }
}

objects_suite!(subject, unless = left_out);
multipart_suite!(subject, unless = left_out);
signed_requests_suite!(subject, unless = left_out);

#[tokio::test]
async fn parts_are_taken_to_the_letter_and_become_an_object() {
    if left_out() {
        return;
    }
    let subject = subject().await;
    let (first, second) = (vec![b'1'; 5 << 20], vec![b'2'; 7]);
    let upload = subject.multipart.create(&subject.address("joined"), "text/plain").await.expect("begun");
    let holder = reqwest::Client::new();
    let mut parts = Vec::new();
    for (number, content) in [(1, &first), (2, &second)] {
        let info = PartInfo { number, size: content.len() as u64, sha256: sha256_hex(content) };
        let signed = subject.multipart.sign_part(&upload, &info, LIFE).await.expect("signed");
        let put = |url: &str, body: Vec<u8>| {
            signed.headers.iter().fold(holder.put(url), |request, (name, value)| request.header(name, value)).body(body).send()
        };
        let url = signed.url.expose_secret();
        let status = async |answer: Result<reqwest::Response, reqwest::Error>| answer.expect("an answer").status().as_u16();
        assert_eq!(status(put(url, vec![b'3'; content.len()]).await).await, 400, "other bytes");
        assert_eq!(status(put(&url.replace("partNumber=", "partNumber=1"), content.clone()).await).await, 403, "another number");
        let stored = put(url, content.clone()).await.expect("an answer");
        assert_eq!(stored.status().as_u16(), 200);
        let etag = stored.headers().get("etag").and_then(|tag| tag.to_str().ok()).expect("a tag").to_owned();
        parts.push(StoredPart { info, etag });
    }
    let completed = subject.multipart.complete(&upload, &parts).await.expect("completed");
    assert_eq!(completed.size, 7 + (5 << 20));
    let head = subject.objects.head(&subject.current("joined")).await.expect("there");
    assert_eq!((head.size, head.version, head.content_type.as_deref()), (completed.size, completed.version, Some("text/plain")));
    assert!(subject.multipart.parts(&upload).await.is_err_and(|error| error.is(PortErrorKind::NotFound)));
}

/// A bucket with a policy of these statements, and the administrator's client.
async fn governed(statements: impl Fn(&str) -> String) -> (ObjectsSubject, Client) {
    let subject = subject().await;
    let client = client(&config(&seaweedfs().url(), SEAWEEDFS_ADMIN).await);
    let statements = statements(&format!("arn:aws:s3:::{}", subject.bucket));
    let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    client.put_bucket_policy().bucket(&subject.bucket).policy(policy).send().await.expect("a policy");
    (subject, client)
}

async fn put(subject: &ObjectsSubject, key: &str) -> PortResult<ObjectInfo> {
    subject.objects.put(&subject.address(key), &options_of(b"content", "text/plain"), once("content")).await
}

/// As the data bucket's policy: what says nothing of encryption passes, what asks for another one does not.
#[tokio::test]
async fn a_policy_against_other_encryption_lets_our_writes_pass() {
    if left_out() {
        return;
    }
    let (subject, client) = governed(|arn| {
        let deny = |sid: &str, condition: &str| {
            format!(
                r#"{{"Sid":"{sid}","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"{arn}/*","Condition":{condition}}}"#
            )
        };
        let encryption =
            r#"{"Null":{"s3:x-amz-server-side-encryption":"false"},"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}"#;
        let keys = r#"{"Null":{"s3:x-amz-server-side-encryption-customer-algorithm":"false"}}"#;
        [deny("NoOtherEncryption", encryption), deny("NoKeysOfCallers", keys)].join(",")
    })
    .await;
    put(&subject, "ours").await.expect("our own writes pass");
    let options = PutOptions { only_if_absent: true, ..options_of(b"content", "text/plain") };
    let signed = subject.objects.sign_put(&subject.address("signed"), &options, LIFE).await.expect("signed");
    assert_eq!(subject.holder.put(&signed, "content".into()).await, Ok(()), "and signed ones");
    let upload = subject.multipart.create(&subject.address("parts"), "text/plain").await.expect("and uploads in parts");
    subject.multipart.abort(&upload).await.expect("aborted");

    let other = client.put_object().bucket(&subject.bucket).key("other").server_side_encryption(ServerSideEncryption::Aes256);
    let refused = other.body(ByteStream::from_static(b"content")).send().await.expect_err("refused");
    assert_eq!(refused.raw_response().map(|answer| answer.status().as_u16()), Some(403), "{refused:?}");
    let gone = subject.objects.head(&subject.current("other")).await;
    assert!(gone.is_err_and(|error| error.is(PortErrorKind::NotFound)));
}

#[tokio::test]
async fn a_policy_that_wants_tls_refuses_everything_without() {
    if left_out() {
        return;
    }
    let (subject, _) = governed(|arn| {
        let condition = r#"{"Bool":{"aws:SecureTransport":"false"}}"#;
        format!(r#"{{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["{arn}","{arn}/*"],"Condition":{condition}}}"#)
    })
    .await;
    assert!(put(&subject, "key").await.is_err_and(|error| error.is(PortErrorKind::PermissionDenied)));
    let signed = subject.objects.sign_get(&subject.current("key"), "key", LIFE).await.expect("signed");
    assert_eq!(subject.holder.get(&signed).await, Err(403));
}

/// Others get only what a policy gives them: here, as to readers that the customer names, what lies below a prefix.
#[tokio::test]
async fn a_stranger_reads_what_a_policy_gives_and_nothing_else() {
    if left_out() {
        return;
    }
    let (subject, _) = governed(|arn| {
        format!(r#"{{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:GetObjectVersion"],"Resource":"{arn}/packages/*"}}"#)
    })
    .await;
    put(&subject, "packages/given").await.expect("stored");
    put(&subject, "exports/kept").await.expect("stored");
    let stranger = objects(SEAWEEDFS_STRANGER);
    assert_eq!(stranger.head(&subject.current("packages/given")).await.expect("given").size, 7);
    let kind = |result: PortResult<ObjectInfo>| result.expect_err("refused").kind();
    assert_eq!(kind(stranger.head(&subject.current("exports/kept")).await), PortErrorKind::PermissionDenied);
    let options = options_of(b"content", "text/plain");
    let written = stranger.put(&subject.address("packages/given"), &options, once("content")).await;
    assert_eq!(kind(written), PortErrorKind::PermissionDenied);
}
