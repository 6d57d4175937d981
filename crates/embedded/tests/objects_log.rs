//! Signed URLs are not logged by the object endpoint, whatever is logged.

#[path = "objects/support.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod support;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::ports::{ObjectAddress, ObjectVersion, Objects};
use secrecy::ExposeSecret;
use support::{BUCKET, start};
use testkit::memory_objects::{once, options_of};
use tracing_subscriber::{Layer, layer::Context, prelude::*};

/// Notes the target of everything that is logged.
#[derive(Clone, Default)]
struct Targets(Arc<Mutex<BTreeSet<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Targets {
    fn on_event(&self, event: &tracing::Event<'_>, _context: Context<'_, S>) {
        self.0.lock().expect("no panic").insert(event.metadata().target().to_owned());
    }

    fn on_new_span(&self, attributes: &tracing::span::Attributes<'_>, _id: &tracing::span::Id, _context: Context<'_, S>) {
        self.0.lock().expect("no panic").insert(attributes.metadata().target().to_owned());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_library_that_sees_signatures_logs_nothing() {
    let targets = Targets::default();
    tracing_subscriber::registry().with(targets.clone()).init();
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path()).await;
    let objects = running.objects();
    let address = ObjectAddress { bucket: BUCKET.to_owned(), key: "key".to_owned() };
    objects.put(&address, &options_of(b"content", "text/csv"), once("content")).await.expect("stored");
    let signed = objects.sign_get(&ObjectVersion { address, version: None }, "x.csv", Duration::from_secs(60)).await.expect("signed");
    let url = signed.url.expose_secret();
    for (url, expected) in [(url.to_owned(), 200), (format!("{url}0"), 400), (url.replace("/key", "/other"), 403)] {
        assert_eq!(reqwest::get(url).await.expect("an answer").status().as_u16(), expected);
    }
    let targets = targets.0.lock().expect("no panic");
    assert!(targets.iter().any(|target| target.starts_with("hyper")), "logging works: {targets:?}");
    assert!(!targets.iter().any(|target| target.starts_with("s3s")), "{targets:?}");
}
