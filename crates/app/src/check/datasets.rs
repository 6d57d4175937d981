//! Datasets of a package: their paths, objects and sums.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    DatasetId, PackageId, PortResult,
    dataset::{Dataset, DatasetKind, DatasetPath, DatasetState},
    package::Package,
    ports::{ObjectInfo, ObjectVersion, PageKey, Table},
};

use super::{Check, Damage, Known, Report, text, unless_unreadable};

/// Datasets a page.
const PAGE: u32 = 500;

/// The datasets of a package, as far as its paths and counters concern.
#[derive(Default)]
struct Seen {
    /// Those that are current by their own rows, and that no path was found for yet.
    current: BTreeMap<DatasetId, DatasetPath>,
    others: BTreeSet<DatasetId>,
    count: u64,
    bytes: u64,
}

impl Check {
    pub(super) async fn datasets(&self, package: &Package, report: &mut Report) -> PortResult<()> {
        let mut seen = Seen::default();
        let mut after: Option<PageKey> = None;
        loop {
            let read = self.store.datasets_by_registration(package.id, PAGE, after).await;
            let Some((datasets, next)) = unless_unreadable(read, format_args!("datasets of package {}", package.id), report)? else {
                return Ok(());
            };
            report.datasets += datasets.len() as u64;
            datasets.iter().for_each(|dataset| seen.take(dataset));
            self.contents(&datasets, report).await?;
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        if (package.datasets, package.bytes) != (seen.count, seen.bytes) {
            let detail =
                format!("it says {} datasets and {} bytes; it has {} and {}", package.datasets, package.bytes, seen.count, seen.bytes);
            report.found(Damage::PackageCounters, format_args!("package {}", package.id), detail);
        }
        self.paths(package.id, seen, report).await
    }

    async fn paths(&self, id: PackageId, mut seen: Seen, report: &mut Report) -> PortResult<()> {
        let mut taken: BTreeMap<DatasetPath, DatasetId> = BTreeMap::new();
        let mut after: Option<PageKey> = None;
        loop {
            let read = self.store.datasets_by_path(id, "", PAGE, after).await;
            let Some((paths, next)) = unless_unreadable(read, format_args!("paths of package {id}"), report)? else { return Ok(()) };
            for summary in paths {
                let subject = format!("{} of package {id}", summary.path);
                match seen.current.remove(&summary.id) {
                    Some(path) if path == summary.path => drop(taken.insert(path, summary.id)),
                    Some(path) => {
                        report.found(Damage::DatasetWithoutPath, subject, format_args!("dataset {} calls itself {path}", summary.id))
                    }
                    None if seen.others.contains(&summary.id) => {
                        report.found(Damage::PathOfRemovedDataset, subject, format_args!("dataset {}", summary.id));
                    }
                    None => report.found(Damage::PathWithoutDataset, subject, format_args!("dataset {}", summary.id)),
                }
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        for (dataset, path) in seen.current {
            let subject = format!("{path} of package {id}");
            match taken.get(&path) {
                Some(other) => report.found(Damage::TwoCurrentDatasets, subject, format_args!("dataset {dataset} beside {other}")),
                None => report.found(Damage::DatasetWithoutPath, subject, format_args!("dataset {dataset}")),
            }
        }
        Ok(())
    }

    /// Whether the store has what the datasets say.
    async fn contents(&self, datasets: &[Dataset], report: &mut Report) -> PortResult<()> {
        let own = datasets.iter().filter(|dataset| dataset.kind == DatasetKind::Object && dataset.bucket == self.bucket);
        let mut kept = Vec::new();
        for dataset in own {
            match (dataset.state, &dataset.object_version) {
                (DatasetState::Available | DatasetState::Removed, Some(_)) => kept.push(dataset),
                (DatasetState::Available, None) => {
                    report.found(Damage::DatasetWithoutObject, subject(dataset), "it names no object version")
                }
                // What was never completed names no object.
                _ => {}
            }
        }
        let versions: Vec<ObjectVersion> = kept.iter().map(|dataset| dataset.object()).collect();
        for (dataset, found) in kept.into_iter().zip(self.inventory.objects(&versions).await?) {
            match found {
                Some(info) => differs(dataset, &info, report),
                None => self.missing(dataset, report).await?,
            }
        }
        Ok(())
    }

    async fn missing(&self, dataset: &Dataset, report: &mut Report) -> PortResult<()> {
        // Of what goes for good, bytes go first.
        let removed = dataset.state == DatasetState::Removed;
        let going = removed && self.store.is_dataset_due(dataset.package_id, dataset.id, self.clock.now()).await?;
        if !going {
            report.found(Damage::DatasetWithoutObject, subject(dataset), format_args!("the store does not have {}", dataset.key));
        }
        Ok(())
    }

    /// Rows of datasets that are left when their package is gone.
    pub(super) async fn rows_without_package(&self, known: &BTreeMap<PackageId, Known>, report: &mut Report) -> PortResult<()> {
        self.each_row(Table::Datasets, |item| {
            let (partition, sort) = (text(item, "package_id"), text(item, "item"));
            if partition.parse::<PackageId>().is_ok_and(|id| known.contains_key(&id)) {
                return;
            }
            if let Some(id) = sort.strip_prefix("ds#") {
                report.found(Damage::DatasetWithoutPackage, format_args!("dataset {id}"), format_args!("package {partition}"));
            } else if let Some(path) = sort.strip_prefix("path#") {
                report.found(Damage::PathWithoutDataset, format_args!("{path} of package {partition}"), "the package is gone, too");
            }
        })
        .await
    }
}

impl Seen {
    fn take(&mut self, dataset: &Dataset) {
        if dataset.state == DatasetState::Available {
            self.current.insert(dataset.id, dataset.path.clone());
            self.count += 1;
            self.bytes = self.bytes.saturating_add(dataset.size);
        } else {
            self.others.insert(dataset.id);
        }
    }
}

fn subject(dataset: &Dataset) -> String {
    format!("dataset {} of package {}", dataset.id, dataset.package_id)
}

fn differs(dataset: &Dataset, info: &ObjectInfo, report: &mut Report) {
    if info.size != dataset.size {
        let detail = format!("the object has {} bytes, the dataset {}", info.size, dataset.size);
        report.found(Damage::ObjectDiffers, subject(dataset), detail);
    } else if let (Some(stored), Some(declared)) = (&info.sha256, &dataset.sha256)
        && stored != declared
    {
        report.found(Damage::ObjectDiffers, subject(dataset), format_args!("the object has SHA-256 {stored}, the dataset {declared}"));
    }
}
