//! What only a home can show whose backends fail on demand.

use std::sync::Arc;

use datalake_tests_api::{Memory, World};
use domain::PortErrorKind;
use serde_json::json;
use testkit::builders::member;
use web::operations::{ALWAYS, OPERATIONS};

use crate::{errors::call, known::Known};

async fn known_in_memory() -> (Known, Arc<Memory>) {
    let (world, memory) = World::in_memory();
    (Known::in_world(world).await, memory)
}

#[tokio::test]
async fn backends_that_are_busy_or_away() {
    let shared = known_in_memory().await;
    for operation in OPERATIONS.iter().filter(|operation| ALWAYS.iter().all(|status| operation.errors().contains(status))) {
        for (kind, status) in [(PortErrorKind::RateLimited, 429), (PortErrorKind::Unavailable, 503)] {
            // The lists of groups needs no backend but for its cursor, and keeps what it needs for that.
            let fresh = if operation.id == "list_profile_groups" { Some(known_in_memory().await) } else { None };
            let (known, memory) = fresh.as_ref().unwrap_or(&shared);
            let query = match operation.id {
                "list_profile_groups" => "?limit=1",
                "suggest" => "?q=fli",
                _ => "",
            };
            let path = known.path(operation) + query;
            let of_index = operation.tag == "search" && !operation.id.ends_with("_reindex");
            if of_index {
                memory.index().faults.fail_next(kind);
            } else {
                memory.tables().fail("tables", kind, 1);
            }
            let answer = call(known, operation, path).send().await;
            answer.is(operation.id, status, "");
            assert_eq!(answer.header("retry-after"), "2", "{}", operation.id);
        }
    }
}

#[tokio::test]
async fn a_retry_after_a_lost_answer_does_not_double() {
    let (world, memory) = World::in_memory();
    let ann = member("ann");
    memory.tables().lose_answers("tables.transact", 1);
    let lost = world.post("/packages").by(&ann).header("idempotency-key", "lost").json(&json!({ "name": "Trains" })).send().await;
    assert_eq!(lost.status, 503);
    let again = world.post("/packages").by(&ann).header("idempotency-key", "lost").json(&json!({ "name": "Trains" })).send().await;
    assert_eq!(again.status, 201);
    assert_eq!(world.get("/packages").by(&ann).send().await.items().len(), 1, "one package a key");
}
