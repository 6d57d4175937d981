//! What every adapter of `Multipart` must keep. [`multipart_suite!`](crate::multipart_suite) stamps one test per promise.

use std::time::Duration;

use bytes::Bytes;
use domain::{
    PortErrorKind,
    ports::{ByteRange, PartInfo, PartUpload, StoredPart},
};
use futures::{StreamExt, stream};

use crate::objects::{Lack, ObjectsSubject, kind, pattern, sha256_hex};

/// The smallest part that may come before others.
const SMALLEST: usize = 5 * 1024 * 1024;

const MINUTES: Duration = Duration::from_secs(600);

async fn begin(subject: &ObjectsSubject, key: &str) -> PartUpload {
    subject.multipart.create(&subject.address(key), "application/parquet").await.expect("begun")
}

fn part_of(number: u32, content: &[u8]) -> PartInfo {
    PartInfo { number, size: content.len() as u64, sha256: sha256_hex(content) }
}

async fn send(subject: &ObjectsSubject, upload: &PartUpload, number: u32, content: &[u8]) -> Result<(), u16> {
    let signed = subject.multipart.sign_part(upload, &part_of(number, content), MINUTES).await.expect("signed");
    subject.holder.put(&signed, Bytes::copy_from_slice(content)).await
}

async fn parts(subject: &ObjectsSubject, upload: &PartUpload) -> Vec<StoredPart> {
    subject.multipart.parts(upload).await.expect("parts")
}

/// Whether there is a listing of parts to go on with. Where their checksums are missing, it is refused: nobody could say what
/// the object is made of.
async fn parts_are_listed(subject: &ObjectsSubject) -> bool {
    if !subject.lacks(Lack::ChecksumsOfParts) {
        return true;
    }
    let upload = begin(subject, "without checksums").await;
    send(subject, &upload, 1, b"content").await.expect("sent");
    assert_eq!(kind(subject.multipart.parts(&upload).await), Some(PortErrorKind::Unexpected));
    subject.multipart.abort(&upload).await.expect("aborted");
    false
}

/// Parts become one object with the checksum over theirs.
pub async fn parts_become_one_object(subject: &ObjectsSubject) {
    if !parts_are_listed(subject).await {
        return;
    }
    let upload = begin(subject, "parts/größe +1.parquet").await;
    let (first, second) = (pattern(SMALLEST), pattern(1_234));
    send(subject, &upload, 2, &second).await.expect("sent");
    send(subject, &upload, 1, &first).await.expect("sent");
    let stored = parts(subject, &upload).await;
    let infos: Vec<PartInfo> = stored.iter().map(|part| part.info.clone()).collect();
    assert_eq!(infos, [part_of(1, &first), part_of(2, &second)], "ascending, though they came otherwise");

    let completed = subject.multipart.complete(&upload, &stored).await.expect("completed");
    let checksums = [sha256_hex(&first), sha256_hex(&second)].concat();
    let composite = sha256_hex(&hex::decode(checksums).expect("hexadecimal"));
    assert_eq!(completed.size, (first.len() + second.len()) as u64);
    assert_eq!(completed.composite_sha256.as_ref(), Some(&composite));

    let object = subject.current("parts/größe +1.parquet");
    let head = subject.objects.head(&object).await.expect("there");
    assert_eq!((head.composite_sha256, head.sha256, head.version), (Some(composite), None, completed.version));
    assert_eq!(head.content_type.as_deref(), Some("application/parquet"));
    let whole = [first, second].concat();
    assert_eq!(sha256_hex(&subject.get(&object, None).await.expect("there").1), sha256_hex(&whole));
    let border = ByteRange { start: SMALLEST as u64 - 3, end: Some(SMALLEST as u64 + 2) };
    assert_eq!(subject.get(&object, Some(border)).await.expect("a range").1, whole[SMALLEST - 3..SMALLEST + 3]);
}

/// After an interruption the parts that arrived are known, and one may be sent again.
pub async fn an_upload_resumes_with_the_parts_that_arrived(subject: &ObjectsSubject) {
    if !parts_are_listed(subject).await {
        return;
    }
    let upload = begin(subject, "resumed").await;
    assert_eq!(parts(subject, &upload).await, []);
    send(subject, &upload, 1, b"old").await.expect("sent");
    send(subject, &upload, 1, b"newer").await.expect("sent");
    let stored = parts(subject, &upload).await;
    assert_eq!(stored.iter().map(|part| part.info.clone()).collect::<Vec<_>>(), [part_of(1, b"newer")]);
    subject.multipart.complete(&upload, &stored).await.expect("completed");
    assert_eq!(subject.get(&subject.current("resumed"), None).await.expect("there").1, "newer");
}

/// A completed upload is no upload any more. A store may answer a second completion like the first.
pub async fn completing_twice_makes_nothing_new(subject: &ObjectsSubject) {
    if !parts_are_listed(subject).await {
        return;
    }
    let upload = begin(subject, "twice").await;
    send(subject, &upload, 1, b"content").await.expect("sent");
    let stored = parts(subject, &upload).await;
    let completed = subject.multipart.complete(&upload, &stored).await.expect("completed");
    match subject.multipart.complete(&upload, &stored).await {
        Ok(again) => assert_eq!(again.version, completed.version),
        Err(error) => assert_eq!(error.kind(), PortErrorKind::NotFound),
    }
    assert_eq!(kind(subject.multipart.parts(&upload).await), Some(PortErrorKind::NotFound));
    subject.multipart.abort(&upload).await.expect("of an absent one no error");
    let (info, bytes) = subject.get(&subject.current("twice"), None).await.expect("there");
    assert_eq!((info.version, &bytes[..]), (completed.version, b"content".as_slice()));
}

/// An aborted upload leaves nothing and takes nothing.
pub async fn an_aborted_upload_is_gone(subject: &ObjectsSubject) {
    if !parts_are_listed(subject).await {
        return;
    }
    let upload = begin(subject, "aborted").await;
    send(subject, &upload, 1, b"content").await.expect("sent");
    let stored = parts(subject, &upload).await;
    subject.multipart.abort(&upload).await.expect("aborted");
    assert_eq!(kind(subject.multipart.parts(&upload).await), Some(PortErrorKind::NotFound));
    assert_eq!(kind(subject.multipart.complete(&upload, &stored).await), Some(PortErrorKind::NotFound));
    assert_eq!(send(subject, &upload, 2, b"late").await, Err(404));
    subject.multipart.abort(&upload).await.expect("of an absent one no error");
    assert_eq!(kind(subject.objects.head(&subject.current("aborted")).await), Some(PortErrorKind::NotFound));
}

/// A signed part takes no other bytes than announced.
pub async fn a_signed_part_takes_only_its_bytes(subject: &ObjectsSubject) {
    if !parts_are_listed(subject).await {
        return;
    }
    let upload = begin(subject, "exact").await;
    let signed = subject.multipart.sign_part(&upload, &part_of(1, b"right"), MINUTES).await.expect("signed");
    assert_eq!(signed.method, "PUT");
    assert!(["content-length", "x-amz-checksum-sha256"].iter().all(|name| signed.headers.contains_key(*name)), "{:?}", signed.headers);
    assert_eq!(subject.holder.put(&signed, Bytes::from_static(b"wrong")).await, Err(400));
    assert_eq!(parts(subject, &upload).await, []);
    assert_eq!(subject.holder.put(&signed, Bytes::from_static(b"right")).await, Ok(()));
    assert_eq!(parts(subject, &upload).await.len(), 1);
}

/// Parts that are not there, are others, or are too small make no object, and the upload stays.
pub async fn wrong_parts_make_no_object(subject: &ObjectsSubject) {
    if !parts_are_listed(subject).await {
        return;
    }
    let upload = begin(subject, "wrong").await;
    send(subject, &upload, 1, b"too small").await.expect("sent");
    send(subject, &upload, 2, b"last").await.expect("sent");
    let stored = parts(subject, &upload).await;
    let absent = StoredPart { info: PartInfo { number: 3, ..stored[0].info.clone() }, etag: stored[0].etag.clone() };
    let other = StoredPart { etag: stored[0].etag.clone(), ..stored[1].clone() };
    let cases = [(vec![absent], "absent"), (vec![other], "another tag"), (Vec::new(), "none"), (stored.clone(), "too small")];
    for (named, why) in cases.into_iter().filter(|(_, why)| *why != "too small" || !subject.lacks(Lack::SmallPartsAreRefused)) {
        assert_eq!(kind(subject.multipart.complete(&upload, &named).await), Some(PortErrorKind::InvalidArgument), "{why}");
    }
    assert_eq!(kind(subject.objects.head(&subject.current("wrong")).await), Some(PortErrorKind::NotFound));
    subject.multipart.complete(&upload, &stored[1..]).await.expect("the last alone");
    assert_eq!(subject.get(&subject.current("wrong"), None).await.expect("there").1, "last");
}

/// A part's number is from 1 to 10,000.
pub async fn part_numbers_have_limits(subject: &ObjectsSubject) {
    let upload = begin(subject, "numbers").await;
    for number in [0, 10_001] {
        let refused = subject.multipart.sign_part(&upload, &part_of(number, b"x"), MINUTES).await;
        assert_eq!(kind(refused), Some(PortErrorKind::InvalidArgument), "{number}");
    }
    send(subject, &upload, 10_000, b"x").await.expect("the highest number");
}

/// More parts than a page of the store are all listed.
pub async fn all_parts_are_listed(subject: &ObjectsSubject) {
    if !parts_are_listed(subject).await {
        return;
    }
    let upload = begin(subject, "many").await;
    stream::iter(1..=1_003)
        .for_each_concurrent(8, |number| {
            let upload = &upload;
            async move { send(subject, upload, number, &number.to_be_bytes()).await.expect("sent") }
        })
        .await;
    let numbers: Vec<u32> = parts(subject, &upload).await.iter().map(|part| part.info.number).collect();
    assert_eq!(numbers, (1..=1_003).collect::<Vec<u32>>());
    subject.multipart.abort(&upload).await.expect("aborted");
}

/// Stamps one test per promise of `Multipart`; `$setup` is an `async fn() -> ObjectsSubject`.
#[macro_export]
macro_rules! multipart_suite {
    ($setup:path $(, unless = $left_out:path)?) => {
        $crate::objects_suite! { @stamp $setup, [$($left_out)?], multipart:
            parts_become_one_object
            an_upload_resumes_with_the_parts_that_arrived
            completing_twice_makes_nothing_new
            an_aborted_upload_is_gone
            a_signed_part_takes_only_its_bytes
            wrong_parts_make_no_object
            part_numbers_have_limits
            all_parts_are_listed
        }
    };
}
