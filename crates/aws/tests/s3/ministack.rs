//! The contracts over ministack, reached as an account is: by the account's root, while requests for others are signed as
//! a role that may do nothing else.
//!
//! Where it deviates from AWS:
//! - it takes headers that a signature does not cover, `x-amz-meta-…` and `x-amz-acl` among them; AWS answers 403
//!   (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>);
//! - it joins parts below 5 MiB; AWS answers `EntityTooSmall`
//!   (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>);
//! - of a version that is named it answers with the whole, whatever range is asked for; AWS answers with the range
//!   (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>). The adapter takes both.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use datalake_aws::account::Account;
use domain::{
    PortErrorKind,
    ports::{Clock as _, ObjectVersion},
};
use secrecy::ExposeSecret as _;
use test_servers::{Server, ministack_with_auth};
use testkit::{
    memory_objects::{once, options_of},
    multipart_suite,
    objects::{Lack, ObjectsSubject},
    objects_suite,
    signed_requests::HttpHolder,
    signed_requests_suite,
};
use tokio::sync::OnceCell;

use crate::support::{SystemClock, bucket, client, clock, config};

/// The key of the account's root.
const ROOT: (&str, &str) = ("test", "test");
const ACCOUNT: &str = "000000000000";

fn left_out() -> bool {
    test_servers::left_out("ministack")
}

/// The server, with the role that signs for every test, and one that may only read.
async fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static ROLES: OnceCell<()> = OnceCell::const_new();
    let server = SERVER.get_or_init(|| ministack_with_auth().unwrap_or_else(|error| panic!("ministack: {error:#}")));
    let make = async || {
        role(server, "signer", r#""s3:GetObject","s3:GetObjectVersion","s3:PutObject""#).await;
        role(server, "reader", r#""s3:GetObject","s3:GetObjectVersion""#).await;
    };
    ROLES.get_or_init(make).await;
    server
}

/// A role that the account's own principals may assume.
async fn role(server: &Server, name: &str, actions: &str) {
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}}}}]}}"#
    );
    let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}]}}"#);
    ask_iam(server, &[("Action", "CreateRole"), ("RoleName", name), ("AssumeRolePolicyDocument", &trust)]).await;
    ask_iam(server, &[("Action", "PutRolePolicy"), ("RoleName", name), ("PolicyName", "only"), ("PolicyDocument", &policy)]).await;
}

async fn ask_iam(server: &Server, form: &[(&str, &str)]) {
    let scope = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00";
    let form = form.iter().chain(&[("Version", "2010-05-08")]).collect::<Vec<_>>();
    let answer = reqwest::Client::new().post(server.url()).header("authorization", scope).form(&form).send().await.expect("an answer");
    let status = answer.status().as_u16();
    assert_eq!(status, 200, "{}", answer.text().await.unwrap_or_default());
}

fn arn(role: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{role}")
}

async fn subject() -> ObjectsSubject {
    subject_of("signer").await
}

async fn subject_of(role: &str) -> ObjectsSubject {
    let config = config(&server().await.url(), ROOT).await;
    let objects = Account::of(&config).objects(&arn(role), clock());
    ObjectsSubject {
        objects: Arc::clone(&objects) as _,
        multipart: objects,
        bucket: bucket(&client(&config)).await,
        holder: Arc::new(HttpHolder::default()),
        lacks: &[Lack::UnsignedHeadersAreRefused, Lack::SmallPartsAreRefused],
        keep: Box::new(()),
    }
}

objects_suite!(subject, unless = left_out);
multipart_suite!(subject, unless = left_out);
signed_requests_suite!(subject, unless = left_out);

#[tokio::test]
async fn requests_are_signed_as_the_role_and_not_as_the_process() {
    if left_out() {
        return;
    }
    let subject = subject_of("reader").await;
    let options = options_of(b"content", "text/plain");
    let stored = subject.objects.put(&subject.address("key"), &options, once("content")).await.expect("the process may write");
    let object = ObjectVersion { address: subject.address("key"), version: stored.version };
    let get = subject.objects.sign_get(&object, "key", Duration::from_secs(900)).await.expect("signed");
    assert_eq!(subject.holder.get(&get).await.as_deref(), Ok(b"content".as_slice()));
    let put = subject.objects.sign_put(&subject.address("other"), &options, Duration::from_secs(900)).await.expect("signed");
    assert_eq!(subject.holder.put(&put, "content".into()).await, Err(403), "the role may only read");
    assert!(get.url.expose_secret().contains("X-Amz-Security-Token="));
}

#[tokio::test]
async fn the_longest_life_is_that_of_a_session() {
    if left_out() {
        return;
    }
    let subject = subject().await;
    let before = SystemClock.now();
    let signed = subject.objects.sign_get(&subject.current("key"), "key", Duration::from_secs(7_200)).await.expect("signed");
    let life = signed.expires_at.since(before);
    assert!(life > Duration::from_secs(3_590) && life <= Duration::from_secs(3_601), "{life:?}");
}

#[tokio::test]
async fn without_its_role_nothing_is_signed() {
    if left_out() {
        return;
    }
    let subject = subject_of("nobody").await;
    let refused = subject.objects.sign_get(&subject.current("key"), "key", Duration::from_secs(900)).await.expect_err("no such role");
    assert!(refused.is(PortErrorKind::Unavailable), "{refused}");
    assert!(refused.to_string().contains("no credentials to sign with"), "{refused}");
    subject.objects.list(&subject.bucket, "", None).await.expect("everything else goes on");
}
