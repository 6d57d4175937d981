//! One run over the packages of an export: from where the last one stopped until all is written, or until its home is
//! about to end it.

use std::{sync::Arc, time::Duration};

use domain::{
    Deadline, PackageId, PortErrorKind, Principal,
    access::{Action, Denial, Resource, decide},
    audit::AuditOutcome,
    cart::{Export, ExportFormat, ManifestFile, Skipped, Totals},
    package::Package,
    ports::{ObjectAddress, ObjectVersion, Objects, PageKey},
};
use futures::TryStreamExt as _;

use super::{
    Manifests, Stop,
    ahead::Ahead,
    document::{File, index, json, lines, manifest},
    files::folder,
    lines::{Body, Lines, Segment},
    progress::{Current, Progress, Written},
};
use crate::{
    core::Core,
    error::AppResult,
    exports::PathFilter,
    store::{Checkpoint, EntryRows, ExportRecord},
};

/// So often a package is listed anew when it changed meanwhile; then it is taken as it was found.
const LISTINGS: usize = 3;
/// A step is begun only if so much time is left. One takes seconds; what it takes when the store is slow is in here too.
const MARGIN: Duration = Duration::from_secs(60);
/// So many bytes of entries are kept in memory, and the few of a page more.
const LINES_BYTES: u64 = 64 << 20;
/// A manifest is put together from what is in the store at this rate at least, everything included, a second.
const ASSEMBLED_BYTES: u64 = 5 << 20;

/// All of an export.
pub(super) struct Whole {
    pub(super) written: Written,
    /// Which attempt wrote which grant entries.
    pub(super) entry_rows: Vec<EntryRows>,
    /// What was kept meanwhile and is not needed any more.
    pub(super) parts: Vec<ObjectVersion>,
}

/// What a run has to work with and how far it is.
pub(super) struct Run<'a> {
    manifests: &'a Manifests,
    record: ExportRecord,
    pub(super) exporter: Principal,
    pub(super) paths: PathFilter,
    pub(super) links: Option<String>,
    deadline: Deadline,
    /// Each run does one step at least, however little time it has: otherwise it would be begun again and again.
    steps: u64,
    /// The step at which it was last kept how far this is.
    kept: u64,
    pub(super) progress: Progress,
    /// Entries of the current package that are not in the store yet.
    pub(super) lines: Lines,
    pub(super) ahead: Ahead,
}

impl<'a> Run<'a> {
    /// A run that goes on where the last checkpoint of `record` is.
    pub(super) async fn of(
        manifests: &'a Manifests,
        record: &ExportRecord,
        exporter: Principal,
        paths: PathFilter,
        links: Option<String>,
        deadline: Deadline,
    ) -> Result<Self, Stop> {
        let now = manifests.core.now();
        let mut record = record.clone();
        let progress = match kept(manifests, &record).await? {
            Some(progress) if !progress.is_old(&record.export, now) => progress,
            Some(progress) if progress.anew => return Err(Stop::too_slow()),
            found => {
                record.checkpoint = None;
                Progress::new(&record.export, now, found.is_some())
            }
        };
        Ok(Self {
            manifests,
            record,
            exporter,
            paths,
            links,
            deadline,
            steps: 0,
            kept: 0,
            progress,
            lines: Lines::default(),
            ahead: Ahead::default(),
        })
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

    /// Writes the manifests of all packages that are left, and the index file.
    pub(super) async fn write(mut self) -> Result<Whole, Stop> {
        while let Some((_, id)) = self.export().packages.get(self.progress.done).copied() {
            self.look_ahead().await?;
            self.package(id).await?;
            self.progress.done += 1;
            self.rest_a_step().await?;
        }
        self.put_entries(true).await?;
        let file = index(self.export().id, self.format(), &self.progress.written)?;
        let totals = self.progress.written.written;
        self.put(None, "index.json".to_owned(), &file, totals).await?;
        Ok(self.whole())
    }

    fn whole(self) -> Whole {
        let Self { manifests, record, progress, .. } = self;
        let checkpoint = record.checkpoint.iter().map(|checkpoint| checkpoint.object(&manifests.bucket));
        let parts = progress.settled.iter().map(|part| part.object(&manifests.bucket)).chain(checkpoint).collect();
        Whole { written: progress.written, entry_rows: progress.entries.written_by, parts }
    }

    /// Writes the manifest of a package, or leaves it out if the exporter may not have it any more.
    async fn package(&mut self, id: PackageId) -> Result<(), Stop> {
        if let Some(found) = self.ahead.take(id) {
            self.list_from_the_start(&found.package);
            self.list_all(id, found.entries).await?;
            return self.assemble(id).await;
        }
        let Some(package) = self.allowed(id).await? else { return self.deny(id).await };
        if self.progress.current.is_none() {
            if !self.ahead.is_audited(id) {
                // What can't be audited is not handed out.
                self.audit(id, AuditOutcome::Allow, None).await?;
            }
            self.list_from_the_start(&package);
        }
        loop {
            self.list(id).await?;
            let Some(now) = self.allowed(id).await? else { return self.deny(id).await };
            let fits = |current: &Current| now.revision == current.revision || current.listings == LISTINGS;
            if self.progress.current.as_ref().is_none_or(fits) {
                return self.assemble(id).await;
            }
            self.list_from_the_start(&now);
        }
    }

    fn list_from_the_start(&mut self, package: &Package) {
        self.lines = Lines::default();
        self.progress.list(package);
    }

    /// Behind what the next page is; `None` if everything is listed.
    pub(super) fn next_page(&self) -> Option<Option<PageKey>> {
        self.progress.current.as_ref().filter(|current| !current.listed).map(|current| current.after.clone())
    }

    async fn allowed(&self, id: PackageId) -> Result<Option<Package>, Stop> {
        Ok(self.allowed_of(&[id]).await?.pop().flatten())
    }

    /// Each package, if it is there and the exporter may have it.
    pub(super) async fn allowed_of(&self, ids: &[PackageId]) -> Result<Vec<Option<Package>>, Stop> {
        let found = self.core().store.packages(ids).await?;
        let may = |package: &Package| {
            let may = decide(&self.exporter, Action::ExportPackage, Resource::Package(package.into())).is_ok();
            may && package.deleted_at.is_none()
        };
        Ok(found.into_iter().map(|package| package.filter(may)).collect())
    }

    async fn deny(&mut self, package_id: PackageId) -> Result<(), Stop> {
        self.audit(package_id, AuditOutcome::Deny, Some(Denial::NotVisible.reason().to_owned())).await?;
        let reason = "the package is not visible to you any more".to_owned();
        self.lines = Lines::default();
        self.progress.leave_out(&Skipped { package_id, dataset_id: None, reason });
        Ok(())
    }

    async fn audit(&self, package_id: PackageId, outcome: AuditOutcome, reason: Option<String>) -> AppResult<()> {
        let resource = package_id.to_string();
        self.core().audit(self.actor(), &self.origin(), Action::ExportPackage, resource, outcome, reason).await
    }

    /// Writes the manifest of the package that is listed.
    async fn assemble(&mut self, id: PackageId) -> Result<(), Stop> {
        let stored: u64 = self.progress.current.iter().flat_map(|current| &current.segments).map(|segment| segment.size).sum();
        self.rest(MARGIN + Duration::from_secs(stored / ASSEMBLED_BYTES)).await?;
        let Some(current) = self.progress.current.take() else { return Ok(()) };
        let file = manifest(id, &current, self.body(current.segments.clone())).await?;
        self.put(Some(id), format!("{id}.{}", file.extension), &file, current.totals).await?;
        self.progress.settle(current);
        Ok(())
    }

    fn body(&mut self, segments: Vec<Segment>) -> Body {
        let (objects, bucket) = (Arc::clone(&self.manifests.objects), self.manifests.bucket.clone());
        Body { objects, bucket, segments, rest: self.lines.take() }
    }

    async fn put(&mut self, package_id: Option<PackageId>, name: String, file: &File, totals: Totals) -> Result<(), Stop> {
        let (key, sha256, version) = self.store(name, file).await?;
        self.progress.written.files.push(ManifestFile { package_id, key, version, sha256, totals });
        Ok(())
    }

    async fn store(&self, name: String, file: &File) -> Result<(String, String, Option<String>), Stop> {
        let key = format!("{}{name}", folder(&self.export().user_id, self.export().id));
        let address = ObjectAddress { bucket: self.manifests.bucket.clone(), key };
        let (sha256, version) = file.put(self.objects(), &address).await?;
        Ok((address.key, sha256, version))
    }

    /// Writes rows of grant entries: full ones, or at the end all. They are filled across packages.
    pub(super) async fn put_entries(&mut self, all: bool) -> Result<(), Stop> {
        while let Some((number, entries)) = self.progress.entries.row(all) {
            self.core().store.put_entries(&self.record, number, entries).await?;
            self.progress.entries.row_written(self.record.attempt);
        }
        Ok(())
    }

    /// A step is done: keeps what memory should not hold, and goes on only if there is time for another one.
    pub(super) async fn rest_a_step(&mut self) -> Result<(), Stop> {
        self.steps += 1;
        if self.lines.size() >= LINES_BYTES {
            self.keep().await?;
        }
        self.rest(MARGIN).await
    }

    /// Goes on if what comes next, which takes `time` at most, can be done in this run.
    async fn rest(&mut self, time: Duration) -> Result<(), Stop> {
        let now = self.core().now();
        if self.progress.is_old(self.export(), now) {
            return Err(Stop::too_slow());
        }
        if self.steps > 0 && self.deadline.is_within(time, now) {
            self.keep().await?;
            return Err(Stop::Cut);
        }
        Ok(())
    }

    /// Keeps how far this is, so that another run goes on from here.
    async fn keep(&mut self) -> Result<(), Stop> {
        if self.kept == self.steps {
            return Ok(());
        }
        let name = format!("{:06}-{:06}", self.record.attempt, self.steps);
        if self.lines.size() > 0 {
            let file = lines(self.body(Vec::new()));
            let size = file.size();
            let (key, _, version) = self.store(format!("parts/{name}.{}", file.extension), &file).await?;
            if let Some(current) = &mut self.progress.current {
                current.segments.push(Segment { key, version, size });
            }
        }
        let file = json(&self.progress)?;
        let (key, _, version) = self.store(format!("progress/{name}.{}", file.extension), &file).await?;
        let mut kept = self.record.clone();
        let before = kept.checkpoint.replace(Checkpoint { key, version });
        kept.entry_rows.clone_from(&self.progress.entries.written_by);
        (kept.export.expected, kept.export.written) = (self.progress.written.expected, self.progress.written.written);
        kept.export.updated_at = self.core().now();
        if !self.core().store.keep_checkpoint(&self.record, &kept).await? {
            return Err(Stop::Overtaken);
        }
        self.record = kept;
        self.kept = self.steps;
        self.manifests.drop_parts(before.iter().map(|checkpoint| checkpoint.object(&self.manifests.bucket)).collect()).await;
        Ok(())
    }
}

impl Checkpoint {
    fn object(&self, bucket: &str) -> ObjectVersion {
        ObjectVersion { address: ObjectAddress { bucket: bucket.to_owned(), key: self.key.clone() }, version: self.version.clone() }
    }
}

/// What the last checkpoint says; `None` if there is none, or none that this version of the product can read.
async fn kept(manifests: &Manifests, record: &ExportRecord) -> Result<Option<Progress>, Stop> {
    let Some(checkpoint) = &record.checkpoint else { return Ok(None) };
    let found = match manifests.objects.get(&checkpoint.object(&manifests.bucket), None).await {
        Err(error) if error.is(PortErrorKind::NotFound) => {
            tracing::warn!(export = %record.export.id, "the checkpoint of an export is gone: it is begun anew");
            return Ok(None);
        }
        found => found?,
    };
    let bytes: Vec<bytes::Bytes> = found.bytes.try_collect().await?;
    let progress = serde_json::from_slice(&bytes.concat());
    if let Err(error) = &progress {
        tracing::warn!(error = error as &dyn std::error::Error, export = %record.export.id, "the checkpoint of an export can't be read");
    }
    Ok(progress.ok())
}
