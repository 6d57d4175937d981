//! The index is built anew in steps, whatever happens between them.

use std::{sync::Arc, time::Duration};

use datalake_app::{
    packages::{ChangePackage, CreatePackage},
    search::Search,
    workers::{
        indexing::Indexing,
        reindexing::{Reindexing, Rest},
    },
};
use domain::{
    Deadline, PackageId, PortErrorKind,
    job::Job,
    ports::{Handler as _, Key, SearchRebuild, Table, Tables as _, Update, Write},
    reindex::{Reindex, ReindexState},
};
use testkit::{MemorySearch, builders::admin};

use crate::support::{Lake, ann, entries};

struct Builder {
    lake: Lake,
    index: Arc<MemorySearch>,
    worker: Reindexing,
    search: Search,
}

impl Builder {
    /// A lake with so many packages, and an index that knows none of them.
    async fn with(packages: usize) -> (Self, Vec<PackageId>) {
        let (lake, index) = (Lake::new(), Arc::new(MemorySearch::default()));
        let worker = Reindexing::new(lake.tables.clone(), index.clone(), lake.jobs.clone(), lake.core.clock.clone());
        let search = Search::new(lake.core.clone(), index.clone());
        let builder = Self { lake, index, worker, search };
        let mut ids = Vec::new();
        for number in 0..packages {
            ids.push(builder.create(&format!("Package {number}")).await);
        }
        (builder, ids)
    }

    async fn create(&self, name: &str) -> PackageId {
        let entered = CreatePackage { name: name.to_owned(), ..CreatePackage::default() };
        self.lake.packages.create(&ann(), &entered, None).await.expect("created").package.id
    }

    /// What the feed does with a change of this package.
    async fn hint(&self, id: PackageId) {
        let worker = Indexing::new(self.lake.tables.clone(), self.index.clone(), self.lake.jobs.clone(), self.lake.core.clock.clone());
        assert!(worker.handle(entries([Job::Index { package_id: id }])).await.failed.is_empty());
    }

    /// One step: there is no time for more.
    async fn step(&self) -> Rest {
        self.worker.run_until(Deadline::at(self.lake.core.now())).await.expect("a step")
    }

    async fn run(&self) -> Reindex {
        while self.step().await != Rest::Nothing {}
        self.last().await
    }

    async fn last(&self) -> Reindex {
        self.worker.last().await.expect("tables answer").expect("there was one")
    }

    fn found(&self, ids: &[PackageId]) -> usize {
        ids.iter().filter(|id| self.index.document(**id).is_some()).count()
    }
}

fn root() -> datalake_app::Caller {
    datalake_app::Caller { principal: admin("root"), ..ann() }
}

#[tokio::test]
async fn a_rebuild_goes_on_from_run_to_run_and_counts() {
    let (builder, ids) = Builder::with(250).await;
    builder.lake.packages.delete(&ann(), ids[0], None).await.expect("deleted");
    let started = builder.search.start_reindex(&root(), None).await.expect("accepted");
    assert_eq!((started.state, started.total, started.started_by), (ReindexState::Running, None, Some(root().principal.user_id)));
    let (mut runs, mut seen) = (0, Vec::new());
    while builder.step().await != Rest::Nothing {
        runs += 1;
        let last = builder.last().await;
        seen.push(last.done);
        assert_eq!(last.total, Some(249));
        assert_eq!(builder.found(&ids), 0, "the old index answers until the new one is full");
    }
    assert!(runs >= 5 && seen.is_sorted() && seen.iter().any(|done| (1..249).contains(done)), "{seen:?}");
    let done = builder.last().await;
    assert_eq!((done.state, done.done, done.total, done.failed, done.failure), (ReindexState::Done, 249, Some(249), 0, None));
    assert_eq!(builder.found(&ids), 249, "all but the deleted one");
    assert_eq!(builder.step().await, Rest::Nothing);
}

#[tokio::test]
async fn what_is_written_while_the_index_is_built_is_in_the_new_one() {
    let (builder, ids) = Builder::with(3).await;
    builder.worker.begin().await.expect("begun");
    for _ in 0..3 {
        assert_ne!(builder.step().await, Rest::Nothing);
    }
    let late = builder.create("Late").await;
    builder.hint(late).await;
    let change = ChangePackage { name: Some("Changed".to_owned()), ..ChangePackage::default() };
    builder.lake.packages.change(&ann(), ids[1], &change, None).await.expect("changed");
    builder.hint(ids[1]).await;
    builder.lake.packages.delete(&ann(), ids[2], None).await.expect("deleted");
    builder.hint(ids[2]).await;
    assert_eq!(builder.run().await.state, ReindexState::Done);
    assert_eq!(builder.index.document(ids[1]).expect("found").name, "Changed");
    assert_eq!((builder.found(&[late, ids[0]]), builder.found(&[ids[2]])), (2, 0));
}

#[tokio::test]
async fn whatever_fails_at_any_step_is_tried_again_and_told_meanwhile() {
    for operation in ["search_rebuild.begin", "search_rebuild.upsert_many", "search_rebuild.swap"] {
        let (builder, ids) = Builder::with(12).await;
        builder.worker.begin().await.expect("begun");
        builder.index.faults.fail_once(operation, PortErrorKind::Unavailable);
        let now = builder.lake.core.now();
        let error = loop {
            match builder.worker.run_until(Deadline::at(now)).await {
                Ok(rest) => assert_ne!(rest, Rest::Nothing, "{operation} fails"),
                Err(error) => break error,
            }
        };
        assert!(error.is(PortErrorKind::Unavailable), "{operation}: {error}");
        let told = builder.last().await;
        assert!(told.state == ReindexState::Running && told.failure.is_some(), "{operation}: {told:?}");
        let done = builder.run().await;
        assert_eq!((done.state, done.done, done.failure), (ReindexState::Done, 12, None), "{operation}");
        assert_eq!(builder.found(&ids), 12, "{operation}");
    }
}

#[tokio::test]
async fn a_rebuild_whose_run_was_killed_goes_on_as_soon_as_nobody_holds_it() {
    let (builder, ids) = Builder::with(3).await;
    builder.worker.begin().await.expect("begun");
    builder.step().await;
    // A run that was killed held it, and told nobody.
    let until = builder.lake.core.now().plus(Duration::from_secs(120));
    let set = [("attempt".to_owned(), 7.into()), ("held_until".to_owned(), until.to_string().into())].into();
    let update = Update { set, ..Update::default() };
    let held = Write::Update { table: Table::Settings, key: Key::new("job", "reindex"), update, condition: None };
    builder.lake.tables.write(held).await.expect("held");
    assert_eq!(builder.step().await, Rest::After(Duration::from_secs(120)), "another one may be at it");
    assert_eq!(builder.last().await.done, 0);
    builder.lake.jobs.take();
    builder.worker.resume().await.expect("resumed");
    assert_eq!(builder.lake.jobs.take(), [Job::Reindex]);
    assert_eq!(builder.run().await.state, ReindexState::Done);
    assert_eq!(builder.found(&ids), 3);
    builder.worker.resume().await.expect("nothing to resume");
    assert!(builder.lake.jobs.take().is_empty());
}

#[tokio::test]
async fn an_index_that_was_lost_half_full_is_begun_again() {
    let (builder, ids) = Builder::with(150).await;
    builder.worker.begin().await.expect("begun");
    while builder.last().await.done == 0 {
        builder.step().await;
    }
    // As a process that ends loses it; what it had shows nowhere in the end.
    builder.index.swap().await.expect("it is there");
    let done = builder.run().await;
    assert_eq!((done.state, done.done, done.total), (ReindexState::Done, 150, Some(150)));
    assert_eq!(builder.found(&ids), 150);
}

#[tokio::test]
async fn a_package_that_can_not_be_read_stops_no_other_and_comes_again_by_itself() {
    let (builder, ids) = Builder::with(5).await;
    let update = Update { set: [("sequence".to_owned(), "many".into())].into(), ..Update::default() };
    let key = Key::new(ids[2].to_string(), "package");
    builder.lake.tables.write(Write::Update { table: Table::Packages, key, update, condition: None }).await.expect("broken");
    builder.worker.begin().await.expect("begun");
    builder.lake.jobs.take();
    let done = builder.run().await;
    assert_eq!((done.state, done.done, done.failed), (ReindexState::Done, 5, 1));
    assert_eq!((builder.found(&ids), builder.index.document(ids[2])), (4, None));
    assert_eq!(builder.lake.jobs.take(), [Job::Index { package_id: ids[2] }]);
}

#[tokio::test]
async fn an_index_that_would_lack_too_much_is_given_up() {
    let (builder, ids) = Builder::with(30).await;
    builder.hint(ids[29]).await;
    for id in &ids[..11] {
        let update = Update { set: [("sequence".to_owned(), "many".into())].into(), ..Update::default() };
        let key = Key::new(id.to_string(), "package");
        builder.lake.tables.write(Write::Update { table: Table::Packages, key, update, condition: None }).await.expect("broken");
    }
    builder.worker.begin().await.expect("begun");
    let failed = builder.run().await;
    assert!(failed.state == ReindexState::Failed && failed.failure.is_some(), "{failed:?}");
    assert_eq!(builder.found(&ids), 1, "the old index answers");
}

#[tokio::test]
async fn a_second_rebuild_waits_for_the_first_unless_that_came_no_further_for_an_hour() {
    let (builder, ids) = Builder::with(2).await;
    builder.search.start_reindex(&root(), None).await.expect("accepted");
    let refused = builder.search.start_reindex(&root(), None).await.expect_err("one runs");
    assert_eq!(refused.code(), "reindex_running");
    let long_ago = builder.lake.core.now().minus(Duration::from_secs(3600));
    let update = Update { set: [("updated_at".to_owned(), long_ago.to_string().into())].into(), ..Update::default() };
    let stuck = Write::Update { table: Table::Settings, key: Key::new("job", "reindex"), update, condition: None };
    builder.lake.tables.write(stuck).await.expect("stuck");
    builder.search.start_reindex(&root(), None).await.expect("the first one is not waited for");
    assert_eq!(builder.run().await.state, ReindexState::Done);
    assert_eq!(builder.found(&ids), 2);
    builder.search.start_reindex(&root(), None).await.expect("none runs");
    let denied = builder.search.start_reindex(&ann(), None).await.expect_err("for administrators");
    assert_eq!(denied.code(), "forbidden");
}

#[tokio::test]
async fn only_an_index_that_was_lost_is_built_without_being_asked() {
    let (builder, ids) = Builder::with(0).await;
    builder.worker.begin_if_lost().await.expect("nothing is lost");
    assert!(builder.worker.last().await.expect("tables answer").is_none(), "an empty lake has an empty index");
    let id = builder.create("First").await;
    builder.worker.begin_if_lost().await.expect("begun");
    assert_eq!(builder.run().await.started_by, None);
    assert_eq!(builder.found(&[id]), 1);
    builder.worker.begin_if_lost().await.expect("nothing is lost");
    assert_eq!((builder.last().await.state, ids.len()), (ReindexState::Done, 0));
}
