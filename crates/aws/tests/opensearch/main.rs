//! The contract of `SearchIndex` and `SearchRebuild`, held by OpenSearch itself in two versions, and what is OpenSearch's alone.

#![cfg(feature = "opensearch")]

mod indexes;
mod requests;
mod support;

/// On every push.
mod newest {
    testkit::search_suite!(index, unless = left_out);

    async fn index() -> testkit::Subject<dyn testkit::search::RebuildableIndex> {
        crate::support::subject(test_servers::OPENSEARCH_VERSIONS[0])
    }

    fn left_out() -> bool {
        test_servers::left_out("OpenSearch")
    }
}

/// In the long run.
mod before {
    testkit::search_suite!(index, unless = left_out);

    async fn index() -> testkit::Subject<dyn testkit::search::RebuildableIndex> {
        crate::support::subject(test_servers::OPENSEARCH_VERSIONS[1])
    }

    fn left_out() -> bool {
        test_servers::left_out("OpenSearch") || test_servers::only_long("the version before")
    }
}
