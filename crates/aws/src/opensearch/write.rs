//! Writes: bulk requests with external versions.

use domain::{
    PackageId, PortError, PortErrorKind, PortResult,
    search::{Indexed, SearchDocument},
};
use opensearch::http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{OpenSearchIndex, cluster::Request, document};

/// So many bytes go in one request at most, unless one document alone has more: the service's small nodes take 10 MiB.
const REQUEST_BYTES: usize = 5 * 1024 * 1024;
/// Of an answer only this is read.
const READ: &str = "items.index.status,items.index.error.type";

/// A document to write, or a package whose removal is to be remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    package: PackageId,
    sequence: u64,
    document: Option<&'a SearchDocument>,
    /// Whether what is there in the same version stays.
    only_newer: bool,
}

impl<'a> Entry<'a> {
    pub(super) fn of(document: &'a SearchDocument) -> Self {
        Self { package: document.package_id, sequence: document.sequence, document: Some(document), only_newer: false }
    }

    pub(super) fn removal(package: PackageId, sequence: u64) -> Self {
        Self { package, sequence, document: None, only_newer: false }
    }

    /// A removal of the live index, told to the next one: a document that was read there in the same version is right, for
    /// a package whose rows are gone or deleted has none.
    pub(super) fn copied_removal(package: PackageId, sequence: u64) -> Self {
        Self { only_newer: true, ..Self::removal(package, sequence) }
    }

    fn source(&self) -> serde_json::Result<Map<String, Value>> {
        match self.document {
            Some(document) => document::source(document),
            None => Ok(document::tombstone(self.package, self.sequence)),
        }
    }

    /// The lines of a bulk request that write this under an alias. `external_gte` writes an equal version again, `external`
    /// does not; without `require_alias` an absent alias would become an index of that name.
    fn add_lines(&self, lines: &mut Vec<u8>, alias: &str, source: &[u8]) {
        let action = json!({ "index": {
            "_index": alias,
            "_id": self.package.to_string(),
            "version": document::version(self.sequence),
            "version_type": if self.only_newer { "external" } else { "external_gte" },
            "require_alias": true,
        } });
        lines.extend_from_slice(action.to_string().as_bytes());
        lines.push(b'\n');
        lines.extend_from_slice(source);
        lines.push(b'\n');
    }
}

/// What became of one entry under one alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Done(Indexed),
    /// The alias leads nowhere.
    Absent,
}

#[derive(Deserialize)]
struct BulkAnswer {
    #[serde(default)]
    items: Vec<BulkItem>,
}

#[derive(Deserialize)]
struct BulkItem {
    index: ItemAnswer,
}

#[derive(Deserialize)]
struct ItemAnswer {
    status: u16,
    error: Option<ItemError>,
}

#[derive(Deserialize)]
struct ItemError {
    #[serde(rename = "type")]
    kind: String,
}

impl ItemAnswer {
    fn verdict(&self) -> Verdict {
        let error = self.error.as_ref().map(|error| error.kind.as_str()).unwrap_or_default();
        match (self.status, error) {
            (200..=299, _) => Verdict::Done(Indexed::Applied),
            (409, _) => Verdict::Done(Indexed::Stale),
            (404, "index_not_found_exception") => Verdict::Absent,
            (status, error) => {
                tracing::warn!(status, error, "a document could not be written to the search index");
                Verdict::Done(Indexed::Failed)
            }
        }
    }
}

impl OpenSearchIndex {
    /// Writes to the live index and to the one that is being built; what failed in either is to be tried again.
    pub(super) async fn write_live(&self, operation: &'static str, entries: &[Entry<'_>]) -> PortResult<Vec<Indexed>> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let mut verdicts = self.write_to_both(operation, entries).await?;
        if verdicts.iter().any(|(live, _)| *live == Verdict::Absent) {
            self.ensure_live(operation).await?;
            verdicts = self.write_to_both(operation, entries).await?;
        }
        Ok(verdicts.into_iter().map(|(live, next)| outcome(live, next)).collect())
    }

    /// Each entry's verdict of the live index, and of the one that is being built if there is one.
    async fn write_to_both(&self, operation: &'static str, entries: &[Entry<'_>]) -> PortResult<Vec<(Verdict, Option<Verdict>)>> {
        let (live, next) = (self.names.live.as_str(), self.names.next.as_str());
        if self.alias_exists(operation, next).await? {
            let verdicts = self.bulk(operation, entries, [live, next]).await?;
            return Ok(verdicts.into_iter().map(|[live, next]| (live, Some(next))).collect());
        }
        let verdicts = self.bulk(operation, entries, [live]).await?;
        Ok(verdicts.into_iter().map(|[live]| (live, None)).collect())
    }

    /// Writes to the index that is being built only.
    pub(super) async fn write_next(&self, operation: &'static str, entries: &[Entry<'_>]) -> PortResult<Vec<Indexed>> {
        if entries.is_empty() && self.alias_exists(operation, &self.names.next).await? {
            return Ok(Vec::new());
        }
        let verdicts = self.bulk(operation, entries, [&self.names.next]).await?;
        let outcomes: Option<Vec<Indexed>> = verdicts
            .into_iter()
            .map(|[verdict]| match verdict {
                Verdict::Done(outcome) => Some(outcome),
                Verdict::Absent => None,
            })
            .collect();
        outcomes.filter(|_| !entries.is_empty()).ok_or_else(|| PortError::new(PortErrorKind::NotFound, operation))
    }

    /// Writes every entry under each of the aliases. If the cluster stops answering, the rest has failed; if it never
    /// answered, that is the error.
    async fn bulk<const N: usize>(
        &self,
        operation: &'static str,
        entries: &[Entry<'_>],
        aliases: [&str; N],
    ) -> PortResult<Vec<[Verdict; N]>> {
        let mut verdicts: Vec<[Verdict; N]> = Vec::with_capacity(entries.len());
        let batches = batches(entries, aliases).map_err(|error| PortError::new(PortErrorKind::Unexpected, operation).because(error))?;
        for Batch { lines, entries: count } in batches {
            match self.send_bulk(operation, lines, count).await {
                Ok(done) => verdicts.extend(done),
                Err(error) if verdicts.is_empty() => return Err(error),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "the search index took only a part");
                    verdicts.resize(entries.len(), [Verdict::Done(Indexed::Failed); N]);
                    break;
                }
            }
        }
        Ok(verdicts)
    }

    /// One request with the lines of `count` entries.
    async fn send_bulk<const N: usize>(&self, operation: &'static str, lines: Vec<u8>, count: usize) -> PortResult<Vec<[Verdict; N]>> {
        let request = Request::new(operation, Method::Post, "_bulk").query(&[("filter_path", READ)]).bytes(lines);
        let answer: BulkAnswer = self.cluster.send(request).await?.read()?;
        let verdicts: Vec<Verdict> = answer.items.iter().map(|item| item.index.verdict()).collect();
        let (entries, rest) = verdicts.as_chunks::<N>();
        if entries.len() != count || !rest.is_empty() {
            return Err(PortError::new(PortErrorKind::Unexpected, operation).with("items", verdicts.len()).with("entries", count));
        }
        Ok(entries.to_vec())
    }
}

/// The live index decides; where the other one failed, both are to be tried again. It may be gone since it was seen: then
/// the live one is the new one.
fn outcome(live: Verdict, next: Option<Verdict>) -> Indexed {
    match (live, next) {
        (Verdict::Absent, _) | (_, Some(Verdict::Done(Indexed::Failed))) => Indexed::Failed,
        (Verdict::Done(outcome), _) => outcome,
    }
}

/// What goes in one request.
#[derive(Debug, Default)]
struct Batch {
    lines: Vec<u8>,
    entries: usize,
}

/// Requests of a bearable size; all lines of an entry are in one.
fn batches<const N: usize>(entries: &[Entry<'_>], aliases: [&str; N]) -> serde_json::Result<Vec<Batch>> {
    let mut batches: Vec<Batch> = Vec::new();
    for entry in entries {
        let source = serde_json::to_vec(&entry.source()?)?;
        let mut lines = Vec::new();
        aliases.iter().for_each(|alias| entry.add_lines(&mut lines, alias, &source));
        match batches.last_mut() {
            Some(batch) if batch.lines.len() + lines.len() <= REQUEST_BYTES => {
                batch.lines.append(&mut lines);
                batch.entries += 1;
            }
            _ => batches.push(Batch { lines, entries: 1 }),
        }
    }
    Ok(batches)
}
