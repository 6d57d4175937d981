//! The adapter in an account: whom it asks for sessions, and what its signed requests are.

use std::{sync::Arc, time::Duration};

use datalake_aws::{account::Account, s3::S3Objects};
use domain::{
    PortErrorKind, Timestamp,
    ports::{ObjectAddress, ObjectVersion, Objects as _, PutOptions},
};
use secrecy::ExposeSecret as _;
use testkit::{FixedClock, memory_objects::options_of, objects::SIGNED_HEADERS};

use crate::fake::{Answer, Fake};

const SIGNER: &str = "arn:aws:iam::123456789012:role/data-lake-signer-eu-central-1";
const LIFE: Duration = Duration::from_secs(900);

/// A session that ends on 15 January 2027 at 09:00.
fn session() -> Answer {
    let body = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIASIGNER</AccessKeyId>\
        <SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>2027-01-15T09:00:00Z</Expiration>\
        </Credentials></AssumeRoleResult></AssumeRoleResponse>";
    Answer(Duration::from_millis(500), 200, body.to_owned())
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

async fn signer(fake: &Fake, now: &str) -> Arc<S3Objects> {
    Account::of(&fake.account().await).objects(SIGNER, Arc::new(FixedClock::new(at(now))))
}

fn object() -> ObjectVersion {
    ObjectVersion { address: address(), version: Some("v1".to_owned()) }
}

fn address() -> ObjectAddress {
    ObjectAddress { bucket: "data-lake-data-123456789012-eu-central-1".to_owned(), key: "packages/a b.csv".to_owned() }
}

#[tokio::test]
async fn a_session_of_an_hour_is_asked_for_and_signs_until_it_ends() {
    let fake = Fake::new(|_| session());
    let objects = signer(&fake, "2027-01-15T08:30:00Z").await;
    assert!(fake.asked().is_empty(), "nobody is asked before something is to be signed");
    let signed = objects.sign_get(&object(), "a b.csv", Duration::from_secs(3_600)).await.expect("signed");
    assert_eq!(signed.expires_at, at("2027-01-15T09:00:00Z"), "the session's end, not the life that was asked for");
    let url = signed.url.expose_secret();
    let host = "https://data-lake-data-123456789012-eu-central-1.s3.eu-central-1.amazonaws.com/packages/a%20b.csv?";
    assert!(url.starts_with(host), "{url}");
    for part in ["X-Amz-Credential=ASIASIGNER%2F20270115%2Feu-central-1%2Fs3", "X-Amz-Expires=1800&", "X-Amz-Security-Token=token"] {
        assert!(url.contains(part), "{part} in {url}");
    }
    let [(address, form)] = &fake.asked()[..] else { panic!("one session: {:?}", fake.asked()) };
    assert_eq!(address, "https://sts.eu-central-1.amazonaws.com/");
    let role = "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdata-lake-signer-eu-central-1";
    assert!(form.contains("Action=AssumeRole") && form.contains("DurationSeconds=3600") && form.contains(role), "{form}");
}

#[tokio::test]
async fn many_at_once_begin_one_session() {
    let fake = Fake::new(|_| session());
    let objects = signer(&fake, "2027-01-15T08:00:00Z").await;
    let object = object();
    let signing = (0..50).map(|_| objects.sign_get(&object, "x", Duration::from_secs(3_600)));
    let signed = futures::future::join_all(signing).await;
    assert!(signed.into_iter().all(|signed| signed.expect("signed").expires_at == at("2027-01-15T09:00:00Z")));
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn a_signed_put_asks_for_no_header_of_encryption() {
    let objects = signer(&Fake::new(|_| session()), "2027-01-15T08:00:00Z").await;
    let options = PutOptions { only_if_absent: true, ..options_of(b"content", "text/csv") };
    let signed = objects.sign_put(&address(), &options, LIFE).await.expect("signed");
    assert_eq!(signed.headers.keys().map(String::as_str).collect::<Vec<_>>(), SIGNED_HEADERS);
    assert_eq!(signed.expires_at, at("2027-01-15T08:15:00Z"));
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_told_and_tried_again_next_time() {
    let refused =
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>";
    let fake = Fake::new(move |_| Answer(Duration::ZERO, 403, refused.to_owned()));
    let objects = signer(&fake, "2027-01-15T08:00:00Z").await;
    for times in 1..=2 {
        let error = objects.sign_get(&object(), "x", LIFE).await.expect_err("refused");
        assert!(error.is(PortErrorKind::Unavailable), "{error}");
        assert_eq!(error.context(), [("reason", "there are no credentials to sign with".to_owned())]);
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(source.contains("AccessDenied"), "{source}");
        assert_eq!(fake.asked().len(), times);
    }
}

#[tokio::test]
async fn a_session_that_has_ended_already_signs_nothing() {
    let objects = signer(&Fake::new(|_| session()), "2027-01-15T09:00:00Z").await;
    assert!(objects.sign_get(&object(), "x", LIFE).await.expect_err("ended").is(PortErrorKind::Unavailable));
}

#[tokio::test]
async fn a_process_without_a_role_signs_nothing() {
    let fake = Fake::new(|_| session());
    let objects = Account::of(&fake.account().await).objects_unsigned(Arc::new(FixedClock::default()));
    assert!(objects.sign_get(&object(), "x", LIFE).await.expect_err("no role").is(PortErrorKind::Unsupported));
    assert!(fake.asked().is_empty());
}
