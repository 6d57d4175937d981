//! Objects in memory, for tests of use cases: the ports' promises without a disk or a socket, and failures on demand.

mod multipart;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};
use domain::{
    PortError, PortErrorKind, PortResult, Timestamp,
    ports::{
        ByteRange, ByteStream, Clock, Listing, ObjectAddress, ObjectBody, ObjectInfo, ObjectVersion, Objects, PartInfo, PartUpload,
        PutOptions, SignedRequest, StoredPart,
    },
};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use secrecy::{ExposeSecret, SecretString};

use crate::{Faults, objects::Holder};

/// `Objects` and `Multipart` in memory. Every bucket exists.
///
/// Signed requests are `memory://…` texts that no HTTP client can send: [`MemoryObjects::send`] and
/// [`MemoryObjects::fetch`] do what their holder would do.
///
/// Operations are named as in errors: `objects.put`, `multipart.complete` … ([`MemoryObjects::faults`]).
#[derive(Default)]
pub struct MemoryObjects {
    state: Mutex<State>,
    faults: Faults,
    clock: Option<Arc<dyn Clock>>,
    sessions_end: Mutex<Option<Timestamp>>,
}

#[derive(Default)]
struct State {
    /// Versions per bucket and key, the current one last.
    objects: BTreeMap<(String, String), Vec<Version>>,
    uploads: BTreeMap<String, Upload>,
    signed: BTreeMap<String, Signed>,
    last_number: u64,
}

#[derive(Clone)]
struct Version {
    id: String,
    content: Option<Stored>,
}

#[derive(Clone)]
struct Stored {
    info: ObjectInfo,
    bytes: Bytes,
}

struct Upload {
    address: ObjectAddress,
    content_type: String,
    parts: BTreeMap<u32, (StoredPart, Bytes)>,
}

#[derive(Clone)]
struct Signed {
    action: Action,
    expires_at: Timestamp,
}

#[derive(Clone)]
enum Action {
    Put(ObjectAddress, PutOptions),
    Get(ObjectVersion),
    Part(PartUpload, PartInfo),
}

impl MemoryObjects {
    /// An empty store whose time stands still at the epoch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store with this clock.
    #[must_use]
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..Self::default() }
    }

    /// Failures on demand, by operation.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The next call of any operation fails with `kind`.
    pub fn fail_next(&self, kind: PortErrorKind) {
        self.faults.fail_next(kind);
    }

    /// Every call of `operation` fails with `kind`, until [`Faults::heal`].
    pub fn fail_when(&self, operation: &'static str, kind: PortErrorKind) {
        self.faults.fail_when(operation, kind);
    }

    /// What is signed from now on ends at `end` at the latest, as if the credentials that sign did.
    pub fn end_sessions_at(&self, end: Timestamp) {
        *self.sessions_end.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
    }

    /// Sends a signed PUT as its holder would, and answers with the tag of what was stored.
    pub async fn send(&self, request: &SignedRequest, body: impl Into<Bytes>) -> PortResult<String> {
        const OPERATION: &str = "signed.put";
        let body = body.into();
        match self.signed(OPERATION, request)? {
            Action::Put(address, options) => {
                let info = self.store(OPERATION, &address, &options, body)?;
                Ok(info.sha256.unwrap_or_default())
            }
            Action::Part(upload, part) => {
                check_content(OPERATION, part.size, &part.sha256, &body)?;
                let mut state = self.state();
                let upload = state.uploads.get_mut(&upload.upload_id).ok_or_else(|| PortError::new(PortErrorKind::NotFound, OPERATION))?;
                let etag = part.sha256.clone();
                upload.parts.insert(part.number, (StoredPart { info: part, etag: etag.clone() }, body));
                Ok(etag)
            }
            Action::Get(_) => Err(PortError::new(PortErrorKind::PermissionDenied, OPERATION)),
        }
    }

    /// Fetches a signed GET as its holder would.
    pub async fn fetch(&self, request: &SignedRequest) -> PortResult<Bytes> {
        const OPERATION: &str = "signed.get";
        match self.signed(OPERATION, request)? {
            Action::Get(object) => Ok(self.find(OPERATION, &object)?.bytes),
            Action::Put(..) | Action::Part(..) => Err(PortError::new(PortErrorKind::PermissionDenied, OPERATION)),
        }
    }

    /// All keys of `bucket` that have a current version, in order.
    #[must_use]
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let state = self.state();
        let current = state.objects.iter().filter(|((its, _), versions)| its == bucket && current(versions).is_some());
        current.map(|((_, key), _)| key.clone()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.clock.as_ref().map_or(Timestamp::EPOCH, |clock| clock.now())
    }

    fn signed(&self, operation: &'static str, request: &SignedRequest) -> PortResult<Action> {
        let signed = self.state().signed.get(request.url.expose_secret()).cloned();
        match signed {
            Some(signed) if signed.expires_at > self.now() => Ok(signed.action),
            _ => Err(PortError::new(PortErrorKind::PermissionDenied, operation)),
        }
    }

    fn sign(&self, method: &'static str, address: &ObjectAddress, action: Action, expires_in: Duration) -> SignedRequest {
        let asked = self.now().plus(expires_in);
        let expires_at = self.sessions_end.lock().unwrap_or_else(PoisonError::into_inner).map_or(asked, |end| asked.min(end));
        let mut state = self.state();
        let url = format!("memory://{}/{}?signature={}", address.bucket, address.key, state.next_number());
        let headers = match &action {
            Action::Put(_, options) => headers_of(options),
            Action::Part(_, part) => BTreeMap::from([
                ("content-length".to_owned(), part.size.to_string()),
                ("x-amz-checksum-sha256".to_owned(), base64_of(&part.sha256)),
            ]),
            Action::Get(_) => BTreeMap::new(),
        };
        state.signed.insert(url.clone(), Signed { action, expires_at });
        SignedRequest { method, url: SecretString::from(url), headers, expires_at }
    }

    fn store(&self, operation: &'static str, address: &ObjectAddress, options: &PutOptions, bytes: Bytes) -> PortResult<ObjectInfo> {
        check_key(operation, &address.key)?;
        check_content(operation, options.size, &options.sha256, &bytes)?;
        let modified = self.now();
        let mut state = self.state();
        let id = state.next_number();
        let versions = state.objects.entry((address.bucket.clone(), address.key.clone())).or_default();
        if options.only_if_absent && current(versions).is_some() {
            return Err(PortError::new(PortErrorKind::PreconditionFailed, operation));
        }
        let info = ObjectInfo {
            key: address.key.clone(),
            version: Some(id.clone()),
            size: options.size,
            sha256: Some(options.sha256.clone()),
            composite_sha256: None,
            content_type: Some(options.content_type.clone()),
            modified,
        };
        versions.push(Version { id, content: Some(Stored { info: info.clone(), bytes }) });
        Ok(info)
    }

    fn find(&self, operation: &'static str, object: &ObjectVersion) -> PortResult<Stored> {
        let state = self.state();
        let versions = state.objects.get(&(object.address.bucket.clone(), object.address.key.clone()));
        let found = versions.and_then(|versions| match &object.version {
            None => current(versions),
            Some(id) => versions.iter().find(|version| version.id == *id).and_then(|version| version.content.as_ref()),
        });
        found.cloned().ok_or_else(|| PortError::new(PortErrorKind::NotFound, operation).with("key", &object.address.key))
    }
}

impl State {
    fn next_number(&mut self) -> String {
        self.last_number += 1;
        format!("{:020}", self.last_number)
    }
}

#[async_trait]
impl Objects for MemoryObjects {
    async fn sign_put(&self, address: &ObjectAddress, options: &PutOptions, expires_in: Duration) -> PortResult<SignedRequest> {
        self.faults.check("objects.sign_put")?;
        check_key("objects.sign_put", &address.key)?;
        Ok(self.sign("PUT", address, Action::Put(address.clone(), options.clone()), expires_in))
    }

    async fn sign_get(&self, object: &ObjectVersion, _file_name: &str, expires_in: Duration) -> PortResult<SignedRequest> {
        self.faults.check("objects.sign_get")?;
        check_key("objects.sign_get", &object.address.key)?;
        Ok(self.sign("GET", &object.address, Action::Get(object.clone()), expires_in))
    }

    async fn put(&self, address: &ObjectAddress, options: &PutOptions, content: ByteStream) -> PortResult<ObjectInfo> {
        const OPERATION: &str = "objects.put";
        self.faults.check(OPERATION)?;
        let bytes = content.try_fold(BytesMut::new(), |mut all, chunk| async move {
            all.extend_from_slice(&chunk);
            Ok(all)
        });
        let info = self.store(OPERATION, address, options, bytes.await?.freeze())?;
        self.faults.check_after(OPERATION)?;
        Ok(info)
    }

    async fn get(&self, object: &ObjectVersion, range: Option<ByteRange>) -> PortResult<ObjectBody> {
        const OPERATION: &str = "objects.get";
        self.faults.check(OPERATION)?;
        let Stored { info, bytes } = self.find(OPERATION, object)?;
        let bytes = match range {
            None => bytes,
            Some(range) => slice(&bytes, range).ok_or_else(|| PortError::new(PortErrorKind::InvalidArgument, OPERATION))?,
        };
        Ok(ObjectBody { info, bytes: stream::once(async move { Ok(bytes) }).boxed() })
    }

    async fn head(&self, object: &ObjectVersion) -> PortResult<ObjectInfo> {
        self.faults.check("objects.head")?;
        Ok(self.find("objects.head", object)?.info)
    }

    async fn list(&self, bucket: &str, prefix: &str, after: Option<String>) -> PortResult<Listing> {
        self.faults.check("objects.list")?;
        let state = self.state();
        let begin = after.as_deref().unwrap_or(prefix);
        let mut objects: Vec<ObjectInfo> = state
            .objects
            .range((bucket.to_owned(), begin.to_owned())..)
            .take_while(|((its, key), _)| its == bucket && key.starts_with(prefix))
            .filter(|((_, key), _)| after.as_ref() != Some(key))
            .filter_map(|(_, versions)| current(versions))
            .map(|stored| ObjectInfo { content_type: None, ..stored.info.clone() })
            .take(1_001)
            .collect();
        let more = objects.len() > 1_000;
        objects.truncate(1_000);
        let next = if more { objects.last().map(|last| last.key.clone()) } else { None };
        Ok(Listing { objects, next })
    }

    async fn delete_many(&self, objects: &[ObjectVersion]) -> PortResult<Vec<ObjectVersion>> {
        const OPERATION: &str = "objects.delete_many";
        self.faults.check(OPERATION)?;
        {
            let mut state = self.state();
            for object in objects {
                let marker = state.next_number();
                let key = (object.address.bucket.clone(), object.address.key.clone());
                match (&object.version, state.objects.get_mut(&key)) {
                    (Some(id), Some(versions)) => versions.retain(|version| version.id != *id),
                    (None, Some(versions)) => versions.push(Version { id: marker, content: None }),
                    (_, None) => {}
                }
            }
        }
        self.faults.check_after(OPERATION)?;
        Ok(Vec::new())
    }
}

#[async_trait]
impl Holder for MemoryObjects {
    async fn put(&self, request: &SignedRequest, body: Bytes) -> Result<(), u16> {
        self.send(request, body).await.map(|_| ()).map_err(|error| status_of(error.kind()))
    }

    async fn get(&self, request: &SignedRequest) -> Result<Bytes, u16> {
        self.fetch(request).await.map_err(|error| status_of(error.kind()))
    }
}

/// The status with which an S3 endpoint refuses.
fn status_of(kind: PortErrorKind) -> u16 {
    match kind {
        PortErrorKind::InvalidArgument => 400,
        PortErrorKind::PermissionDenied => 403,
        PortErrorKind::NotFound => 404,
        PortErrorKind::PreconditionFailed => 412,
        _ => 500,
    }
}

fn current(versions: &[Version]) -> Option<&Stored> {
    versions.last().and_then(|version| version.content.as_ref())
}

fn check_key(operation: &'static str, key: &str) -> PortResult<()> {
    if (1..=1024).contains(&key.len()) {
        return Ok(());
    }
    Err(PortError::new(PortErrorKind::InvalidArgument, operation).with("key_bytes", key.len()))
}

fn check_content(operation: &'static str, size: u64, sha256: &str, bytes: &[u8]) -> PortResult<()> {
    if bytes.len() as u64 == size && hex::encode(digest(&SHA256, bytes)) == sha256 {
        return Ok(());
    }
    Err(PortError::new(PortErrorKind::InvalidArgument, operation).with("reason", "other bytes than announced"))
}

fn headers_of(options: &PutOptions) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::from([
        ("content-length".to_owned(), options.size.to_string()),
        ("content-type".to_owned(), options.content_type.clone()),
        ("x-amz-checksum-sha256".to_owned(), base64_of(&options.sha256)),
    ]);
    if options.only_if_absent {
        headers.insert("if-none-match".to_owned(), "*".to_owned());
    }
    headers
}

/// A checksum as S3's headers have it; of a malformed one nothing, since its PUT is refused anyway.
fn base64_of(sha256: &str) -> String {
    BASE64_STANDARD.encode(hex::decode(sha256).unwrap_or_default())
}

fn slice(bytes: &Bytes, range: ByteRange) -> Option<Bytes> {
    let start = usize::try_from(range.start).ok()?;
    let end = range.end.and_then(|end| usize::try_from(end).ok()).map_or(bytes.len(), |end| end.saturating_add(1).min(bytes.len()));
    (start < end).then(|| bytes.slice(start..end))
}

/// The stream of one buffer, for calls of [`Objects::put`].
#[must_use]
pub fn once(bytes: impl Into<Bytes>) -> ByteStream {
    let bytes = bytes.into();
    async move { Ok(bytes) }.into_stream().boxed()
}

/// The options of a put of exactly `bytes`.
#[must_use]
pub fn options_of(bytes: &[u8], content_type: &str) -> PutOptions {
    PutOptions {
        size: bytes.len() as u64,
        content_type: content_type.to_owned(),
        sha256: hex::encode(digest(&SHA256, bytes)),
        only_if_absent: false,
    }
}
