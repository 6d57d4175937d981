//! The entries of one package.
//!
//! Rows of available datasets are trusted without asking the store for each object: completing an upload held the
//! object's size, checksum and version against them, versions don't change, and only housekeeping removes them, thirty
//! days after the row said so.

use std::time::Duration;

use domain::{
    DatasetId, Timestamp,
    cart::{ExportFormat, Skipped, Totals},
    dataset::{Dataset, DatasetState},
    package::Package,
    ports::PageKey,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use secrecy::ExposeSecret as _;

use super::{
    Stop,
    document::{Document, Entry, Target},
    run::Run,
};
use crate::store::DatasetSummary;

/// Paths a page.
const PAGE: u32 = 500;
/// So many URLs are signed at a time.
const PARALLEL: usize = 16;
/// More entries a package would need more memory than a worker has.
const ENTRIES: usize = 500_000;

/// The entries of a package at one of its revisions.
pub(super) struct Collected {
    pub(super) document: Document,
    /// What each entry is, in order, for grant links.
    pub(super) datasets: Vec<DatasetId>,
    /// Everything that the paths take, what is skipped included.
    pub(super) expected: Totals,
}

impl Run<'_> {
    /// All entries of a package, whose grant links begin with number `first`.
    pub(super) async fn collect(&self, package: &Package, first: usize) -> Result<Collected, Stop> {
        let mut collected = Collected { document: Document::new(self.latest_end), datasets: Vec::new(), expected: Totals::default() };
        let mut after: Option<PageKey> = None;
        loop {
            let (mut summaries, next) = self.core().store.datasets_by_path(package.id, "", PAGE, after.take()).await?;
            summaries.retain(|summary| self.paths.takes(&summary.path));
            self.collect_page(package, first, summaries, &mut collected).await?;
            if collected.document.len() > ENTRIES {
                let name = package.name.as_str();
                return Err(Stop::ForGood(format!("More than {ENTRIES} files of the package {name:?} are asked for. Narrow the paths.")));
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(collected),
            }
        }
    }

    async fn collect_page(&self, package: &Package, first: usize, page: Vec<DatasetSummary>, into: &mut Collected) -> Result<(), Stop> {
        let ids: Vec<DatasetId> = page.iter().map(|summary| summary.id).collect();
        let rows = self.core().store.datasets(package.id, &ids).await?;
        let mut there = Vec::new();
        for (summary, dataset) in page.iter().zip(rows) {
            into.expected.entries += 1;
            into.expected.bytes += summary.size;
            match dataset.filter(|dataset| dataset.state == DatasetState::Available) {
                Some(dataset) => there.push(dataset),
                None => {
                    let reason = "the file was replaced or removed while the export was written".to_owned();
                    into.document.skipped.push(Skipped { package_id: package.id, dataset_id: Some(summary.id), reason });
                }
            }
        }
        let start = first + into.document.len();
        let signing: Vec<_> = there.iter().enumerate().map(|(place, dataset)| self.target(start + place, dataset)).collect();
        let targets: Vec<(Target, Timestamp)> = stream::iter(signing).buffered(PARALLEL).try_collect().await?;
        for (dataset, (target, end)) in there.iter().zip(targets) {
            let (name, sha256) = (dataset.path.as_str(), dataset.sha256.as_deref());
            into.document.push(&Entry { target, dataset_id: dataset.id, name, size: dataset.size, sha256 })?;
            into.document.expires_at = into.document.expires_at.min(end);
            into.datasets.push(dataset.id);
        }
        Ok(())
    }

    /// Where an entry's bytes are, and until when that holds.
    async fn target(&self, number: usize, dataset: &Dataset) -> Result<(Target, Timestamp), Stop> {
        let target = match (self.format(), &self.links) {
            (ExportFormat::SignedUrl, _) => {
                let life = Duration::from_secs(self.export().expires_in);
                let request = self.objects().sign_get(&dataset.object(), dataset.path.file_name(), life).await?;
                return Ok((Target::Url { url: request.url.expose_secret().to_owned() }, request.expires_at));
            }
            (ExportFormat::Grant, Some(links)) => Target::Grant { grant: format!("{links}/{number}") },
            (ExportFormat::Grant, None) => return Err(Stop::ForGood("The export has lost its token. Check out again.".to_owned())),
            (ExportFormat::BucketKey, _) => {
                Target::Address { bucket: dataset.bucket.clone(), key: dataset.key.clone(), version: dataset.object_version.clone() }
            }
        };
        Ok((target, self.latest_end))
    }
}
