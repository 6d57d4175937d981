//! Files of an export. Sizes and checksums must be known before the first byte is sent, and a manifest may be larger than
//! memory: so what can be is read twice, from where it is.

#[cfg(test)]
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::{Bytes, BytesMut};
use domain::{
    DatasetId, ExportId, PackageId, PortResult, Timestamp,
    cart::{ExportFormat, ManifestFile, Skipped, Totals},
    ports::{ByteStream, ObjectAddress, Objects, PutOptions},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

use super::{
    Stop,
    lines::Body,
    progress::{Current, Written},
};
use crate::{error::AppResult, paging::internal};

/// Above so many entries a manifest is written as JSON lines.
pub(super) const JSON_ENTRIES: u64 = 10_000;
const VERSION: u32 = 1;

/// One file of a package.
#[derive(Serialize)]
pub(super) struct Entry<'a> {
    #[serde(flatten)]
    pub(super) target: Target,
    pub(super) dataset_id: DatasetId,
    pub(super) name: &'a str,
    pub(super) size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<&'a str>,
}

/// Where its bytes are.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Target {
    Url {
        url: String,
    },
    Address {
        bucket: String,
        key: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<String>,
    },
    Grant {
        grant: String,
    },
}

/// What stands in a package's manifest besides its entries.
#[derive(Serialize)]
struct Head<'a> {
    version: u32,
    package: PackageName<'a>,
    revision: u64,
    expires_at: Timestamp,
    expected: Totals,
    skipped: &'a [Skipped],
    sha256: &'a str,
}

#[derive(Serialize)]
struct PackageName<'a> {
    id: PackageId,
    name: &'a str,
}

#[derive(Serialize)]
struct IndexFile<'a> {
    version: u32,
    export_id: ExportId,
    format: ExportFormat,
    expires_at: Timestamp,
    manifests: Vec<IndexEntry>,
    expected: Totals,
    skipped: &'a [Skipped],
}

#[derive(Serialize)]
struct IndexEntry {
    package_id: PackageId,
    file: String,
    sha256: String,
    totals: Totals,
}

/// A file, and its extension.
pub(super) struct File {
    pub(super) extension: &'static str,
    content_type: &'static str,
    head: Bytes,
    body: Option<(Body, Form)>,
    tail: &'static [u8],
}

#[derive(Clone, Copy)]
enum Form {
    /// An entry a line.
    Lines,
    /// The rest of a JSON array.
    Array,
}

/// The manifest of a package.
pub(super) async fn manifest(id: PackageId, current: &Current, body: Body) -> Result<File, Stop> {
    let sha256 = body.digest().await?;
    let head = Head {
        version: VERSION,
        package: PackageName { id, name: &current.name },
        revision: current.revision,
        expires_at: current.expires_at,
        expected: current.expected,
        skipped: &current.skipped,
        sha256: &sha256,
    };
    let mut head = serde_json::to_vec(&head).map_err(internal)?;
    // The entries are the object's last field: its closing brace comes behind them.
    head.pop();
    let (extension, content_type, begin, body, tail): (_, _, &[u8], _, &[u8]) = match current.totals.entries {
        0 => ("json", "application/json", b",\"entries\":[]}", None, b""),
        1..=JSON_ENTRIES => ("json", "application/json", b",\"entries\":[", Some((body, Form::Array)), b"}"),
        _ => ("jsonl", "application/x-ndjson", b",\"entries\":[]}\n", Some((body, Form::Lines)), b""),
    };
    head.extend_from_slice(begin);
    Ok(File { extension, content_type, head: head.into(), body, tail })
}

/// The index file: what each manifest is, and the packages that were left out whole.
pub(super) fn index(id: ExportId, format: ExportFormat, written: &Written) -> AppResult<File> {
    let entry = |file: &'_ ManifestFile| {
        let name = file.key.rsplit('/').next().unwrap_or_default().to_owned();
        Some(IndexEntry { package_id: file.package_id?, file: name, sha256: file.sha256.clone(), totals: file.totals })
    };
    let manifests = written.files.iter().filter_map(entry).collect();
    let (expires_at, expected, skipped) = (written.expires_at, written.expected, &written.packages);
    json(&IndexFile { version: VERSION, export_id: id, format, expires_at, manifests, expected, skipped })
}

/// A value as a file.
pub(super) fn json(value: &impl Serialize) -> AppResult<File> {
    let head = serde_json::to_vec(value).map_err(internal)?.into();
    Ok(File { extension: "json", content_type: "application/json", head, body: None, tail: b"" })
}

/// Entries that are kept until their manifest is written.
pub(super) fn lines(body: Body) -> File {
    File { extension: "jsonl", content_type: "application/x-ndjson", head: Bytes::new(), body: Some((body, Form::Lines)), tail: b"" }
}

impl File {
    pub(super) fn size(&self) -> u64 {
        let body = self.body.as_ref().map_or(0, |(body, _)| body.size());
        self.head.len() as u64 + body + self.tail.len() as u64
    }

    fn stream(&self) -> ByteStream {
        let body = match &self.body {
            None => stream::empty().boxed(),
            Some((body, Form::Lines)) => body.stream(),
            Some((body, Form::Array)) => array(body.stream(), body.size()),
        };
        let tail = Bytes::from_static(self.tail);
        let whole = stream::once(std::future::ready(Ok(self.head.clone()))).chain(body).chain(stream::once(std::future::ready(Ok(tail))));
        whole.try_filter(|chunk| std::future::ready(!chunk.is_empty())).boxed()
    }

    /// Stores it and answers with its checksum and version.
    pub(super) async fn put(&self, objects: &dyn Objects, address: &ObjectAddress) -> PortResult<(String, Option<String>)> {
        let mut digest = Context::new(&SHA256);
        let mut stream = self.stream();
        while let Some(chunk) = stream.try_next().await? {
            digest.update(&chunk);
        }
        let sha256 = hex::encode(digest.finish());
        let options =
            PutOptions { size: self.size(), content_type: self.content_type.to_owned(), sha256: sha256.clone(), only_if_absent: false };
        let info = objects.put(address, &options, self.stream()).await?;
        Ok((sha256, info.version))
    }
}

/// Lines, `size` bytes in all, as elements of a JSON array and its end: a line's end is a comma, or at last the bracket. JSON
/// has no other line ends in it.
fn array(lines: ByteStream, size: u64) -> ByteStream {
    let mut left = size;
    let elements = lines.map_ok(move |chunk| {
        left = left.saturating_sub(chunk.len() as u64);
        let mut chunk = BytesMut::from(chunk);
        chunk.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b',');
        if let (0, Some(last)) = (left, chunk.last_mut()) {
            *last = b']';
        }
        chunk.freeze()
    });
    elements.boxed()
}

#[cfg(test)]
mod tests {
    use domain::ports::ObjectVersion;
    use serde_json::Value;
    use testkit::{MemoryObjects, builders};

    use super::*;
    use crate::workers::manifest::{
        lines::{Lines, Segment},
        progress::Progress,
    };

    const BUCKET: &str = "data";

    fn address(key: &str) -> ObjectAddress {
        ObjectAddress { bucket: BUCKET.to_owned(), key: key.to_owned() }
    }

    fn body(objects: &Arc<MemoryObjects>, segments: Vec<Segment>, mut rest: Lines) -> Body {
        Body { objects: objects.clone(), bucket: BUCKET.to_owned(), segments, rest: rest.take() }
    }

    /// A manifest of so many entries, of which every `stored` ones are in the store already.
    async fn text(entries: u64, stored: Option<u64>) -> (String, &'static str) {
        let objects = Arc::new(MemoryObjects::new());
        let package = builders::package(1, "ann");
        let mut progress = Progress::new(&builders::export(1, "ann", &[1]), Timestamp::EPOCH, false);
        progress.list(&package);
        let (mut rest, mut segments) = (Lines::default(), Vec::new());
        for number in 0..entries {
            let target = Target::Grant { grant: format!("https://lake.example/cart/grants/token/{number}") };
            let entry = Entry { target, dataset_id: builders::dataset_id(1), name: "a\nb,", size: 1, sha256: None };
            rest.push(&serde_json::to_vec(&entry).expect("JSON"));
            if stored.is_some_and(|stored| (number + 1) % stored == 0) {
                let (key, size) = (format!("segment-{number}"), rest.size());
                let file = lines(body(&objects, Vec::new(), std::mem::take(&mut rest)));
                let (_, version) = file.put(&*objects, &address(&key)).await.expect("stored");
                segments.push(Segment { key, version, size });
            }
        }
        let mut current = progress.current.expect("a package");
        current.totals = Totals { entries, bytes: entries };
        current.expected = current.totals;
        let Ok(file) = manifest(package.id, &current, body(&objects, segments, rest)).await else { panic!("a manifest") };
        let (sha256, version) = file.put(&*objects, &address("manifest")).await.expect("stored");
        let found = objects.get(&ObjectVersion { address: address("manifest"), version }, None).await.expect("there");
        assert_eq!(found.info.sha256, Some(sha256));
        let bytes: Vec<Bytes> = found.bytes.try_collect().await.expect("read");
        (String::from_utf8(bytes.concat()).expect("text"), file.extension)
    }

    #[tokio::test]
    async fn ten_thousand_entries_are_one_json_text_and_one_more_is_lines() {
        for entries in [0, 1, 2, JSON_ENTRIES] {
            let (text, extension) = text(entries, None).await;
            let manifest: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!((extension, manifest["entries"].as_array().map(Vec::len)), ("json", usize::try_from(entries).ok()));
        }
        let (text, extension) = text(JSON_ENTRIES + 1, None).await;
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!((extension, lines.len() as u64), ("jsonl", JSON_ENTRIES + 2));
        assert_eq!(lines[0]["entries"].as_array().map(Vec::len), Some(0));
        assert_eq!(lines[0]["expected"]["entries"].as_u64(), Some(10_001));
    }

    #[tokio::test]
    async fn where_entries_were_meanwhile_does_not_show() {
        for entries in [1, 2, 9, 10, JSON_ENTRIES, JSON_ENTRIES + 1] {
            let whole = text(entries, None).await;
            for stored in [1, 3, 5_000] {
                if entries / stored < 500 {
                    assert_eq!(text(entries, Some(stored)).await, whole, "{entries} by {stored}");
                }
            }
        }
    }
}
