//! Reading an export's manifest: JSON, or JSON lines when it is long. A long one is never held whole.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Seek as _},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};
use client::Client;
use contract::cart::{Manifest, ManifestEntry, ManifestLink, Totals};
use futures::TryStreamExt as _;
use tokio::{io::AsyncWriteExt as _, sync::mpsc::Sender};

use super::{Source, Wanted};
use crate::{
    failure::{Failure, Outcome},
    paths::folder_name,
};

/// A manifest of one JSON document is no longer than this: 10,000 entries with long URLs.
const DOCUMENT_LIMIT: u64 = 256 * 1024 * 1024;

/// Brings a manifest into the folder, for a while, and checks it.
pub(crate) async fn fetch(client: &Client, folder: &Path, link: &ManifestLink) -> Outcome<PathBuf> {
    let path = folder.join(format!(".{}.datalake-manifest", folder_name(link.package_id.as_deref().unwrap_or_default(), "index")));
    let failed = |error: std::io::Error| Failure::file(format!("write {}", path.display()), &error);
    tokio::fs::create_dir_all(folder).await.map_err(failed)?;
    // What an interrupted pull left; a link in its place is removed, not followed.
    match tokio::fs::remove_file(&path).await {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create_new(true);
    // It is full of URLs that whoever has them can use.
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(&path).await.map_err(failed)?;
    let mut bytes = Box::pin(client.fetch(&link.url, 0).await?.into_stream());
    let mut hash = Context::new(&SHA256);
    while let Some(chunk) = bytes.try_next().await? {
        hash.update(&chunk);
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    if hex::encode(hash.finish()) == link.sha256 {
        Ok(path)
    } else {
        Err(Failure::failed("the manifest is not the one that was promised (SHA-256 differs)"))
    }
}

/// What a manifest says, without its entries.
pub(crate) fn head(path: &Path) -> Outcome<Manifest> {
    Reader::open(path).map(|reader| reader.head)
}

/// Hands on every entry, then holds their number, bytes and digest against what the manifest promises. May block.
pub(crate) fn send_entries(path: &Path, wanted: &Sender<Outcome<Wanted>>) -> Outcome {
    let mut reader = Reader::open(path)?;
    let (mut digest, mut totals) = (Context::new(&SHA256), Totals::default());
    while let Some(entry) = reader.next()? {
        digest.update(format!("{}\t{}\n", entry.name, entry.sha256.as_deref().unwrap_or_default()).as_bytes());
        totals.entries += 1;
        totals.bytes = totals.bytes.saturating_add(entry.size);
        if wanted.blocking_send(wanted_of(entry)).is_err() {
            return Ok(());
        }
    }
    let left_out = reader.head.skipped.iter().filter(|skipped| skipped.dataset_id.is_some()).count() as u64;
    let expected = &reader.head.expected;
    // What was left out is named, but not its size.
    let whole =
        if left_out == 0 { totals == *expected } else { totals.entries + left_out == expected.entries && totals.bytes <= expected.bytes };
    if !whole {
        return Err(Failure::failed(format!("the manifest promises {} files but names {}", reader.head.expected.entries, totals.entries)));
    }
    if hex::encode(digest.finish()) == reader.head.sha256 {
        Ok(())
    } else {
        Err(Failure::failed("the manifest's digest is not that of its entries"))
    }
}

struct Reader {
    head: Manifest,
    whole: std::vec::IntoIter<ManifestEntry>,
    lines: Option<std::io::Lines<BufReader<File>>>,
}

impl Reader {
    fn open(path: &Path) -> Outcome<Self> {
        let failed = |error: std::io::Error| Failure::file("read the manifest", &error);
        let mut file = BufReader::new(File::open(path).map_err(failed)?);
        let mut first = String::new();
        file.by_ref().take(DOCUMENT_LIMIT).read_line(&mut first).map_err(failed)?;
        match serde_json::from_str::<Manifest>(&first) {
            Ok(mut head) => {
                let entries = std::mem::take(&mut head.entries);
                // With entries of its own it is a document on one line; nothing but white space may follow.
                let lines = entries.is_empty().then(|| file.lines());
                Ok(Self { head, whole: entries.into_iter(), lines })
            }
            Err(_) => {
                file.rewind().map_err(failed)?;
                let mut head: Manifest = serde_json::from_reader(file.take(DOCUMENT_LIMIT)).map_err(|error| not_understood(&error))?;
                let entries = std::mem::take(&mut head.entries);
                Ok(Self { head, whole: entries.into_iter(), lines: None })
            }
        }
        .and_then(|reader| {
            if reader.head.version == 1 {
                Ok(reader)
            } else {
                Err(Failure::failed("the manifest is of a later version: update this program"))
            }
        })
    }

    fn next(&mut self) -> Outcome<Option<ManifestEntry>> {
        let Some(lines) = &mut self.lines else { return Ok(self.whole.next()) };
        for line in lines {
            let line = line.map_err(|error| Failure::file("read the manifest", &error))?;
            if !line.trim().is_empty() {
                return serde_json::from_str(&line).map(Some).map_err(|error| not_understood(&error));
            }
        }
        Ok(None)
    }
}

fn wanted_of(entry: ManifestEntry) -> Outcome<Wanted> {
    let source = match entry {
        ManifestEntry { url: Some(url), .. } | ManifestEntry { grant: Some(url), .. } => Source::Url(url),
        ManifestEntry { bucket: Some(bucket), key: Some(key), version, .. } => Source::Object { bucket, key, version },
        _ => return Err(Failure::failed(format!("the manifest does not say where '{}' is", entry.name.escape_debug()))),
    };
    Ok(Wanted { name: entry.name, size: entry.size, sha256: entry.sha256, dataset: entry.dataset_id, source })
}

/// The message holds no part of the manifest, which is full of URLs.
fn not_understood(error: &serde_json::Error) -> Failure {
    Failure::failed(format!("the manifest is not understood at line {}, column {}", error.line(), error.column()))
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
