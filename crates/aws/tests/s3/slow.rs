//! How long is waited for what: answers that are small are given up soon, what moves or joins content may take minutes.

use std::{sync::Arc, time::Duration};

use datalake_aws::{account::Account, s3::S3Objects};
use domain::{
    PortErrorKind, PortResult,
    ports::{Multipart as _, ObjectAddress, ObjectInfo, ObjectVersion, Objects as _, PartInfo, PartUpload, StoredPart},
};

use crate::{
    fake::{Answer, Fake},
    support::clock,
};

const MINUTES: Duration = Duration::from_secs(300);

async fn objects(fake: &Fake) -> Arc<S3Objects> {
    Account::of(&fake.account().await).objects_unsigned(clock())
}

fn address() -> ObjectAddress {
    ObjectAddress { bucket: "bucket".to_owned(), key: "key".to_owned() }
}

async fn complete(answer: Answer) -> (PortResult<ObjectInfo>, Fake) {
    let fake = Fake::new(move |_| answer.clone());
    let upload = PartUpload { address: address(), upload_id: "upload".to_owned() };
    let part = StoredPart { info: PartInfo { number: 1, size: 3, sha256: "00".repeat(32) }, etag: "tag".to_owned() };
    (objects(&fake).await.complete(&upload, &[part]).await, fake)
}

#[tokio::test]
async fn completing_an_upload_may_take_minutes() {
    let body = "<?xml version=\"1.0\"?>\n   \n  <CompleteMultipartUploadResult><Key>key</Key></CompleteMultipartUploadResult>";
    let (completed, fake) = complete(Answer(MINUTES, 200, body.to_owned())).await;
    assert_eq!(completed.expect("completed").size, 3);
    assert!(fake.passed() >= MINUTES, "{:?}", fake.passed());
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn an_upload_that_fails_behind_a_status_of_success_is_not_completed() {
    let body = |code: &str| format!("<?xml version=\"1.0\"?>\n <Error><Code>{code}</Code><Message>no</Message></Error>");
    let (failed, _) = complete(Answer(Duration::ZERO, 200, body("InvalidPart"))).await;
    assert!(failed.as_ref().is_err_and(|error| error.is(PortErrorKind::InvalidArgument)), "{failed:?}");
    let (failed, fake) = complete(Answer(Duration::ZERO, 200, body("InternalError"))).await;
    assert!(failed.as_ref().is_err_and(|error| error.is(PortErrorKind::Unavailable)), "{failed:?}");
    assert!(fake.asked().len() > 1, "it was tried again");
}

#[tokio::test]
async fn a_small_answer_that_does_not_come_is_given_up_by_the_account_s_policy() {
    let fake = Fake::new(|_| Answer(MINUTES, 200, String::new()));
    let failed = objects(&fake).await.head(&ObjectVersion { address: address(), version: None }).await.expect_err("no answer");
    assert!(failed.is(PortErrorKind::Unavailable), "{failed}");
    assert!(fake.passed() <= Duration::from_secs(15), "{:?}", fake.passed());
    assert!(fake.asked().len() > 1, "it was tried again");
}

#[tokio::test]
async fn a_thousand_removals_may_take_longer_than_a_small_answer() {
    let fake = Fake::new(|_| Answer(Duration::from_secs(20), 200, "<DeleteResult></DeleteResult>".to_owned()));
    let removed = objects(&fake).await.delete_many(&[ObjectVersion { address: address(), version: None }]).await;
    assert_eq!(removed.expect("removed"), []);
    assert_eq!(fake.asked().len(), 1);
}
