//! Indexes of their own for each check, in the one cluster.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use datalake_aws::opensearch::{OpenSearchConfig, OpenSearchIndex, Signing};
use domain::{
    PackageId, Timestamp,
    ports::SearchRebuild,
    search::{QueryNode, SearchDocument, SearchRequest, Sort, TermField, TextField, VisibilityFilter},
};
use opensearch::http::{Method, headers::HeaderMap, transport::Transport};
use serde_json::Value;
use testkit::{Subject, builders::package_id, search::RebuildableIndex};

/// A prefix that no other check has.
pub(crate) fn prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("check{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The adapter over a cluster; several of one prefix are as several processes.
pub(crate) fn index_at(endpoint: &str, prefix: &str) -> OpenSearchIndex {
    let config = OpenSearchConfig { endpoint: endpoint.to_owned(), prefix: prefix.to_owned(), signing: Signing::None };
    OpenSearchIndex::new(config).expect("a good configuration")
}

pub(crate) fn subject(version: &str) -> Subject<dyn RebuildableIndex> {
    Subject::new(Arc::new(index_at(&test_servers::opensearch(version).url(), &prefix())), ())
}

/// Where the newest version answers.
pub(crate) fn newest() -> String {
    test_servers::opensearch(test_servers::OPENSEARCH_VERSIONS[0]).url()
}

/// What the cluster says by itself.
pub(crate) async fn told(method: Method, path: &str) -> Value {
    let transport = Transport::single_node(&newest()).expect("an address");
    let answer = transport.send(method, path, HeaderMap::new(), None::<&()>, None::<()>, None).await.expect("an answer");
    answer.json().await.expect("JSON")
}

/// Names of the indexes that begin with this, with the aliases that lead to each.
pub(crate) async fn indexes(prefix: &str) -> Vec<(String, Vec<String>)> {
    let all = told(Method::Get, &format!("{prefix}*/_alias")).await;
    let aliases = |told: &Value| told["aliases"].as_object().expect("aliases").keys().cloned().collect();
    all.as_object().expect("indexes").iter().map(|(index, told)| (index.clone(), aliases(told))).collect()
}

/// A document whose text is its name, visible to everyone.
pub(crate) fn document(number: u64, sequence: u64, name: &str) -> SearchDocument {
    let time = Timestamp::from_millis(1_600_000_000_000).expect("in range");
    SearchDocument {
        package_id: package_id(number),
        sequence,
        name: name.to_owned(),
        description: String::new(),
        tags: [].into(),
        owner: "ann".to_owned(),
        visibility: "everyone".to_owned(),
        text: [(TextField::All, name.to_owned()), (TextField::Name, name.to_owned())].into(),
        spelled: [(TextField::All, name.to_owned())].into(),
        terms: [(TermField::Access, vec!["everyone".to_owned()])].into(),
        numbers: [].into(),
        words: vec![name.to_owned()],
        formats: [].into(),
        datasets: 0,
        bytes: 0,
        created_at: time,
        updated_at: time,
        truncated: false,
    }
}

/// All that this finds for somebody who sees everything.
pub(crate) fn everything_that(query: QueryNode) -> SearchRequest {
    let visibility = VisibilityFilter { any_of: None, packages: None };
    SearchRequest { query, visibility, sort: Sort::Relevance, facets: Vec::new(), after: None, limit: 100 }
}

/// Waits until the live index holds exactly these packages.
pub(crate) async fn holds(index: &OpenSearchIndex, numbers: &[u64]) {
    let wanted: Vec<PackageId> = numbers.iter().map(|number| package_id(*number)).collect();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let found = index.ids(None, 1_000).await.expect("ids");
        if found == wanted {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "found {found:?}, wanted {wanted:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
