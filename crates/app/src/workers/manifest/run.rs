//! One run over the packages of an export.

use std::time::Duration;

use domain::{
    DatasetId, PackageId, Principal, Timestamp,
    access::{Action, Denial, Resource, decide},
    audit::{Actor, AuditOutcome, Origin},
    cart::{Export, ExportFormat, ManifestFile, Skipped, Totals},
    package::Package,
    ports::{ObjectAddress, Objects},
};

use super::{
    Manifests, Stop,
    document::{Content, index},
    entries::Collected,
    files::folder,
};
use crate::{
    core::Core,
    error::AppResult,
    exports::PathFilter,
    store::{ExportRecord, Store},
};

/// So many of what was left out the row names; the manifests name all.
const SKIPPED_NAMED: usize = 1_000;
/// So often a package is listed anew when it changed meanwhile; then it is taken as it was found.
const LISTINGS: usize = 3;

/// What a run has to work with and what it has done so far.
pub(super) struct Run<'a> {
    manifests: &'a Manifests,
    record: &'a ExportRecord,
    exporter: Principal,
    pub(super) paths: PathFilter,
    pub(super) links: Option<String>,
    /// Nothing of the export lives longer.
    pub(super) latest_end: Timestamp,
    written: Written,
    entries: Vec<(PackageId, DatasetId)>,
    entry_rows: usize,
}

/// What a run wrote.
pub(super) struct Written {
    pub(super) files: Vec<ManifestFile>,
    pub(super) expires_at: Timestamp,
    pub(super) expected: Totals,
    pub(super) written: Totals,
    pub(super) skipped: Vec<Skipped>,
    pub(super) skipped_count: u64,
    /// Packages that were left out whole.
    packages: Vec<Skipped>,
}

impl Written {
    fn skip(&mut self, skipped: &Skipped) {
        self.skipped_count += 1;
        if skipped.dataset_id.is_none() {
            self.packages.push(skipped.clone());
        }
        if self.skipped.len() < SKIPPED_NAMED {
            self.skipped.push(skipped.clone());
        }
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(
        manifests: &'a Manifests,
        record: &'a ExportRecord,
        exporter: Principal,
        paths: PathFilter,
        links: Option<String>,
    ) -> Self {
        let export = &record.export;
        let latest_end = manifests.core.now().plus(Duration::from_secs(export.expires_in));
        let mut written = Written {
            files: Vec::new(),
            expires_at: latest_end,
            expected: Totals::default(),
            written: Totals::default(),
            skipped: Vec::new(),
            skipped_count: 0,
            packages: Vec::new(),
        };
        // What checkout left out stays left out, also when this is not the first run.
        export.skipped.iter().for_each(|skipped| written.skip(skipped));
        Self { manifests, record, exporter, paths, links, latest_end, written, entries: Vec::new(), entry_rows: 0 }
    }

    pub(super) fn core(&self) -> &Core {
        &self.manifests.core
    }

    pub(super) fn objects(&self) -> &dyn Objects {
        &*self.manifests.objects
    }

    pub(super) fn export(&self) -> &Export {
        &self.record.export
    }

    pub(super) fn format(&self) -> ExportFormat {
        self.export().format
    }

    /// Writes the manifest of a package, or leaves it out if the exporter may not have it any more.
    pub(super) async fn package(&mut self, id: PackageId) -> Result<(), Stop> {
        let Some(mut package) = self.allowed(id).await? else { return self.deny(id).await };
        // What can't be audited is not handed out.
        self.audit(id, AuditOutcome::Allow, None).await?;
        let mut listings = 0;
        loop {
            let collected = self.collect(&package, self.entry_count()).await?;
            listings += 1;
            let Some(now) = self.allowed(id).await? else { return self.deny(id).await };
            if now.revision == package.revision || listings == LISTINGS {
                return self.keep(&package, collected).await;
            }
            package = now;
        }
    }

    async fn allowed(&self, id: PackageId) -> Result<Option<Package>, Stop> {
        let package = self.core().store.package(id).await?;
        Ok(package.filter(|package| decide(&self.exporter, Action::ExportPackage, Resource::Package(package.into())).is_ok()))
    }

    async fn deny(&mut self, package_id: PackageId) -> Result<(), Stop> {
        self.audit(package_id, AuditOutcome::Deny, Some(Denial::NotVisible.reason().to_owned())).await?;
        let reason = "the package is not visible to you any more".to_owned();
        self.written.skip(&Skipped { package_id, dataset_id: None, reason });
        Ok(())
    }

    async fn audit(&self, package_id: PackageId, outcome: AuditOutcome, reason: Option<String>) -> AppResult<()> {
        // No request stands behind this any more; the export's id leads to the one that asked for it.
        let origin = Origin { request_id: self.export().id.to_string(), source_ip: None };
        self.core().audit(Actor::of(&self.exporter), &origin, Action::ExportPackage, package_id.to_string(), outcome, reason).await
    }

    async fn keep(&mut self, package: &Package, collected: Collected) -> Result<(), Stop> {
        let Collected { document, datasets, expected } = collected;
        document.skipped.iter().for_each(|skipped| self.written.skip(skipped));
        add(&mut self.written.expected, expected);
        add(&mut self.written.written, document.totals);
        self.written.expires_at = self.written.expires_at.min(document.expires_at);
        let totals = document.totals;
        let (content, extension) = document.into_content(package, expected)?;
        self.put(Some(package.id), format!("{}.{extension}", package.id), content, totals).await?;
        if self.format() == ExportFormat::Grant {
            self.entries.extend(datasets.into_iter().map(|id| (package.id, id)));
            self.put_entries(false).await?;
        }
        Ok(())
    }

    async fn put(&mut self, package_id: Option<PackageId>, name: String, content: Content, totals: Totals) -> Result<(), Stop> {
        let key = format!("{}{name}", folder(&self.export().user_id, self.export().id));
        let address = ObjectAddress { bucket: self.manifests.bucket.clone(), key };
        let (sha256, version) = content.put(self.objects(), &address).await?;
        self.written.files.push(ManifestFile { package_id, key: address.key, version, sha256, totals });
        Ok(())
    }

    fn entry_count(&self) -> usize {
        self.entry_rows * Store::entries_per_row() + self.entries.len()
    }

    async fn put_entries(&mut self, all: bool) -> Result<(), Stop> {
        let row = Store::entries_per_row();
        // Rows are filled across packages; what does not fill one waits for the next package.
        let ready = if all { self.entries.len() } else { self.entries.len() / row * row };
        for entries in self.entries[..ready].chunks(row) {
            self.core().store.put_entries(self.record, self.entry_rows, entries).await?;
            self.entry_rows += 1;
        }
        self.entries.drain(..ready);
        Ok(())
    }

    /// Writes what is left, and the index file.
    pub(super) async fn finish(mut self) -> Result<Written, Stop> {
        self.put_entries(true).await?;
        let Written { files, expires_at, expected, written, packages, .. } = &self.written;
        let totals = *written;
        let content = index(self.export().id, self.format(), *expires_at, *expected, files, packages)?;
        self.put(None, "index.json".to_owned(), content, totals).await?;
        Ok(self.written)
    }
}

fn add(sum: &mut Totals, more: Totals) {
    sum.entries += more.entries;
    sum.bytes += more.bytes;
}
