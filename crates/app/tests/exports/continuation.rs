//! Exports that take more than one run: cut by a deadline, or killed.

use std::{sync::Arc, time::Duration};

use app::{Core, exports::Checkout, workers::manifest::Manifests};
use domain::{
    Deadline, ExportId, Timestamp,
    cart::ExportState,
    dataset::{Dataset, DatasetState},
    job::Job,
    ports::{Clock as _, ObjectAddress, ObjectVersion, Objects as _, Table},
};
use futures::TryStreamExt as _;
use testkit::{
    MemoryCipher, SequentialIds,
    builders::{BUCKET, dataset, now},
};

use crate::{
    lake::{LINKS, Lake, bob, bob_id},
    meddling::Meddling,
    steps::{Event, Steps},
};

/// How long a home lets a run go on.
const RUN: Duration = Duration::from_secs(900);
const HOUR: u64 = 3_600;

struct World {
    lake: Arc<Lake>,
    steps: Arc<Steps>,
    manifests: Manifests,
}

impl World {
    /// A cart of bob's to be filled: a few files; two pages of them, one of which vanished; a package that is hidden since;
    /// nothing; and a few more.
    async fn new() -> Self {
        let lake = Lake::new().await;
        let packages = [lake.package(1).await, lake.package(2).await, lake.package(3).await, lake.package(4).await, lake.package(5).await];
        for number in 1..=3 {
            lake.dataset(1, number, &format!("a/{number}.csv")).await;
        }
        for number in 0..520 {
            lake.put_dataset(&dataset(2, 100 + number, &format!("part-{number:05}.csv"))).await;
        }
        let gone = Dataset { state: DatasetState::Removed, ..dataset(2, 300, "part-00200.csv") };
        lake.put_dataset_row(&gone).await;
        lake.dataset(5, 10, "last.csv").await;
        lake.fill(&packages).await;
        lake.hide(3).await;
        lake.tables.take_changes();
        Self::over(lake)
    }

    fn over(lake: Lake) -> Self {
        let steps = Steps::new(lake.tables.clone(), lake.objects.clone(), lake.clock.clone());
        let cipher = Arc::new(MemoryCipher::default());
        let ids = Arc::new(SequentialIds::new(1 << 40));
        let core = Core::new(steps.clone(), lake.jobs.clone(), cipher, lake.clock.clone(), ids);
        let manifests = Manifests::new(core, steps.clone(), BUCKET, LINKS);
        Self { lake: Arc::new(lake), steps, manifests }
    }

    /// Bob checks out all packages, those that are hidden since too, and the cart stays as it is.
    async fn checkout(&self, format: &str) -> ExportId {
        for number in 1..=5 {
            self.lake.package(number).await;
        }
        let packages: Vec<_> = (1..=5).map(testkit::builders::package_id).collect();
        self.lake.fill(&packages).await;
        let id = self.lake.checkout(format).await;
        self.lake.hide(3).await;
        id
    }

    /// Runs jobs until none is left, each with its own time; how many runs that took.
    async fn finish(&self, id: ExportId, begin: Timestamp, time: Duration) -> usize {
        for runs in 1..10_000 {
            self.lake.clock.set(begin);
            let deadline = Deadline::at(begin.plus(time));
            let rest = self.manifests.generate_until(&bob_id(), id, deadline).await.expect("no failure");
            match rest {
                None => return runs,
                Some(Job::Export { user_id, export_id }) => assert_eq!((user_id, export_id), (bob_id(), id)),
                Some(other) => panic!("{other:?} does not go on with it"),
            }
        }
        panic!("it never ends")
    }

    /// The manifests' texts, without what differs between two exports of the same: ids, times, tokens and signatures.
    async fn manifests(&self, id: ExportId) -> Vec<String> {
        self.lake.clock.set(now());
        let view = self.lake.exports.read(&bob(), id).await.expect("it is there");
        let export = &view.export;
        assert_eq!((export.state, export.written.entries, export.skipped_count), (ExportState::Ready, 523, 2), "{:?}", export.failure);
        let mut texts = Vec::new();
        for manifest in &view.manifests {
            let bytes = self.lake.objects.fetch(&manifest.request).await.expect("fetched");
            texts.push(String::from_utf8(bytes.to_vec()).expect("text"));
        }
        self.follow(&texts).await;
        texts.iter().map(|text| plain(text, id)).collect()
    }

    /// What is kept of an export while it is written.
    fn parts(&self, id: ExportId) -> Vec<String> {
        let folder = format!("exports/{}/{id}/", bob_id());
        let keys = self.lake.objects.keys(BUCKET).into_iter();
        keys.filter(|key| key.strip_prefix(&folder).is_some_and(|name| name.contains('/'))).collect()
    }

    /// Grant links lead to the files that their manifest says: tried with some, the first and the last among them.
    async fn follow(&self, texts: &[String]) {
        for text in texts {
            let manifest: serde_json::Value = serde_json::from_str(text).expect("JSON");
            let entries = manifest["entries"].as_array().map(Vec::as_slice).unwrap_or_default();
            for entry in entries.iter().step_by(61).chain(entries.last()) {
                let Some(link) = entry["grant"].as_str() else { continue };
                let (token, number) =
                    link.strip_prefix(&format!("{LINKS}/cart/grants/")).and_then(|rest| rest.split_once('/')).expect("a link");
                let request = self.lake.exports.follow_grant(token, number.parse().expect("a number"), None, &bob().origin).await;
                let url = request.expect("followed").url;
                assert!(secrecy::ExposeSecret::expose_secret(&url).contains(entry["dataset_id"].as_str().expect("an id")), "{link}");
            }
        }
    }
}

fn plain(text: &str, id: ExportId) -> String {
    let index = text.contains("\"export_id\"");
    let mut plain = text.replace(&id.to_string(), "export");
    let mut parts = vec![("?signature=", 20), ("/cart/grants/", 43), ("\"expires_at\":\"", 24)];
    if index {
        // Checksums of files that hold tokens and signatures.
        parts.push(("\"sha256\":\"", 64));
    }
    for (begin, length) in parts {
        let mut parts = plain.split(begin);
        let first = parts.next().unwrap_or_default().to_owned();
        plain = parts.fold(first, |all, part| format!("{all}{begin}{}", &part[length..]));
    }
    plain
}

#[tokio::test]
async fn an_export_cut_after_any_step_is_the_one_that_was_not_cut() {
    let world = World::new().await;
    for format in ["grant", "signed-url", "bucket-key"] {
        let whole = world.checkout(format).await;
        world.steps.plan(usize::MAX, Event::End);
        assert_eq!(world.finish(whole, now(), RUN).await, 1);
        let (steps, whole) = (world.steps.taken(), world.manifests(whole).await);
        assert!(steps > 15, "{steps}");
        let mut cut = 0;
        for step in 1..=steps {
            let id = world.checkout(format).await;
            // The store takes so long that the time of this run is nearly over, and the next one has its own.
            world.steps.plan(step, Event::Time(RUN - Duration::from_secs(1)));
            let runs = world.finish(id, now(), RUN).await;
            assert!(runs <= 2, "{runs} runs after a cut at step {step}");
            cut += runs - 1;
            assert!(world.manifests(id).await == whole, "{format} cut at step {step}");
            assert_eq!(world.parts(id), [""; 0], "{format} cut at step {step}");
        }
        assert!(cut > steps / 2, "{cut} of {steps}");
    }
}

#[tokio::test]
async fn an_export_whose_runs_are_killed_at_any_step_loses_nothing() {
    let world = World::new().await;
    let whole = world.checkout("grant").await;
    world.steps.plan(usize::MAX, Event::End);
    // Each run has time for one step only: so there is something to lose.
    let runs = world.finish(whole, now(), Duration::ZERO).await;
    assert!(runs > 5, "{runs}");
    let (steps, whole) = (world.steps.taken(), world.manifests(whole).await);
    for step in (1..=steps).step_by(3) {
        let id = world.checkout("grant").await;
        world.steps.plan(step, Event::End);
        // Killed at that step, in whichever run it is; the queue delivers the job again, and so it goes on.
        let killed = world.steps.run(world.finish(id, now(), Duration::ZERO)).await.is_none();
        if killed {
            assert_ne!(world.lake.export(id).await.state, ExportState::Failed, "killed at step {step}");
            world.finish(id, now(), Duration::ZERO).await;
        }
        assert!(world.manifests(id).await == whole, "killed at step {step}");
        // What it left behind goes with the export.
        world.lake.exports.revoke(&bob(), id).await.expect("revoked");
        world.lake.housekeeping.remove_export(&bob_id(), id).await.expect("removed");
        assert_eq!(world.parts(id), [""; 0], "killed at step {step}");
    }
}

#[tokio::test]
async fn a_manifest_that_no_run_could_write_alone_is_put_together_from_what_each_wrote() {
    const COUNT: u64 = 10_400;
    let lake = Lake::new().await;
    let id = lake.package(1).await;
    for number in 0..COUNT {
        lake.put_dataset(&dataset(1, number, &format!("part-{number:05}.csv"))).await;
    }
    lake.fill(&[id]).await;
    let world = World::over(lake);
    let export = world.lake.checkout("grant").await;
    assert_eq!(world.finish(export, now(), Duration::ZERO).await, 23, "a run each page, one for the manifest, one for the index");
    let view = world.lake.exports.read(&bob(), export).await.expect("it is there");
    assert_eq!((view.export.written.entries, view.manifests.len()), (COUNT, 2));
    let file = &view.manifests[0].file;
    let object =
        ObjectVersion { address: ObjectAddress { bucket: BUCKET.to_owned(), key: file.key.clone() }, version: file.version.clone() };
    let bytes: Vec<_> = world.lake.objects.get(&object, None).await.expect("there").bytes.try_collect().await.expect("read");
    let text = String::from_utf8(bytes.concat()).expect("text");
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((file.key.ends_with(".jsonl"), lines.len() as u64), (true, COUNT + 1));
    let names = (0..COUNT).map(|number| format!("part-{number:05}.csv"));
    assert!(lines[1..].iter().map(|line| line["name"].as_str().unwrap_or_default()).eq(names));
    let digest: String = lines[1..]
        .iter()
        .map(|line| format!("{}\t{}\n", line["name"].as_str().expect("a name"), line["sha256"].as_str().expect("a hash")))
        .collect();
    assert_eq!(lines[0]["sha256"].as_str(), Some(testkit::objects::sha256_hex(digest.as_bytes()).as_str()));
    for number in [0, 499, 500, 10_399_usize] {
        let link = lines[1 + number]["grant"].as_str().expect("a link");
        let (token, entry) = link.strip_prefix(&format!("{LINKS}/cart/grants/")).and_then(|rest| rest.split_once('/')).expect("a link");
        assert_eq!(entry, number.to_string());
        let request = world.lake.exports.follow_grant(token, number as u64, None, &bob().origin).await.expect("followed");
        assert!(secrecy::ExposeSecret::expose_secret(&request.url).contains(lines[1 + number]["dataset_id"].as_str().expect("an id")));
    }
}

#[tokio::test]
async fn what_was_written_so_far_shows_and_an_export_that_goes_on_is_not_stuck() {
    let world = World::new().await;
    let id = world.checkout("bucket-key").await;
    let deadline = Deadline::at(now());
    let first = world.manifests.generate_until(&bob_id(), id, deadline).await.expect("cut");
    assert!(first.is_some());
    world.lake.clock.set(now().plus(RUN));
    assert!(world.manifests.generate_until(&bob_id(), id, deadline).await.expect("cut").is_some());
    let export = world.lake.export(id).await;
    assert_eq!((export.state, export.written.entries, export.updated_at), (ExportState::Running, 3, now().plus(RUN)));
    let due = world.lake.tables.rows(Table::Cart).into_iter().find(|row| row["item"].as_str() == Some(&format!("export#{id}")));
    let due: Timestamp = due.and_then(|row| row["due_at"].as_str()?.parse().ok()).expect("it is due");
    assert_eq!(due.since(now().plus(RUN)), Duration::from_secs(6 * HOUR));
}

#[tokio::test]
async fn a_run_that_is_overtaken_changes_nothing_and_is_not_gone_on_with() {
    let world = World::new().await;
    let id = world.checkout("grant").await;
    let meanwhile = {
        let (lake, manifests) = (Arc::clone(&world.lake), world.manifests.clone());
        async move {
            manifests.generate(&bob_id(), id).await.expect("written");
            assert_eq!(lake.export(id).await.state, ExportState::Ready);
        }
    };
    // This one is cut after its first page, and before it can keep how far it came the other one does everything.
    let slow = Manifests::new(world.lake.core.clone(), Meddling::new(Arc::clone(&world.lake.objects), meanwhile), BUCKET, LINKS);
    let rest = slow.generate_until(&bob_id(), id, Deadline::at(now())).await.expect("its work is not wanted any more");
    assert_eq!(rest, None);
    let view = world.lake.exports.read(&bob(), id).await.expect("it is there");
    assert_eq!((view.export.state, view.export.written.entries), (ExportState::Ready, 523));
    world
        .follow(&[String::from_utf8(world.lake.objects.fetch(&view.manifests[1].request).await.expect("there").to_vec()).expect("text")])
        .await;
}

#[tokio::test]
async fn an_export_taken_back_between_two_runs_leaves_nothing() {
    let world = World::new().await;
    let id = world.checkout("grant").await;
    for _ in 0..3 {
        world.manifests.generate_until(&bob_id(), id, Deadline::at(now())).await.expect("cut").expect("more to do");
    }
    world.lake.exports.revoke(&bob(), id).await.expect("revoked");
    assert_eq!(world.manifests.generate_until(&bob_id(), id, Deadline::NONE).await.expect("nothing to do"), None);
    world.lake.housekeeping.remove_export(&bob_id(), id).await.expect("removed");
    assert!(world.lake.objects.keys(BUCKET).iter().all(|key| key.starts_with("packages/")));
    assert_eq!(world.lake.rows_of_export_parts(), 0);
}

#[tokio::test]
async fn a_package_hidden_between_two_runs_is_left_out_with_its_entries() {
    let world = World::new().await;
    let id = world.checkout("grant").await;
    let cut = async |runs: usize| {
        for _ in 0..runs {
            world.manifests.generate_until(&bob_id(), id, Deadline::at(now())).await.expect("cut").expect("more to do");
        }
    };
    // The first package is done, and one page of the second is listed.
    cut(3).await;
    world.lake.hide(2).await;
    world.finish(id, now(), RUN).await;
    let view = world.lake.exports.read(&bob(), id).await.expect("it is there");
    assert_eq!((view.export.state, view.export.written.entries, view.export.skipped_count), (ExportState::Ready, 4, 2));
    let mut texts = Vec::new();
    for manifest in &view.manifests {
        texts.push(String::from_utf8(world.lake.objects.fetch(&manifest.request).await.expect("fetched").to_vec()).expect("text"));
    }
    world.follow(&texts).await;
    assert!(texts.iter().all(|text| !text.contains("part-0")));
}

#[tokio::test]
async fn urls_that_are_half_over_are_signed_anew_once_and_then_it_fails() {
    let world = World::new().await;
    let export = world.lake.checked_out(&Checkout { format: "signed-url".to_owned(), expires_in: Some(HOUR), ..Checkout::default() }).await;
    let minutes = |minutes: u64| now().plus(Duration::from_secs(60 * minutes));
    let cut = async |time: Timestamp| {
        world.lake.clock.set(time);
        world.manifests.generate_until(&bob_id(), export.id, Deadline::at(time)).await.expect("no failure")
    };
    // One that goes on soon keeps what it signed; one that lay in the queue for long begins anew.
    for time in [minutes(0), minutes(29), minutes(31)] {
        assert!(cut(time).await.is_some());
        assert_eq!(world.lake.export(export.id).await.state, ExportState::Running);
    }
    assert_eq!(cut(minutes(62)).await, None);
    let failed = world.lake.export(export.id).await;
    assert_eq!(failed.state, ExportState::Failed);
    assert!(failed.failure.as_deref().unwrap_or_default().contains("would soon have ended"), "{:?}", failed.failure);

    // Tried again by hand, it is written from the start.
    world.lake.exports.retry(&bob(), export.id).await.expect("accepted");
    world.finish(export.id, minutes(62), RUN).await;
    let ready = world.lake.export(export.id).await;
    assert_eq!((ready.state, ready.expires_at), (ExportState::Ready, Some(minutes(122))));
}

#[tokio::test]
async fn all_urls_of_an_export_end_when_it_says_although_they_were_signed_in_several_runs() {
    let world = World::new().await;
    let id = world.checkout("signed-url").await;
    for minutes in 0..12 {
        world.lake.clock.set(now().plus(Duration::from_secs(60 * minutes)));
        let deadline = Deadline::at(world.lake.clock.now());
        if world.manifests.generate_until(&bob_id(), id, deadline).await.expect("no failure").is_none() {
            break;
        }
    }
    let end = now().plus(Duration::from_secs(HOUR));
    let view = world.lake.exports.read(&bob(), id).await.expect("it is there");
    assert_eq!((view.export.state, view.export.expires_at), (ExportState::Ready, Some(end)));
    let manifest = world.lake.objects.fetch(&view.manifests[1].request).await.expect("fetched");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    let entries = manifest["entries"].as_array().expect("a list");
    let works = async |entry: &serde_json::Value| {
        let url = entry["url"].as_str().expect("a URL").to_owned();
        let request = domain::ports::SignedRequest { method: "GET", url: url.into(), headers: [].into(), expires_at: end };
        world.lake.objects.fetch(&request).await.is_ok()
    };
    let first_package = world.lake.objects.fetch(&view.manifests[0].request).await.expect("fetched");
    let first_package: serde_json::Value = serde_json::from_slice(&first_package).expect("JSON");
    let first = &first_package["entries"][0];
    assert!(entries.len() > 500);
    world.lake.clock.set(end.minus(Duration::from_millis(1)));
    assert!(works(first).await);
    world.lake.clock.set(end);
    assert!(!works(first).await);
}

#[tokio::test]
async fn an_export_ends_with_the_sessions_that_signed_it() {
    let world = World::new().await;
    let end = now().plus(Duration::from_secs(1_234));
    world.lake.objects.end_sessions_at(end);
    let id = world.checkout("signed-url").await;
    world.finish(id, now(), RUN).await;
    let view = world.lake.exports.read(&bob(), id).await.expect("it is there");
    assert_eq!((view.export.expires_at, view.export.expires_in), (Some(end), HOUR), "the true end, not the one asked for");
    for manifest in &view.manifests {
        let text = world.lake.objects.fetch(&manifest.request).await.expect("fetched");
        let manifest: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        let entries = manifest["entries"].as_array().is_some_and(|entries| !entries.is_empty());
        let told = manifest["expires_at"].as_str().expect("an end");
        assert!(told == end.to_string() || !entries, "{told}");
        assert!(manifest["expires_at"].as_str() <= Some(&end.to_string()) || !entries);
    }
    world.lake.clock.set(end);
    assert_eq!(world.lake.export(id).await.state, ExportState::Revoked, "from that moment on");
}
