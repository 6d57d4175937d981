//! Entries as they are written, one a line: what came last is in memory, what came before may be in the store.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::{Bytes, BytesMut};
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{ByteStream, ObjectAddress, ObjectVersion, Objects},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::Stop;

const CHUNK_BYTES: usize = 256 * 1024;

/// Lines that are in memory only.
#[derive(Default)]
pub(super) struct Lines {
    chunks: Vec<Bytes>,
    last: BytesMut,
    size: u64,
}

/// Lines that are in the store.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Segment {
    pub(super) key: String,
    pub(super) version: Option<String>,
    pub(super) size: u64,
}

/// All lines of a manifest. They can be read any number of times.
#[derive(Clone)]
pub(super) struct Body {
    pub(super) objects: Arc<dyn Objects>,
    pub(super) bucket: String,
    pub(super) segments: Vec<Segment>,
    pub(super) rest: Vec<Bytes>,
}

/// What the digest of a manifest's entries covers.
#[derive(Deserialize)]
struct Named {
    name: String,
    sha256: Option<String>,
}

impl Lines {
    pub(super) fn push(&mut self, line: &[u8]) {
        self.size += line.len() as u64 + 1;
        self.last.extend_from_slice(line);
        self.last.extend_from_slice(b"\n");
        if self.last.len() >= CHUNK_BYTES {
            self.chunks.push(std::mem::take(&mut self.last).freeze());
        }
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// The lines so far; from here on there are none.
    pub(super) fn take(&mut self) -> Vec<Bytes> {
        let Self { mut chunks, last, .. } = std::mem::take(self);
        if !last.is_empty() {
            chunks.push(last.freeze());
        }
        chunks
    }
}

impl Segment {
    pub(super) fn object(&self, bucket: &str) -> ObjectVersion {
        ObjectVersion { address: ObjectAddress { bucket: bucket.to_owned(), key: self.key.clone() }, version: self.version.clone() }
    }
}

impl Body {
    pub(super) fn size(&self) -> u64 {
        let stored: u64 = self.segments.iter().map(|segment| segment.size).sum();
        stored + self.rest.iter().map(|chunk| chunk.len() as u64).sum::<u64>()
    }

    pub(super) fn stream(&self) -> ByteStream {
        let Self { objects, bucket, segments, rest } = self.clone();
        let stored = stream::iter(segments).then(move |segment| {
            let (objects, object) = (Arc::clone(&objects), segment.object(&bucket));
            async move { objects.get(&object, None).await.map(|found| found.bytes) }
        });
        stored.try_flatten().chain(stream::iter(rest.into_iter().map(Ok))).boxed()
    }

    /// SHA-256 over name and checksum of each entry, in lower-case hex.
    pub(super) async fn digest(&self) -> Result<String, Stop> {
        let (mut digest, mut begun) = (Context::new(&SHA256), Vec::new());
        let mut stream = self.stream();
        while let Some(chunk) = stream.try_next().await? {
            let mut lines = chunk.split(|byte| *byte == b'\n');
            let last = lines.next_back().unwrap_or_default();
            for line in lines {
                begun.extend_from_slice(line);
                update(&mut digest, &begun)?;
                begun.clear();
            }
            begun.extend_from_slice(last);
        }
        if !begun.is_empty() {
            return Err(broken("the last line has no end").into());
        }
        Ok(hex::encode(digest.finish()))
    }
}

fn update(digest: &mut Context, line: &[u8]) -> PortResult<()> {
    let Named { name, sha256 } = serde_json::from_slice(line).map_err(broken)?;
    for part in [&name, "\t", sha256.as_deref().unwrap_or_default(), "\n"] {
        digest.update(part.as_bytes());
    }
    Ok(())
}

fn broken(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::new(PortErrorKind::Unexpected, "exports.lines").because(source)
}
