//! tantivy, which serves one machine, and OpenSearch, which serves an account, answer alike.

use aws::opensearch::{OpenSearchConfig, OpenSearchIndex, Signing};
use datalake_tests_parity::{Answers, Corpus, Home, caller, corpus, differences, list};
use embedded::search::TantivyIndex;
use test_servers::{OPENSEARCH_VERSIONS, opensearch};

/// Both homes over one corpus, and the folder that one of them needs.
struct Homes {
    machine: Home,
    account: Home,
    corpus: Corpus,
    _folder: tempfile::TempDir,
}

impl Homes {
    async fn new(version: &str, name: &str) -> Self {
        let corpus = corpus();
        let folder = tempfile::tempdir().expect("a folder");
        let tantivy = TantivyIndex::open(folder.path()).expect("an index");
        let config = OpenSearchConfig { endpoint: opensearch(version).url(), prefix: name.to_owned(), signing: Signing::None };
        let cluster = OpenSearchIndex::new(config).expect("a good configuration");
        let (machine, account) = tokio::join!(Home::with(tantivy, &corpus), Home::with(cluster, &corpus));
        Self { machine, account, corpus, _folder: folder }
    }
}

fn left_out() -> bool {
    test_servers::left_out("OpenSearch")
}

async fn queries_are_answered_alike(version: &str) {
    let homes = Homes::new(version, "queries").await;
    let mut wrong = Vec::new();
    for asked in list().queries {
        let caller = caller(&asked.caller);
        let machine = Answers::of(homes.machine.pages(&caller, &asked.asked(), asked.limit).await);
        let account = Answers::of(homes.account.pages(&caller, &asked.asked(), asked.limit).await);
        let mut found = differences(&machine, &account, asked.by_relevance());
        if machine.total() != asked.total {
            found.push(format!("{} packages, {} in the list", machine.total(), asked.total));
        }
        if !found.is_empty() {
            wrong.push(format!("{asked:?}:\n  {}", found.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{} queries:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_query_finds_counts_orders_and_highlights_the_same() {
    if !left_out() {
        queries_are_answered_alike(OPENSEARCH_VERSIONS[0]).await;
    }
}

#[tokio::test]
async fn every_query_is_answered_alike_by_the_version_before_too() {
    if !left_out() && !test_servers::only_long("the version before") {
        queries_are_answered_alike(OPENSEARCH_VERSIONS[1]).await;
    }
}

#[tokio::test]
async fn the_same_completions_are_suggested_in_the_same_order() {
    if left_out() {
        return;
    }
    let homes = Homes::new(OPENSEARCH_VERSIONS[0], "suggestions").await;
    let mut wrong = Vec::new();
    for begun in list().suggestions {
        let caller = caller(&begun.caller);
        let machine = homes.machine.search.suggest(&caller, &begun.text).await.expect("an answer");
        let account = homes.account.search.suggest(&caller, &begun.text).await.expect("an answer");
        if machine != account || machine.first() != begun.first.as_ref() {
            wrong.push(format!("{begun:?}: {machine:?} and {account:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_dashboard_counts_the_same() {
    if left_out() {
        return;
    }
    let homes = Homes::new(OPENSEARCH_VERSIONS[0], "statistics").await;
    let mut visible = Vec::new();
    for name in list().statistics {
        let machine = homes.machine.search.stats(&caller(&name)).await.expect("an answer");
        let account = homes.account.search.stats(&caller(&name)).await.expect("an answer");
        assert_eq!(machine, account, "{name}");
        visible.push(machine.visible);
    }
    let all = u64::try_from(homes.corpus.documents.len()).expect("a number");
    assert!(visible.contains(&all) && visible.iter().any(|count| (1..all).contains(count)), "{visible:?}");
}

#[test]
fn the_corpus_and_the_list_are_as_rich_as_they_should_be() {
    let (corpus, list) = (corpus(), list());
    assert!(corpus.documents.len() >= 200 && corpus.removed.len() >= 10, "{} documents", corpus.documents.len());
    assert_eq!(list.queries.len(), 150);
    let finding = list.queries.iter().filter(|asked| asked.total > 0).count();
    assert!(finding >= 130, "only {finding} queries find anything");
    let callers: std::collections::BTreeSet<&str> = list.queries.iter().map(|asked| asked.caller.as_str()).collect();
    assert!(callers.len() >= 6, "{callers:?}");
    for sort in ["relevance", "changed", "created", "name", "bytes"] {
        assert!(list.queries.iter().any(|asked| asked.sort.as_deref() == Some(sort)), "nobody sorts by {sort}");
    }
}
