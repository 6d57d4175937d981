//! The indexer, whose cluster takes batches in part, late or not at all: the index holds what the rows say, and whatever
//! is not in it comes again.

use app::workers::{changes::Changes, indexing::Documents};
use aws::events;
use datalake_tests_faults::{Counted, Fault};
use domain::{
    Deadline, PackageId,
    audit::{Actor, Origin},
    job::{Job, JobKind},
    package::Package,
    ports::{Handler, SearchRebuild, Table, Tables},
    search::ShownDocument,
};
use function_indexer::{Deps, handler};
use serde_json::Value;
use testkit::builders::{dataset, metadata_version, now, package};

use crate::{
    account::Deployment,
    events::{event, failed, queued},
    kill::at_every,
    lake::Lake,
    left_out,
    twice::{deliver, work},
};

impl Deployment {
    /// A process of the function.
    pub(super) fn indexer(&self) -> impl Handler<Job> + Clone + 'static {
        let index = self.index();
        handler(Deps { tables: self.tables(), index: index.clone(), rebuild: index, jobs: self.jobs(), clock: self.clock.clone() })
    }

    /// A package with tags and a dataset, as rows.
    pub(super) async fn put(&self, package: &Package, file: u64) {
        let core = self.core();
        let stamp = core.stamp_of(Actor::system(), &Origin::default(), domain::access::Action::PackageCreate, &[]);
        let mut writes = core.store.put_package(package, &stamp).expect("rows");
        writes.push(core.store.put_metadata(package.id, &metadata_version(&[("topic", "faults")])).expect("a row"));
        let dataset = domain::dataset::Dataset { package_id: package.id, ..dataset(file, file, "a.csv") };
        writes.push(core.store.put_path(&dataset, None).expect("a row"));
        self.real_tables().transact(writes).await.expect("written");
    }

    /// What stands in the cluster under a package's id, found or not yet.
    async fn held(&self, id: PackageId) -> Value {
        let search = self.search.as_deref().expect("a search cluster");
        let url = format!("{search}/{}-packages/_doc/{id}", self.prefix);
        let text = reqwest::get(url).await.expect("an answer").text().await.expect("a text");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Fails unless the index holds what the package's rows say.
    pub(super) async fn assert_indexed(&self, id: PackageId, case: &str) {
        let held = self.held(id).await;
        let document = Documents::new(self.core().store).document(id).await.expect("read");
        match document {
            Some(document) => {
                assert_eq!(held["_version"], document.sequence, "{case}: {held}");
                let shown = held["_source"]["shown"].as_str().unwrap_or_else(|| panic!("{case}: {held}"));
                assert_eq!(shown, serde_json::to_string(&ShownDocument::from(&document)).expect("JSON"), "{case}");
            }
            None => assert!(held["_source"]["sequence"].is_u64() && held["_source"]["live"].is_null(), "{case}: {held}"),
        }
    }
}

#[tokio::test]
async fn killed_at_any_call_it_leaves_nothing_out_of_the_index() {
    if left_out() {
        return;
    }
    let deployment = Deployment::with_search().await;
    let mut number = 0;
    // The first rounds are killed while they make the index.
    at_every(Counted::All, 8, async |place| {
        number += 2;
        let (kept, deleted) = (package(number, "ann"), Package { deleted_at: Some(now()), ..package(number + 1, "ann") });
        deployment.put(&kept, number).await;
        deployment.put(&deleted, number + 1).await;
        let event = event(&queued(&[Job::Index { package_id: kept.id }, Job::Index { package_id: deleted.id }]));
        let (first, second) = (deployment.indexer(), deployment.indexer());
        let done = place.reached_by(&deployment, events::jobs(event.clone(), &first, Deadline::NONE)).await;
        let answer = events::jobs(event, &second, Deadline::NONE).await.expect("an event");
        assert_eq!(failed(&answer), [""; 0], "{place:?}");
        for id in [kept.id, deleted.id] {
            deployment.assert_indexed(id, &format!("{place:?}")).await;
        }
        done.is_some()
    })
    .await;
}

#[tokio::test]
async fn only_what_the_cluster_did_not_take_comes_again() {
    if left_out() {
        return;
    }
    let deployment = Deployment::with_search().await;
    // It is there already: what is written to none is written again by itself, as soon as there is one.
    deployment.real_index().ids(None, 1).await.expect("made");
    // The second time an index is being built: there the last line of a batch is for that one alone.
    for (building, first) in [(false, 1), (true, 11)] {
        if building {
            deployment.real_index().begin().await.expect("begun");
        }
        let packages: Vec<Package> = (first..first + 4).map(|number| package(number, "ann")).collect();
        for (file, package) in (first..).zip(&packages) {
            deployment.put(package, file).await;
        }
        let messages = queued(&packages.iter().map(|package| Job::Index { package_id: package.id }).collect::<Vec<_>>());
        deployment.proxy.once_to("_bulk", Fault::Partly);
        let again = deployment.hand_over(&messages, || deployment.indexer()).await;
        assert_eq!(again, messages[3..], "being built: {building}");
        for package in &packages {
            deployment.assert_indexed(package.id, &format!("being built: {building}")).await;
        }
    }
    deployment.real_index().swap().await.expect("swapped");
    for number in 11..15 {
        deployment.assert_indexed(package(number, "ann").id, "swapped").await;
    }
}

#[tokio::test]
async fn the_index_holds_what_the_rows_say_however_often_and_late_a_hint_comes() {
    if left_out() {
        return;
    }
    let lake = Lake::new().await;
    let deployment = &lake.deployment;
    let ids = work(&lake).await;
    let gone = lake.ask(("DELETE", &format!("/packages/{}", ids[5])), None, None).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    // What comes together makes one hint; here each change comes alone.
    for record in deployment.stream(Table::Packages).await {
        deliver(&lake, &[record]).await;
    }
    let mut messages = deployment.queue(JobKind::Search).await;
    assert!(messages.len() >= 10, "{}", messages.len());

    let faults = [
        ("_alias", Fault::Broken),
        ("_bulk", Fault::Throttled),
        ("_bulk", Fault::Partly),
        ("_bulk", Fault::Broken),
        ("_bulk", Fault::Expired),
        ("_bulk", Fault::Lost),
        ("_bulk", Fault::Torn),
        ("BatchGetItem", Fault::Broken),
        ("Query", Fault::Throttled),
    ];
    for (operation, fault) in faults {
        deployment.proxy.always_to(operation, fault);
        // Tables are asked again for each package, and each waits for that.
        let some = if operation.starts_with('_') { &messages[..] } else { &messages[..2] };
        let again = deployment.hand_over(some, || deployment.indexer()).await;
        assert!(!again.is_empty(), "{operation}, {fault:?}: what may not be in the index comes again");
        for id in &ids {
            deployment.assert_indexed(*id, &format!("{operation}, {fault:?}")).await;
        }
        // Nobody knows in which order they come again.
        messages.rotate_left(2);
    }
    messages.reverse();
    // Three functions at once, each with some that others have too.
    for _ in 0..3 {
        deployment.proxy.once_to("_bulk", Fault::Lost);
    }
    let part = async |messages: &[Value]| deployment.hand_over(messages, || deployment.indexer()).await;
    tokio::join!(part(&messages), part(&messages[3..]), part(&messages[..6]));
    for id in &ids {
        deployment.assert_indexed(*id, "side by side").await;
    }
    // What follows from a change that comes late, and after its successor, says the same.
    let changes = deployment.stream(Table::Packages).await.into_iter().rev().collect::<Vec<_>>();
    let worker = Changes::new(deployment.jobs());
    events::changes(event(&changes), &deployment.names, &worker).await.expect("an event");
    deployment.hand_over(&deployment.queue(JobKind::Search).await, || deployment.indexer()).await;
    for id in &ids {
        deployment.assert_indexed(*id, "late").await;
    }
}
