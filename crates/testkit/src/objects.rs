//! What every adapter of `Objects` must keep. [`objects_suite!`](crate::objects_suite) stamps one test per promise.

use std::{any::Any, collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use bytes::{Bytes, BytesMut};
use domain::{
    PortErrorKind, PortResult,
    ports::{ByteRange, Multipart, ObjectAddress, ObjectInfo, ObjectVersion, Objects, PutOptions, SignedRequest},
};
use futures::{StreamExt, TryStreamExt, stream};

use crate::memory_objects::{once, options_of};

/// An adapter under test.
pub struct ObjectsSubject {
    /// The port.
    pub objects: Arc<dyn Objects>,
    /// The port for uploads in parts into the same store.
    pub multipart: Arc<dyn Multipart>,
    /// A bucket that is there, and empty or nobody else's.
    pub bucket: String,
    /// Sends signed requests as somebody who was given them.
    pub holder: Arc<dyn Holder>,
    /// What an emulator lacks that the store which it stands for has. No home of the product lacks anything.
    pub lacks: &'static [Lack],
    /// What must live as long as the test: servers, folders.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// Something that an emulator does otherwise than Amazon S3: checks leave it out there. Whoever says so says beside it
/// where Amazon documents what is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// A key that ends with `/` keeps its content.
    KeysThatEndLikeFolders,
    /// Parts are listed with their checksums.
    ChecksumsOfParts,
    /// Parts that are too small are not joined.
    SmallPartsAreRefused,
    /// A header that the signature does not cover is refused.
    UnsignedHeadersAreRefused,
}

/// Somebody who holds signed requests. Answers with HTTP's status where they are refused.
#[async_trait]
pub trait Holder: Send + Sync {
    /// Sends a signed PUT with this body.
    async fn put(&self, request: &SignedRequest, body: Bytes) -> Result<(), u16>;

    /// Sends a signed GET.
    async fn get(&self, request: &SignedRequest) -> Result<Bytes, u16>;
}

impl ObjectsSubject {
    /// Where `key` is.
    #[must_use]
    pub fn address(&self, key: &str) -> ObjectAddress {
        ObjectAddress { bucket: self.bucket.clone(), key: key.to_owned() }
    }

    /// The current version of `key`.
    #[must_use]
    pub fn current(&self, key: &str) -> ObjectVersion {
        ObjectVersion { address: self.address(key), version: None }
    }

    pub(crate) fn lacks(&self, lack: Lack) -> bool {
        self.lacks.contains(&lack)
    }

    async fn put(&self, key: &str, content: &[u8]) -> PortResult<ObjectInfo> {
        self.objects.put(&self.address(key), &options_of(content, "text/csv"), once(content.to_vec())).await
    }

    pub(crate) async fn get(&self, object: &ObjectVersion, range: Option<ByteRange>) -> PortResult<(ObjectInfo, Bytes)> {
        let body = self.objects.get(object, range).await?;
        let bytes = body.bytes.try_fold(BytesMut::new(), |mut all, chunk| async move {
            all.extend_from_slice(&chunk);
            Ok(all)
        });
        Ok((body.info, bytes.await?.freeze()))
    }

    /// All keys below `prefix`, page by page.
    async fn keys(&self, prefix: &str) -> Vec<String> {
        let (mut keys, mut after) = (Vec::new(), None);
        loop {
            let page = self.objects.list(&self.bucket, prefix, after).await.expect("a listing");
            assert!(page.objects.len() <= 1_000, "a page of {}", page.objects.len());
            keys.extend(page.objects.into_iter().map(|object| object.key));
            match page.next {
                None => return keys,
                next => after = next,
            }
        }
    }
}

/// SHA-256 in lower-case hex.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

pub(crate) fn kind<T>(result: PortResult<T>) -> Option<PortErrorKind> {
    result.err().map(|error| error.kind())
}

/// Content that is nowhere like itself, so that a wrong offset shows.
pub(crate) fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|position| (position.wrapping_mul(31) >> 3) as u8 ^ (position >> 11) as u8).collect()
}

/// What was put comes back, with all that was said of it.
pub async fn content_comes_back_with_what_was_said_of_it(subject: &ObjectsSubject) {
    let content = b"a,b\n1,2\n";
    let stored = subject.put("plain.csv", content).await.expect("stored");
    assert_eq!(stored.size, 8);
    assert_eq!(stored.sha256.as_deref(), Some(sha256_hex(content).as_str()));
    let (info, bytes) = subject.get(&subject.current("plain.csv"), None).await.expect("there");
    assert_eq!(bytes, content.as_slice());
    let head = subject.objects.head(&subject.current("plain.csv")).await.expect("there");
    for info in [info, head] {
        assert_eq!(info.key, "plain.csv");
        assert_eq!(info.version, stored.version);
        assert_eq!(info.size, 8);
        assert_eq!(info.sha256.as_deref(), Some(sha256_hex(content).as_str()));
        assert_eq!(info.composite_sha256, None);
        assert_eq!(info.content_type.as_deref(), Some("text/csv"));
    }
}

/// Nothing is content, too.
pub async fn empty_content_is_stored(subject: &ObjectsSubject) {
    subject.put("empty", b"").await.expect("stored");
    let (info, bytes) = subject.get(&subject.current("empty"), None).await.expect("there");
    assert_eq!((info.size, bytes.len()), (0, 0));
    assert_eq!(info.sha256, Some(sha256_hex(b"")));
}

/// Ranges are inclusive, cut at the end, and refused behind it: of the current version, and of one that is named.
pub async fn ranges_are_read(subject: &ObjectsSubject) {
    let content = pattern(100_000);
    let stored = subject.put("ranges", &content).await.expect("stored");
    let current = subject.current("ranges");
    for object in [current.clone(), ObjectVersion { version: stored.version, ..current }] {
        for (start, end, expected) in [
            (0, Some(0), 0..1),
            (5, Some(9), 5..10),
            (40_000, Some(79_999), 40_000..80_000),
            (99_990, None, 99_990..100_000),
            (99_999, Some(200_000), 99_999..100_000),
        ] {
            let (info, bytes) = subject.get(&object, Some(ByteRange { start, end })).await.expect("a range");
            assert_eq!(bytes, content[expected], "{start}-{end:?} of {object:?}");
            assert_eq!(info.size, 100_000, "the size is of the whole");
        }
        let behind = subject.get(&object, Some(ByteRange { start: 100_000, end: None })).await;
        assert_eq!(kind(behind), Some(PortErrorKind::InvalidArgument));
    }
}

/// Content of several buffers arrives as it was, in chunks.
pub async fn large_content_is_streamed(subject: &ObjectsSubject) {
    let content = Bytes::from(pattern(9 * 1024 * 1024 + 7));
    let chunks: Vec<_> = (0..content.len()).step_by(60_001).map(|from| Ok(content.slice(from..content.len().min(from + 60_001)))).collect();
    let options = options_of(&content, "application/octet-stream");
    subject.objects.put(&subject.address("large"), &options, stream::iter(chunks).boxed()).await.expect("stored");
    let (_, bytes) = subject.get(&subject.current("large"), None).await.expect("there");
    assert_eq!(sha256_hex(&bytes), options.sha256);
}

/// Keys are any text.
pub async fn keys_are_any_text(subject: &ObjectsSubject) {
    let keys =
        ["Größe/日本語/🦀.csv", "with space", "plus+plus", "per%cent%20", "?query&x=1#f", "quote\"'<>", "~tilde!*()", "e\u{301}", "a//b/"];
    let keys = if subject.lacks(Lack::KeysThatEndLikeFolders) { &keys[..keys.len() - 1] } else { &keys[..] };
    for key in keys {
        let content = format!("content of {key}");
        subject.put(key, content.as_bytes()).await.unwrap_or_else(|error| panic!("{key}: {error}"));
    }
    for key in keys {
        let (_, bytes) = subject.get(&subject.current(key), None).await.unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_eq!(bytes, format!("content of {key}").as_bytes());
    }
    let listed: BTreeSet<String> = subject.keys("").await.into_iter().collect();
    assert!(keys.iter().all(|key| listed.contains(*key)), "{listed:?}");
}

/// A key has 1 to 1,024 bytes.
pub async fn keys_that_are_no_keys_are_refused(subject: &ObjectsSubject) {
    for key in [String::new(), "x".repeat(1_025)] {
        assert_eq!(kind(subject.put(&key, b"x").await), Some(PortErrorKind::InvalidArgument), "{} bytes", key.len());
    }
    subject.put(&"x".repeat(1_024), b"x").await.expect("the longest key");
}

/// Bytes that are not the announced are refused, and nothing is stored.
pub async fn other_content_than_announced_is_refused(subject: &ObjectsSubject) {
    let options = options_of(b"right", "text/plain");
    for (key, content) in [("bytes", "wrong"), ("shorter", "righ"), ("longer", "right!")] {
        let refused = subject.objects.put(&subject.address(key), &options, once(content)).await;
        assert_eq!(kind(refused), Some(PortErrorKind::InvalidArgument), "{key}");
        assert_eq!(kind(subject.objects.head(&subject.current(key)).await), Some(PortErrorKind::NotFound), "{key}");
    }
}

/// With `only_if_absent` the first write stays.
pub async fn a_second_write_is_refused_where_asked(subject: &ObjectsSubject) {
    let put = async |content: &'static str, only_if_absent| {
        let options = PutOptions { only_if_absent, ..options_of(content.as_bytes(), "text/plain") };
        subject.objects.put(&subject.address("once"), &options, once(content)).await
    };
    put("first", true).await.expect("stored");
    assert_eq!(kind(put("second", true).await), Some(PortErrorKind::PreconditionFailed));
    assert_eq!(subject.get(&subject.current("once"), None).await.expect("there").1, "first");
    put("third", false).await.expect("unconditional writes pass");
    subject.objects.delete_many(&[subject.current("once")]).await.expect("hidden");
    put("fourth", true).await.expect("a hidden key is absent");
}

/// Of several first writes at once, one wins and the others are told.
pub async fn of_concurrent_first_writes_one_wins(subject: &ObjectsSubject) {
    let writes = (0..8).map(|number| async move {
        let content = format!("writer {number}");
        let options = PutOptions { only_if_absent: true, ..options_of(content.as_bytes(), "text/plain") };
        (content.clone(), subject.objects.put(&subject.address("contended"), &options, once(content)).await)
    });
    let results = futures::future::join_all(writes).await;
    let winners: Vec<&String> = results.iter().filter(|(_, result)| result.is_ok()).map(|(content, _)| content).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    let (_, bytes) = subject.get(&subject.current("contended"), None).await.expect("there");
    assert_eq!(bytes, winners[0].as_bytes());
}

/// Each write is a version that stays until it is removed.
pub async fn versions_stay(subject: &ObjectsSubject) {
    let first = subject.put("versions", b"first").await.expect("stored");
    let second = subject.put("versions", b"second").await.expect("stored");
    assert!(first.version.is_some() && first.version != second.version);
    let old = ObjectVersion { address: subject.address("versions"), version: first.version };
    assert_eq!(subject.get(&old, None).await.expect("there").1, "first");
    assert_eq!(subject.get(&subject.current("versions"), None).await.expect("there").1, "second");
    assert_eq!(subject.keys("versions").await, ["versions"]);
}

/// What is not there is `NotFound`, whatever is asked of it.
pub async fn absent_things_are_not_found(subject: &ObjectsSubject) {
    let stored = subject.put("present", b"x").await.expect("stored");
    let elsewhere = ObjectVersion { address: subject.address("absent"), version: stored.version };
    for object in [subject.current("absent"), elsewhere] {
        assert_eq!(kind(subject.get(&object, None).await), Some(PortErrorKind::NotFound), "{object:?}");
        assert_eq!(kind(subject.objects.head(&object).await), Some(PortErrorKind::NotFound), "{object:?}");
    }
    assert!(subject.keys("absent").await.is_empty());
}

/// A listing of more than a page is in the order of the keys' bytes and misses nothing.
pub async fn listings_are_paged_in_byte_order(subject: &ObjectsSubject) {
    let special = ["list/A", "list/a", "list/a!", "list/a/b", "list/z", "list/\u{e9}", "list/\u{ffee}", "list/\u{10000}"];
    let mut expected: Vec<String> = (0..1_000).map(|number| format!("list/{number:05}")).collect();
    expected.extend(special.map(str::to_owned));
    stream::iter(expected.iter().rev())
        .for_each_concurrent(8, |key| async move {
            subject.put(key, b"x").await.expect("stored");
        })
        .await;
    subject.put("lisu", b"x").await.expect("stored");
    subject.put("list", b"x").await.expect("stored");
    expected.sort_unstable();
    assert_eq!(subject.keys("list/").await, expected);
    // Nobody has the key behind which this one begins.
    let behind = subject.objects.list(&subject.bucket, "list/", Some(format!("list/a/{}", char::MAX))).await.expect("a listing");
    let behind: Vec<&str> = behind.objects.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(behind, ["list/z", "list/\u{e9}", "list/\u{ffee}", "list/\u{10000}"]);

    let all: Vec<ObjectVersion> = expected.iter().map(|key| subject.current(key)).collect();
    assert_eq!(subject.objects.delete_many(&all).await.expect("removed"), []);
    assert!(subject.keys("list/").await.is_empty());
    assert_eq!(subject.keys("list").await, ["list"]);
}

/// Removing without a version hides; with one it is for good, and what lay below is current again.
pub async fn removing_hides_or_is_for_good(subject: &ObjectsSubject) {
    let first = subject.put("removed", b"first").await.expect("stored");
    let second = subject.put("removed", b"second").await.expect("stored");
    let of = |info: &ObjectInfo| ObjectVersion { address: subject.address("removed"), version: info.version.clone() };
    let remove = async |objects: &[ObjectVersion]| assert_eq!(subject.objects.delete_many(objects).await.expect("removed"), []);

    remove(&[of(&second)]).await;
    assert_eq!(kind(subject.objects.head(&of(&second)).await), Some(PortErrorKind::NotFound));
    assert_eq!(subject.get(&subject.current("removed"), None).await.expect("there").1, "first");

    remove(&[subject.current("removed")]).await;
    assert_eq!(kind(subject.objects.head(&subject.current("removed")).await), Some(PortErrorKind::NotFound));
    assert!(subject.keys("removed").await.is_empty());
    assert_eq!(subject.get(&of(&first), None).await.expect("still there by its version").1, "first");

    remove(&[of(&first), of(&first), of(&second), subject.current("never there")]).await;
    assert_eq!(kind(subject.objects.head(&of(&first)).await), Some(PortErrorKind::NotFound));
    remove(&[]).await;
}

/// A signed PUT stores exactly what it announces, once.
pub async fn a_signed_put_stores_once_what_it_announces(subject: &ObjectsSubject) {
    let content = Bytes::from_static(b"signed content");
    let options = PutOptions { only_if_absent: true, ..options_of(&content, "text/plain; charset=utf-8") };
    let address = subject.address("signed/ü +%.txt");
    let signed = subject.objects.sign_put(&address, &options, Duration::from_secs(600)).await.expect("signed");
    assert_eq!(signed.method, "PUT");
    let names: Vec<&str> = signed.headers.keys().map(String::as_str).collect();
    assert_eq!(names.iter().filter(|name| **name != "host").copied().collect::<Vec<_>>(), SIGNED_HEADERS);
    assert_eq!(subject.holder.put(&signed, Bytes::from_static(b"Signed content")).await, Err(400));
    assert_eq!(subject.holder.put(&signed, content.clone()).await, Ok(()));
    assert_eq!(subject.holder.put(&signed, content.clone()).await, Err(412));
    let info = subject.objects.head(&ObjectVersion { address, version: None }).await.expect("there");
    assert_eq!((info.size, info.sha256, info.content_type), (14, Some(options.sha256), Some(options.content_type)));
}

/// The headers that a signed PUT covers beside the host.
pub const SIGNED_HEADERS: [&str; 4] = ["content-length", "content-type", "if-none-match", "x-amz-checksum-sha256"];

/// A signed GET needs no headers and leads to its version, also after others came.
pub async fn a_signed_get_leads_to_its_version(subject: &ObjectsSubject) {
    let first = subject.put("pinned", b"first").await.expect("stored");
    let object = ObjectVersion { address: subject.address("pinned"), version: first.version };
    let signed = subject.objects.sign_get(&object, "größe \"1\".csv", Duration::from_secs(600)).await.expect("signed");
    assert_eq!(signed.method, "GET");
    assert!(signed.headers.keys().all(|name| name == "host"), "plain clients send no headers: {:?}", signed.headers);
    subject.put("pinned", b"second").await.expect("stored");
    assert_eq!(subject.holder.get(&signed).await.as_deref(), Ok(b"first".as_slice()));
    let current = subject.objects.sign_get(&subject.current("pinned"), "x", Duration::from_secs(600)).await.expect("signed");
    assert_eq!(subject.holder.get(&current).await.as_deref(), Ok(b"second".as_slice()));
    assert_eq!(subject.holder.put(&signed, Bytes::from_static(b"x")).await, Err(403), "a URL to read does not write");
}

/// Stamps one test per promise of `Objects`; `$setup` is an `async fn() -> ObjectsSubject`.
///
/// With `unless = $left_out`, an `fn() -> bool`, nothing is tried where that is true: what the adapter needs isn't to be had.
#[macro_export]
macro_rules! objects_suite {
    ($setup:path $(, unless = $left_out:path)?) => {
        $crate::objects_suite! { @stamp $setup, [$($left_out)?], objects:
            content_comes_back_with_what_was_said_of_it
            empty_content_is_stored
            ranges_are_read
            large_content_is_streamed
            keys_are_any_text
            keys_that_are_no_keys_are_refused
            other_content_than_announced_is_refused
            a_second_write_is_refused_where_asked
            of_concurrent_first_writes_one_wins
            versions_stay
            absent_things_are_not_found
            listings_are_paged_in_byte_order
            removing_hides_or_is_for_good
            a_signed_put_stores_once_what_it_announces
            a_signed_get_leads_to_its_version
        }
    };
    (@stamp $setup:path, $left_out:tt, $module:ident: $($check:ident)*) => {
        $($crate::objects_suite! { @test $setup, $left_out, $module, $check })*
    };
    (@test $setup:path, [$($left_out:path)?], $module:ident, $check:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $check() {
            $(if $left_out() { return; })?
            let subject = $setup().await;
            $crate::$module::$check(&subject).await;
        }
    };
}
