//! Import manifests of every form, from the request that brings one to the datasets that it makes.

use std::collections::BTreeMap;

use app::{
    Caller, Core, Paging,
    imports::{Imports, NewImport},
    packages::{CreatePackage, Packages},
    workers::importing::Importing,
};
use bytes::Bytes;
use domain::{
    Deadline, ImportId, PackageId,
    access::Action,
    audit::{Actor, Origin},
    dataset::{Dataset, DatasetKind},
    import::{Import, ImportFailure, ImportState},
    location::Location,
    ports::{ObjectAddress, Objects as _, Tables as _},
    principal::Role,
    text::SHOWN_OF_AN_ENTRY,
    user::PrincipalRecord,
};
use testkit::{
    builders::{BUCKET, member, now, user_id},
    memory_objects::{once, options_of},
};
use tests_api::Ports;
use tokio::runtime::Builder;

use crate::told;

/// The longest sentence about an entry: it may name a path.
const SENTENCE: usize = 400;
/// A sentence about a manifest as a whole.
const END: usize = 200;
/// Entries of a transaction: where a run that has no time stops.
const BATCH: u64 = 49;
/// Objects below the one location, `s3://lake/raw/`, by their keys there; sizes differ.
const OBJECTS: &[&str] = &["a.csv", "b.csv", "2026/c.csv", "2026/d, \"e\".csv", "caf\u{e9}.csv", "x y.csv"];

pub(crate) fn holds(input: &[u8]) {
    if input.is_empty() {
        return;
    }
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let lake = Lake::new().await;
        let (first, second) = (lake.package().await, lake.package().await);
        let whole = lake.import(first, input, None).await;
        told(input, &whole.0, &whole.1);
        lake.bounded(input, &whole.0);
        lake.hold_what_was_added(first, &whole.0).await;

        let again = lake.import(first, input, None).await;
        let counts = |import: &Import| (import.state, import.failure.clone(), import.counts.read, import.counts.failed);
        // Why an entry fails may be another reason then: a later one may have taken its path.
        let lines = |failures: &[ImportFailure]| failures.iter().map(|failure| failure.line).collect::<Vec<_>>();
        assert_eq!((counts(&again.0), lines(&again.1)), (counts(&whole.0), lines(&whole.1)), "a second time");
        assert_eq!((again.0.counts.added, again.0.counts.skipped), (0, whole.0.counts.added + whole.0.counts.skipped), "a second time");

        let in_pieces = lake.import(second, input, Some(whole.0.counts.read / BATCH + 3)).await;
        assert_eq!((counts(&in_pieces.0), in_pieces.0.counts.added), (counts(&whole.0), whole.0.counts.added), "in pieces");
        let mut failures = whole.1.clone();
        for (failure, there) in failures.iter_mut().zip(&in_pieces.1) {
            // Ids differ between packages.
            if failure.code == domain::import::FailureCode::PathTaken {
                failure.reason.clone_from(&there.reason);
            }
        }
        assert_eq!(in_pieces.1, failures, "in pieces");
        assert_eq!(lake.sources(second).await, lake.sources(first).await, "in pieces");
    });
}

/// What is said about it.
fn told(input: &[u8], import: &Import, failures: &[ImportFailure]) {
    let text = String::from_utf8_lossy(input);
    assert_ne!(import.state, ImportState::Running);
    assert_eq!(import.failure.is_some(), import.state == ImportState::Failed);
    if let Some(why) = &import.failure {
        told::fits(why, END, &text);
        assert!(why.starts_with("The manifest"), "a stranger's bytes are no failure of ours: {why}");
    }
    let counts = import.counts;
    assert_eq!(counts.read, counts.added + counts.skipped + counts.failed, "{counts:?}");
    assert_eq!(counts.failed, failures.len() as u64, "each that failed is listed");
    for failure in failures {
        told::fits(&failure.reason, SENTENCE, &text);
        assert!(failure.entry.chars().count() <= SHOWN_OF_AN_ENTRY && failure.line >= 1, "{failure:?}");
    }
    assert!(failures.windows(2).all(|pair| pair[0].line < pair[1].line), "each entry has a line of its own, in order: {failures:?}");
}

struct Lake {
    ports: Ports,
    core: Core,
    packages: Packages,
    imports: Imports,
    importing: Importing,
    caller: Caller,
}

impl Lake {
    async fn new() -> Self {
        let ports = Ports::new(|search| search);
        let (core, objects) = (ports.core(), ports.objects.clone());
        let lake = Self {
            packages: Packages::new(core.clone(), objects.clone(), BUCKET),
            imports: Imports::new(core.clone(), objects.clone(), BUCKET),
            importing: Importing::new(core.clone(), objects, BUCKET, None),
            caller: Caller { principal: member("ann"), origin: Origin::default() },
            ports,
            core,
        };
        lake.furnish().await;
        lake
    }

    async fn furnish(&self) {
        let record = PrincipalRecord {
            user_id: user_id("ann"),
            directory_name: "ann".to_owned(),
            email: "ann@example.org".to_owned(),
            name: "Ann".to_owned(),
            role: Some(Role::Member),
            groups: Vec::new(),
            enabled: true,
            tokens_valid_after: now(),
            last_sign_in: None,
            federated: false,
        };
        let rows = self.core.store.put_principal(&record, None, None).expect("a row");
        self.ports.tables.transact(rows).await.expect("a known person");
        let location = Location {
            id: "loc_00000000000000000000000001".parse().expect("an id"),
            bucket: "lake".to_owned(),
            prefix: "raw/".to_owned(),
            description: String::new(),
            created_by: user_id("root"),
            created_at: now(),
        };
        let stamp = self.core.stamp_of(Actor::system(), &Origin::default(), Action::LocationManage, &[]);
        self.core.store.put_location(&location, &stamp).await.expect("a location");
        let below = OBJECTS.iter().map(|key| format!("raw/{key}"));
        for (size, key) in below.chain(["secret/a.csv".to_owned(), "rawest/a.csv".to_owned()]).enumerate() {
            let content = vec![b'x'; size + 1];
            let address = ObjectAddress { bucket: "lake".to_owned(), key };
            self.ports.objects.put(&address, &options_of(&content, "text/csv"), once(content)).await.expect("stored");
        }
    }

    async fn package(&self) -> PackageId {
        let entered = CreatePackage { name: "Flights".to_owned(), ..CreatePackage::default() };
        self.packages.create(&self.caller, &entered, None).await.expect("a package").package.id
    }

    /// The import when it has ended, and what failed; in at most so many runs, each of which is cut as early as one can be.
    async fn import(&self, package: PackageId, input: &[u8], runs: Option<u64>) -> (Import, Vec<ImportFailure>) {
        let manifest = NewImport::Inline { bytes: Bytes::copy_from_slice(input), content_type: "text/csv" };
        let id = self.imports.start(&self.caller, package, &manifest, None).await.expect("an import").id;
        let deadline = if runs.is_some() { Deadline::at(now()) } else { Deadline::NONE };
        let mut done = 0;
        while self.importing.import_until(package, id, deadline).await.expect("a run").is_some() {
            done += 1;
            assert!(runs.is_some_and(|most| done < most), "it does not come to an end");
        }
        let import = self.imports.read(&self.caller, package, id).await.expect("the import");
        (import, self.failures(package, id).await)
    }

    async fn failures(&self, package: PackageId, id: ImportId) -> Vec<ImportFailure> {
        let mut found = Vec::new();
        let mut paging = Paging { limit: 200, cursor: None };
        loop {
            let page = self.imports.failures(&self.caller, package, id, &paging).await.expect("a page");
            found.extend(page.items);
            match page.next_cursor {
                None => return found,
                cursor => paging.cursor = cursor,
            }
        }
    }

    /// The store is asked once for the manifest, and at most twice for each entry.
    fn bounded(&self, input: &[u8], import: &Import) {
        let calls = |operation| self.ports.objects.faults().calls(operation) as u64;
        let blocks = input.len() as u64 / (1 << 20) + 1;
        // Failures go into objects that are read again for their list: more than thirty in each.
        let pages = 2 * (import.counts.failed / 32 + 1);
        assert!(calls("objects.get") <= blocks + pages, "{} reads", calls("objects.get"));
        let asked = calls("objects.head") + calls("objects.list");
        assert!(asked <= 2 * import.counts.read, "{asked} look-ups for {} entries", import.counts.read);
    }

    async fn datasets(&self, package: PackageId) -> Vec<Dataset> {
        let (summaries, _) = self.core.store.datasets_by_path(package, "", 1_000, None).await.expect("a page");
        let ids: Vec<_> = summaries.iter().map(|summary| summary.id).collect();
        let mut datasets = Vec::new();
        for some in ids.chunks(50) {
            datasets.extend(self.core.store.datasets(package, some).await.expect("rows").into_iter().flatten());
        }
        datasets
    }

    /// Each path with what is behind it.
    async fn sources(&self, package: PackageId) -> BTreeMap<String, (String, String, Vec<String>, u64)> {
        let of = |dataset: Dataset| (dataset.path.to_string(), (dataset.bucket, dataset.key, dataset.exclude, dataset.size));
        self.datasets(package).await.into_iter().map(of).collect()
    }

    /// Each is what its path says, below the location, and nothing else is there.
    async fn hold_what_was_added(&self, package: PackageId, import: &Import) {
        let datasets = self.datasets(package).await;
        assert_eq!(datasets.len() as u64, import.counts.added, "each that was added is there: {datasets:?}");
        let stored = self.core.store.package(package).await.expect("tables answer").expect("the package");
        let bytes: u64 = datasets.iter().map(|dataset| dataset.size).sum();
        assert_eq!((stored.datasets, stored.bytes), (import.counts.added, bytes), "the package's counts");
        for Dataset { kind, path, bucket, key, exclude, size, .. } in &datasets {
            let relative = key.strip_prefix("raw/").filter(|_| bucket == "lake");
            let relative = relative.unwrap_or_else(|| panic!("{bucket}/{key} lies outside the location"));
            if *kind == DatasetKind::Object {
                assert_eq!(
                    OBJECTS.iter().position(|known| *known == relative),
                    usize::try_from(*size).ok().and_then(|size| size.checked_sub(1))
                );
                assert_eq!(relative.parse().as_ref(), Ok(path), "another object than its path says");
            } else {
                let name = relative.trim_end_matches('/');
                assert_eq!(if name.is_empty() { "raw" } else { name }.parse().as_ref(), Ok(path), "another folder than its path says");
                assert!(key.ends_with('/') && exclude.len() <= 100 && exclude.iter().all(|glob| (1..=900).contains(&glob.len())));
            }
        }
    }
}
