//! Small packages are read together: a read of each would be as many calls as there are packages.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    DatasetId, PackageId,
    access::Action,
    audit::{Actor, Origin},
    dataset::Dataset,
    package::Package,
};

use super::{Stop, entries::PAGE, run::Run};
use crate::store::DatasetSummary;

/// So many packages are read together …
const PACKAGES: usize = 25;
/// … with so many entries in all: it takes no longer than a step may.
const ENTRIES: usize = 500;

/// A package and all its entries, as they were at one moment.
pub(super) struct Found {
    pub(super) package: Package,
    pub(super) entries: Vec<(DatasetSummary, Option<Dataset>)>,
}

/// What was read of packages whose turn comes.
#[derive(Default)]
pub(super) struct Ahead {
    found: BTreeMap<PackageId, Found>,
    audited: BTreeSet<PackageId>,
    /// So many of the export's packages were looked at.
    until: usize,
}

impl Ahead {
    /// The package, if it was read whole and the exporter may have it. That is told once.
    pub(super) fn take(&mut self, id: PackageId) -> Option<Found> {
        self.found.remove(&id)
    }

    /// That the package is handed out is audited.
    pub(super) fn is_audited(&self, id: PackageId) -> bool {
        self.audited.contains(&id)
    }
}

impl Run<'_> {
    /// Reads what comes next, if it was not looked at before. What is large, hidden or changes meanwhile is left to be read
    /// on its own.
    pub(super) async fn look_ahead(&mut self) -> Result<(), Stop> {
        let done = self.progress.done;
        if done < self.ahead.until || self.progress.current.is_some() {
            return Ok(());
        }
        let ids: Vec<PackageId> = self.export().packages.iter().skip(done).take(PACKAGES).map(|(_, id)| *id).collect();
        self.ahead.until = done + ids.len();
        if ids.len() < 2 {
            return Ok(());
        }
        let mut listed = Vec::new();
        let mut room = ENTRIES;
        for (place, package) in self.allowed_of(&ids).await?.into_iter().enumerate() {
            let Some(package) = package else { continue };
            let Some(entries) = self.whole_listing(package.id, room).await? else {
                self.ahead.until = done + place + 1;
                break;
            };
            room -= entries.len();
            listed.push((package, entries));
        }
        self.keep_ahead(listed).await
    }

    /// The entries of a package, if they are one page and no more than `room`.
    async fn whole_listing(&self, id: PackageId, room: usize) -> Result<Option<Vec<DatasetSummary>>, Stop> {
        let (mut summaries, next) = self.core().store.datasets_by_path(id, "", PAGE, None).await?;
        summaries.retain(|summary| self.takes(summary));
        Ok(Some(summaries).filter(|summaries| next.is_none() && summaries.len() <= room))
    }

    async fn keep_ahead(&mut self, listed: Vec<(Package, Vec<DatasetSummary>)>) -> Result<(), Stop> {
        let keys: Vec<(PackageId, DatasetId)> =
            listed.iter().flat_map(|(package, entries)| entries.iter().map(|entry| (package.id, entry.id))).collect();
        let mut rows = if keys.is_empty() { Vec::new() } else { self.core().store.datasets_of(&keys).await? }.into_iter();
        // Whatever was read stood there while the revision did.
        let ids: Vec<PackageId> = listed.iter().map(|(package, _)| package.id).collect();
        let now = if ids.is_empty() { Vec::new() } else { self.allowed_of(&ids).await? };
        let mut handed_out = Vec::new();
        for ((package, summaries), now) in listed.into_iter().zip(now) {
            let entries: Vec<_> = summaries.into_iter().zip(rows.by_ref()).collect();
            if now.is_some_and(|now| now.revision == package.revision) {
                handed_out.push(package.id);
                self.ahead.found.insert(package.id, Found { package, entries });
            }
        }
        // What can't be audited is not handed out.
        let resources = handed_out.iter().map(ToString::to_string).collect();
        self.core().audit_allowed(&self.actor(), &self.origin(), Action::ExportPackage, resources).await?;
        self.ahead.audited.extend(handed_out);
        Ok(())
    }

    pub(super) fn actor(&self) -> Actor {
        Actor::of(&self.exporter)
    }

    /// No request stands behind this any more; the export's id leads to the one that asked for it.
    pub(super) fn origin(&self) -> Origin {
        Origin { request_id: self.export().id.to_string(), source_ip: None }
    }
}
