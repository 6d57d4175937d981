//! Files of an export as they are written: sizes and checksums must be known before the first byte is sent, so a file is
//! held in memory (some 12 MB for 20,000 signed URLs) and then streamed.

use aws_lc_rs::digest::{Context, SHA256};
use bytes::{Bytes, BytesMut};
use domain::{
    DatasetId, ExportId, PackageId, PortResult, Timestamp,
    cart::{ExportFormat, ManifestFile, Skipped, Totals},
    package::Package,
    ports::{ByteStream, ObjectAddress, Objects, PutOptions},
};
use futures::{StreamExt as _, stream};
use serde::Serialize;

use crate::{error::AppResult, paging::internal};

/// Above so many entries a manifest is written as JSON lines.
pub(super) const JSON_ENTRIES: usize = 10_000;
const CHUNK_BYTES: usize = 256 * 1024;
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

/// The entries of one package, as they come.
pub(super) struct Document {
    entries: Vec<Vec<u8>>,
    digest: Context,
    pub(super) totals: Totals,
    pub(super) skipped: Vec<Skipped>,
    pub(super) expires_at: Timestamp,
}

impl Document {
    /// An empty one that ends at `expires_at`, or sooner if an entry does.
    pub(super) fn new(expires_at: Timestamp) -> Self {
        Self { entries: Vec::new(), digest: Context::new(&SHA256), totals: Totals::default(), skipped: Vec::new(), expires_at }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn push(&mut self, entry: &Entry<'_>) -> AppResult<()> {
        self.digest.update(format!("{}\t{}\n", entry.name, entry.sha256.unwrap_or_default()).as_bytes());
        self.totals.entries += 1;
        self.totals.bytes += entry.size;
        self.entries.push(serde_json::to_vec(entry).map_err(internal)?);
        Ok(())
    }

    /// The file's content and its extension.
    pub(super) fn into_content(self, package: &Package, expected: Totals) -> AppResult<(Content, &'static str)> {
        let sha256 = hex::encode(self.digest.finish());
        let head = Head {
            version: VERSION,
            package: PackageName { id: package.id, name: package.name.as_str() },
            revision: package.revision,
            expires_at: self.expires_at,
            expected,
            skipped: &self.skipped,
            sha256: &sha256,
        };
        let mut head = serde_json::to_vec(&head).map_err(internal)?;
        // The entries are the object's last field: its closing brace comes behind them.
        head.pop();
        let lines = self.entries.len() > JSON_ENTRIES;
        let mut content = Content::new(if lines { "application/x-ndjson" } else { "application/json" });
        content.push(&head);
        content.push(if lines { b",\"entries\":[]}\n" } else { b",\"entries\":[" });
        for (number, entry) in self.entries.into_iter().enumerate() {
            if !lines && number > 0 {
                content.push(b",");
            }
            content.push(&entry);
            if lines {
                content.push(b"\n");
            }
        }
        if !lines {
            content.push(b"]}");
        }
        Ok((content, if lines { "jsonl" } else { "json" }))
    }
}

/// The index file: what each manifest is, and the packages that were left out whole.
pub(super) fn index(
    id: ExportId,
    format: ExportFormat,
    expires_at: Timestamp,
    expected: Totals,
    files: &[ManifestFile],
    skipped: &[Skipped],
) -> AppResult<Content> {
    let entry = |file: &'_ ManifestFile| {
        let name = file.key.rsplit('/').next().unwrap_or_default().to_owned();
        Some(IndexEntry { package_id: file.package_id?, file: name, sha256: file.sha256.clone(), totals: file.totals })
    };
    let manifests = files.iter().filter_map(entry).collect();
    let index = IndexFile { version: VERSION, export_id: id, format, expires_at, manifests, expected, skipped };
    let mut content = Content::new("application/json");
    content.push(&serde_json::to_vec(&index).map_err(internal)?);
    Ok(content)
}

/// Bytes to be stored, in chunks, with what the store must know before.
pub(super) struct Content {
    content_type: &'static str,
    chunks: Vec<Bytes>,
    last: BytesMut,
    size: u64,
    digest: Context,
}

impl Content {
    fn new(content_type: &'static str) -> Self {
        Self { content_type, chunks: Vec::new(), last: BytesMut::new(), size: 0, digest: Context::new(&SHA256) }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.digest.update(bytes);
        self.last.extend_from_slice(bytes);
        if self.last.len() >= CHUNK_BYTES {
            self.chunks.push(std::mem::take(&mut self.last).freeze());
        }
    }

    /// Stores it and answers with its checksum and version.
    pub(super) async fn put(mut self, objects: &dyn Objects, address: &ObjectAddress) -> PortResult<(String, Option<String>)> {
        self.chunks.push(self.last.freeze());
        let sha256 = hex::encode(self.digest.finish());
        let options =
            PutOptions { size: self.size, content_type: self.content_type.to_owned(), sha256: sha256.clone(), only_if_absent: false };
        let content: ByteStream = stream::iter(self.chunks.into_iter().map(Ok)).boxed();
        let info = objects.put(address, &options, content).await?;
        Ok((sha256, info.version))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use testkit::builders;

    use super::*;

    fn text(entries: usize) -> (String, &'static str) {
        let mut document = Document::new(Timestamp::EPOCH);
        for number in 0..entries {
            let target = Target::Grant { grant: format!("https://lake.example/cart/grants/token/{number}") };
            document.push(&Entry { target, dataset_id: builders::dataset_id(1), name: "a", size: 1, sha256: None }).expect("an entry");
        }
        let totals = document.totals;
        let (content, extension) = document.into_content(&builders::package(1, "ann"), totals).expect("content");
        let bytes = [content.chunks.concat(), content.last.to_vec()].concat();
        assert_eq!(content.size, bytes.len() as u64);
        (String::from_utf8(bytes).expect("text"), extension)
    }

    #[test]
    fn ten_thousand_entries_are_one_json_text_and_one_more_is_lines() {
        for entries in [0, 1, JSON_ENTRIES] {
            let (text, extension) = text(entries);
            let manifest: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!((extension, manifest["entries"].as_array().map(Vec::len)), ("json", Some(entries)));
        }
        let (text, extension) = text(JSON_ENTRIES + 1);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!((extension, lines.len()), ("jsonl", JSON_ENTRIES + 2));
        assert_eq!(lines[0]["entries"].as_array().map(Vec::len), Some(0));
        assert_eq!(lines[0]["expected"]["entries"].as_u64(), Some(10_001));
    }
}
