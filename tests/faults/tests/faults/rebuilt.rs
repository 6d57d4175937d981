//! An index that is built anew, and the process that builds it is killed at any change it makes: searches find everything
//! meanwhile, and the next rebuild ends with one index.

use std::collections::BTreeMap;

use app::search::document::DocumentBuilder;
use aws::opensearch::OpenSearchIndex;
use datalake_tests_faults::Counted;
use domain::{
    PackageId, PortResult,
    metadata::Tags,
    package::Package,
    ports::{SearchIndex, SearchRebuild},
    search::{Indexed, SearchDocument},
};
use serde_json::Value;
use testkit::builders::{package, package_id};

use crate::{account::Deployment, kill::at_every, left_out};

/// The packages, one of which was deleted.
const PACKAGES: [u64; 5] = [1, 2, 3, 4, 5];
const DELETED: u64 = 6;

/// The documents as of a moment.
fn documents(sequence: u64) -> Vec<SearchDocument> {
    let document = |number| DocumentBuilder::new(&Package { sequence, ..package(number, "ann") }, &Tags::default()).finish();
    PACKAGES.map(document).to_vec()
}

async fn rebuild(index: &OpenSearchIndex, sequence: u64) -> PortResult<()> {
    index.begin().await?;
    // The deleted package's row was read before it went.
    let late = DocumentBuilder::new(&package(DELETED, "ann"), &Tags::default()).finish();
    let outcomes = SearchRebuild::upsert_many(index, &[documents(sequence), vec![late]].concat()).await?;
    assert!(outcomes[..PACKAGES.len()].iter().all(|outcome| *outcome != Indexed::Failed), "{outcomes:?}");
    index.swap().await
}

impl Deployment {
    async fn asked(&self, method: reqwest::Method, path: &str) -> Value {
        let url = format!("{}/{}-packages{path}", self.search.as_deref().expect("a search cluster"), self.prefix);
        let answer = reqwest::Client::new().request(method, url).send().await.expect("an answer");
        serde_json::from_str(&answer.text().await.expect("a text")).expect("JSON")
    }

    async fn indexes(&self) -> BTreeMap<String, Value> {
        serde_json::from_value(self.asked(reqwest::Method::GET, "-*/_alias").await).expect("indexes")
    }

    async fn found(&self) -> Vec<PackageId> {
        self.real_index().ids(None, 100).await.expect("searched")
    }
}

#[tokio::test]
async fn a_rebuild_that_is_cut_off_leaves_the_index_answering() {
    if left_out() {
        return;
    }
    let deployment = Deployment::with_search().await;
    let real = deployment.real_index();
    let mut sequence = 1;
    SearchIndex::upsert_many(&*real, &documents(sequence)).await.expect("written");
    real.remove_many(&[(package_id(DELETED), 7)]).await.expect("removed");
    deployment.asked(reqwest::Method::POST, "/_refresh").await;
    let expected = PACKAGES.map(package_id);
    assert_eq!(deployment.found().await, expected);
    at_every(Counted::Changes, 5, async |place| {
        sequence += 1;
        let done = place.reached_by(&deployment, rebuild(&deployment.index(), sequence)).await;
        assert_eq!(deployment.found().await, expected, "{place:?}: at once, and whole");
        // Somebody writes before the next rebuild: to whatever leads a search anywhere.
        sequence += 1;
        let written = SearchIndex::upsert_many(&*real, &documents(sequence)).await.expect("written");
        assert_eq!(written, [Indexed::Applied; PACKAGES.len()], "{place:?}");
        assert_eq!(deployment.found().await, expected, "{place:?}");
        rebuild(&deployment.index(), sequence).await.unwrap_or_else(|error| panic!("{place:?}: {error}"));
        assert_eq!(deployment.found().await, expected, "{place:?}");
        for id in expected {
            let held = deployment.asked(reqwest::Method::GET, &format!("/_doc/{id}")).await;
            assert_eq!(held["_version"], sequence, "{place:?}: {held}");
        }
        let indexes = deployment.indexes().await;
        let live = format!("{}-packages", deployment.prefix);
        let aliases: Vec<&String> = indexes.values().flat_map(|told| told["aliases"].as_object().expect("aliases").keys()).collect();
        assert_eq!((indexes.len(), aliases), (1, vec![&live]), "{place:?}");
        if let Some(done) = done {
            done.expect("rebuilt at once");
            return true;
        }
        false
    })
    .await;
}
