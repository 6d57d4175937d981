//! What signed requests must keep when they are sent over HTTP, by their holder and by others who change them.
//! [`signed_requests_suite!`](crate::signed_requests_suite) stamps one test per promise.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    PortErrorKind,
    ports::{ObjectVersion, PutOptions, SignedRequest},
};
use reqwest::{Client, Method, RequestBuilder};
use secrecy::ExposeSecret;

use crate::{
    memory_objects::{once, options_of},
    objects::{Holder, Lack, ObjectsSubject, kind},
};

const MINUTES: Duration = Duration::from_secs(600);

/// How long a check waits for a URL to expire.
const PATIENCE: Duration = Duration::from_secs(20);

/// Holds signed requests and sends them over HTTP.
#[derive(Clone, Debug, Default)]
pub struct HttpHolder(pub Client);

impl HttpHolder {
    /// The signed request as it is, without a body.
    pub fn request(&self, signed: &SignedRequest) -> RequestBuilder {
        self.without(signed, "")
    }

    fn with_method(&self, method: Method, signed: &SignedRequest) -> RequestBuilder {
        signed.headers.iter().fold(self.0.request(method, signed.url.expose_secret()), |request, (name, value)| request.header(name, value))
    }

    /// The signed request without one of its headers.
    fn without(&self, signed: &SignedRequest, left_out: &str) -> RequestBuilder {
        let method = if signed.method == "PUT" { Method::PUT } else { Method::GET };
        let request = self.0.request(method, signed.url.expose_secret());
        signed.headers.iter().filter(|(name, _)| *name != left_out).fold(request, |request, (name, value)| request.header(name, value))
    }
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.expect("an answer").status().as_u16()
}

#[async_trait]
impl Holder for HttpHolder {
    async fn put(&self, request: &SignedRequest, body: Bytes) -> Result<(), u16> {
        let status = status(self.with_method(Method::PUT, request).body(body)).await;
        if status == 200 { Ok(()) } else { Err(status) }
    }

    async fn get(&self, request: &SignedRequest) -> Result<Bytes, u16> {
        let answer = self.with_method(Method::GET, request).send().await.expect("an answer");
        match answer.status().as_u16() {
            200 => Ok(answer.bytes().await.expect("a body")),
            status => Err(status),
        }
    }
}

/// A signed PUT takes no other bytes, length, type or condition, and no header beside the signed ones.
pub async fn a_signed_put_takes_nothing_else(subject: &ObjectsSubject) {
    let holder = HttpHolder::default();
    let content = "exactly this";
    let options = PutOptions { only_if_absent: true, ..options_of(content.as_bytes(), "text/plain") };
    let signed = subject.objects.sign_put(&subject.address("strict"), &options, MINUTES).await.expect("signed");
    assert_eq!(status(holder.request(&signed).body("exactly that")).await, 400, "other bytes");
    assert_eq!(status(holder.without(&signed, "content-length").body("shorter")).await, 403, "another length");
    assert_eq!(
        status(holder.without(&signed, "content-type").header("content-type", "text/html").body(content)).await,
        403,
        "another type"
    );
    for left_out in ["content-type", "if-none-match", "x-amz-checksum-sha256"] {
        assert_eq!(status(holder.without(&signed, left_out).body(content)).await, 403, "without {left_out}");
    }
    let unsigned = [("x-amz-meta-note", "x"), ("x-amz-copy-source", "bucket/other"), ("x-amz-acl", "public-read")];
    for (name, value) in unsigned.into_iter().filter(|_| !subject.lacks(Lack::UnsignedHeadersAreRefused)) {
        assert_eq!(status(holder.request(&signed).header(name, value).body(content)).await, 403, "with {name}");
    }
    assert_eq!(kind(subject.objects.head(&subject.current("strict")).await), Some(PortErrorKind::NotFound), "nothing was stored");
    assert_eq!(status(holder.request(&signed).body(content)).await, 200);
    assert_eq!(status(holder.request(&signed).body(content)).await, 412, "a second time");
}

/// A signature holds for its method, key, version and query only.
pub async fn a_signed_get_reads_nothing_else(subject: &ObjectsSubject) {
    let holder = HttpHolder::default();
    let put = async |key: &str| {
        let options = options_of(b"content", "text/html");
        subject.objects.put(&subject.address(key), &options, once("content")).await.expect("stored")
    };
    let (stored, other) = (put("mine").await, put("other").await);
    let object = ObjectVersion { address: subject.address("mine"), version: stored.version.clone() };
    let signed = subject.objects.sign_get(&object, "mine.html", MINUTES).await.expect("signed");
    let url = signed.url.expose_secret();
    let changed = |from: &str, to: &str| {
        let changed = url.replace(from, to);
        assert_ne!(&changed, url, "{from} is in the URL");
        holder.0.get(changed)
    };
    assert_eq!(status(changed("/mine", "/other")).await, 403);
    assert_eq!(status(changed(&stored.version.unwrap_or_default(), &other.version.unwrap_or_default())).await, 403);
    assert_eq!(status(changed("X-Amz-Expires=600", "X-Amz-Expires=601")).await, 403);
    assert_eq!(status(changed("response-content-disposition", "x-other")).await, 403);
    assert_eq!(status(holder.0.get(format!("{url}&response-content-type=text%2Fhtml"))).await, 403);
    for method in [Method::HEAD, Method::PUT, Method::DELETE] {
        assert_eq!(status(holder.0.request(method.clone(), url)).await, 403, "{method}");
    }
    let unsigned = url.split('?').next().unwrap_or_default();
    assert_eq!(status(holder.0.get(unsigned)).await, 403);
    assert_eq!(status(holder.0.get(url)).await, 200);
}

/// Downloads are saved under their name and resume by range.
pub async fn downloads_have_a_name_and_resume(subject: &ObjectsSubject) {
    let holder = HttpHolder::default();
    let options = options_of(b"0123456789", "text/csv");
    subject.objects.put(&subject.address("download"), &options, once("0123456789")).await.expect("stored");
    let signed = subject.objects.sign_get(&subject.current("download"), "Größe 1.csv", MINUTES).await.expect("signed");
    let answer = holder.request(&signed).header("range", "bytes=4-").send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 206);
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    assert_eq!(header("content-range").as_deref(), Some("bytes 4-9/10"));
    assert_eq!(header("content-type").as_deref(), Some("text/csv"));
    let disposition = header("content-disposition");
    assert_eq!(disposition.as_deref(), Some("attachment; filename=\"Gr__e 1.csv\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.csv"));
    assert_eq!(answer.bytes().await.expect("a body"), "456789");
}

/// A signed URL stops working at the time that was told.
pub async fn an_expired_url_is_refused(subject: &ObjectsSubject) {
    let holder = HttpHolder::default();
    let options = options_of(b"x", "text/plain");
    subject.objects.put(&subject.address("expiring"), &options, once("x")).await.expect("stored");
    let signed = subject.objects.sign_get(&subject.current("expiring"), "x", Duration::from_secs(3)).await.expect("signed");
    assert_eq!(status(holder.request(&signed)).await, 200);
    let expiry = async {
        while status(holder.request(&signed)).await == 200 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        status(holder.request(&signed)).await
    };
    assert_eq!(tokio::time::timeout(PATIENCE, expiry).await, Ok(403));
}

/// Stamps one test per promise of signed requests over HTTP; `$setup` is an `async fn() -> ObjectsSubject`.
#[macro_export]
macro_rules! signed_requests_suite {
    ($setup:path $(, unless = $left_out:path)?) => {
        $crate::objects_suite! { @stamp $setup, [$($left_out)?], signed_requests:
            a_signed_put_takes_nothing_else
            a_signed_get_reads_nothing_else
            downloads_have_a_name_and_resume
            an_expired_url_is_refused
        }
    };
}
