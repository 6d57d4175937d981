//! The entries of one package.
//!
//! Rows of available datasets are trusted without asking the store for each object: completing an upload held the
//! object's size, checksum and version against them, versions don't change, and only housekeeping removes them, thirty
//! days after the row said so.

use std::time::Duration;

use domain::{
    DatasetId, PackageId, Timestamp,
    cart::{ExportFormat, Skipped, Totals},
    dataset::{Dataset, DatasetKind, DatasetState},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use secrecy::ExposeSecret as _;

use super::{
    Stop,
    document::{Entry, Target},
    folders::Folder,
    progress::Current,
    run::Run,
};
use crate::{exports::signing_life, paging::internal, store::DatasetSummary};

/// Paths a page.
pub(super) const PAGE: u32 = 500;
/// So many URLs are signed at a time.
const PARALLEL: usize = 16;
/// A manifest that is larger can't be stored with one request.
const FILE_BYTES: u64 = 4 << 30;

impl Run<'_> {
    /// Goes on with the listing of a package, a page at a time, until all is listed.
    pub(super) async fn list(&mut self, id: PackageId) -> Result<(), Stop> {
        loop {
            self.expand(id).await?;
            let Some(after) = self.next_page() else { return Ok(()) };
            let (mut summaries, next) = self.core().store.datasets_by_path(id, "", PAGE, after).await?;
            summaries.retain(|summary| self.takes(summary));
            self.take(id, summaries).await?;
            self.put_entries(false).await?;
            if let Some(current) = &mut self.progress.current {
                current.listed = next.is_none();
                current.after = next;
            }
            self.check_size()?;
            self.rest_a_step().await?;
        }
    }

    /// Whether the export takes a dataset; of a prefix it is told when what lies below is listed.
    pub(super) fn takes(&self, summary: &DatasetSummary) -> bool {
        summary.kind == DatasetKind::Prefix || self.paths.takes(&summary.path)
    }

    pub(super) fn check_size(&self) -> Result<(), Stop> {
        let Some(current) = &self.progress.current else { return Ok(()) };
        if current.segments.iter().map(|segment| segment.size).sum::<u64>() + self.lines.size() <= FILE_BYTES {
            return Ok(());
        }
        let name = &current.name;
        Err(Stop::ForGood(format!("The manifest of the package {name:?} would be too large. Narrow the paths.")))
    }

    /// Lists a package of which everything was read already.
    pub(super) async fn list_all(&mut self, id: PackageId, entries: Vec<(DatasetSummary, Option<Dataset>)>) -> Result<(), Stop> {
        self.take_rows(id, entries).await?;
        self.put_entries(false).await?;
        if let Some(current) = &mut self.progress.current {
            current.listed = true;
        }
        self.rest_a_step().await?;
        self.expand(id).await
    }

    async fn take(&mut self, id: PackageId, page: Vec<DatasetSummary>) -> Result<(), Stop> {
        let ids: Vec<DatasetId> = page.iter().map(|summary| summary.id).collect();
        let rows = self.core().store.datasets(id, &ids).await?;
        self.take_rows(id, page.into_iter().zip(rows).collect()).await
    }

    async fn take_rows(&mut self, id: PackageId, page: Vec<(DatasetSummary, Option<Dataset>)>) -> Result<(), Stop> {
        let (folders, page): (Vec<_>, Vec<_>) = page.into_iter().partition(|(summary, _)| summary.kind == DatasetKind::Prefix);
        if let Some(current) = &mut self.progress.current {
            current.folders.extend(folders.into_iter().map(|(summary, _)| Folder { dataset_id: summary.id, after: None }));
        }
        let expected = page
            .iter()
            .map(|(summary, _)| summary.size)
            .fold(Totals::default(), |sum, size| Totals { entries: sum.entries + 1, bytes: sum.bytes + size });
        let (mut there, mut skipped) = (Vec::new(), Vec::new());
        for (summary, dataset) in page {
            match dataset.filter(|dataset| dataset.state == DatasetState::Available) {
                Some(dataset) => there.push(dataset),
                None => {
                    let reason = "the file was replaced or removed while the export was written".to_owned();
                    skipped.push(Skipped { package_id: id, dataset_id: Some(summary.id), reason });
                }
            }
        }
        let first = self.progress.entries.count();
        let signing: Vec<_> = there.iter().enumerate().map(|(place, dataset)| self.target(first + place, dataset)).collect();
        let targets: Vec<(Target, Timestamp)> = stream::iter(signing).buffered(PARALLEL).try_collect().await?;
        let format = self.format();
        let Some(current) = &mut self.progress.current else { return Ok(()) };
        current.expected.entries += expected.entries;
        current.expected.bytes += expected.bytes;
        current.skipped.extend(skipped);
        for (dataset, (target, end)) in there.iter().zip(targets) {
            let (name, sha256) = (dataset.path.as_str(), dataset.sha256.as_deref());
            let entry = Entry { target, dataset_id: dataset.id, name, size: dataset.size, sha256 };
            self.lines.push(&serde_json::to_vec(&entry).map_err(internal)?);
            note(current, dataset, end);
            // What is signed later need not live longer than what was signed before.
            self.progress.latest_end = self.progress.latest_end.min(end);
            if format == ExportFormat::Grant {
                self.progress.entries.push((id, dataset.id));
            }
        }
        Ok(())
    }

    /// Where an entry's bytes are, and until when that holds.
    async fn target(&self, number: usize, dataset: &Dataset) -> Result<(Target, Timestamp), Stop> {
        let latest_end = self.progress.latest_end;
        let target = match (self.format(), &self.links) {
            (ExportFormat::SignedUrl, _) => {
                let life = signing_life(Duration::from_secs(self.export().expires_in), latest_end.since(self.core().now()));
                let request = self.objects().sign_get(&dataset.object(), dataset.path.file_name(), life).await?;
                return Ok((Target::Url { url: request.url.expose_secret().to_owned() }, request.expires_at));
            }
            (ExportFormat::Grant, Some(links)) => Target::Grant { grant: format!("{links}/{number}") },
            (ExportFormat::Grant, None) => return Err(Stop::ForGood("The export has lost its token. Check out again.".to_owned())),
            (ExportFormat::BucketKey, _) => {
                Target::Address { bucket: dataset.bucket.clone(), key: dataset.key.clone(), version: dataset.object_version.clone() }
            }
        };
        Ok((target, latest_end))
    }
}

fn note(current: &mut Current, dataset: &Dataset, end: Timestamp) {
    current.totals.entries += 1;
    current.totals.bytes += dataset.size;
    current.expires_at = current.expires_at.min(end);
}
