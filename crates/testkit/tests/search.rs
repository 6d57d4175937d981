//! The referee keeps the contract itself.

use std::sync::Arc;

use datalake_testkit::{MemorySearch, Subject, search::RebuildableIndex};

async fn index() -> Subject<dyn RebuildableIndex> {
    Subject::new(Arc::new(MemorySearch::default()), ())
}

datalake_testkit::search_suite!(index);
