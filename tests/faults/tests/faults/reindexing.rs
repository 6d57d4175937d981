//! A rebuild of the index that is killed behind any change goes on with the next job, and ends with everything in one index.

use std::{sync::Arc, time::Duration};

use app::workers::reindexing::Reindexing;
use aws::events;
use datalake_tests_faults::Counted;
use domain::{
    Deadline,
    job::Job,
    ports::Handler,
    reindex::{Reindex, ReindexState},
};
use testkit::{MemoryJobs, builders::package};

use crate::{
    account::Deployment,
    events::{event, queued},
    kill::at_every,
    left_out,
};

/// More jobs than a rebuild of so few packages takes, even if its index is begun again.
const JOBS: u32 = 10;
/// So long a killed run holds a rebuild.
const HELD: Duration = Duration::from_secs(16 * 60);

impl Deployment {
    /// As whoever administers the deployment has it, beside the proxy.
    fn reindexing(&self) -> Reindexing {
        Reindexing::new(self.real_tables(), self.real_index(), Arc::new(MemoryJobs::default()), self.clock.clone())
    }

    /// Hands the job of the rebuild over until it has ended.
    async fn rebuilt(&self, worker: &impl Handler<Job>) -> Reindex {
        for _ in 0..JOBS {
            events::jobs(event(&queued(&[Job::Reindex])), worker, Deadline::NONE).await.expect("an event");
            let last = self.reindexing().last().await.expect("read").expect("one was begun");
            if last.state != ReindexState::Running {
                return last;
            }
        }
        panic!("a rebuild does not come to its end");
    }
}

#[tokio::test]
async fn a_rebuild_that_is_killed_behind_any_change_ends_with_everything_in_one_index() {
    if left_out() || test_servers::only_long("killing a rebuild behind each of its changes") {
        return;
    }
    let deployment = Deployment::with_search().await;
    let mut packages = Vec::new();
    at_every(Counted::Changes, 8, async |place| {
        let number = packages.len() as u64 + 1;
        let made = package(number, "ann");
        deployment.put(&made, number).await;
        packages.push(made.id);
        deployment.reindexing().begin().await.expect("begun");
        let (first, second) = (deployment.indexer(), deployment.indexer());
        let done = place.reached_by(&deployment, deployment.rebuilt(&first)).await;
        deployment.clock.advance(HELD);
        let built = deployment.rebuilt(&second).await;
        assert_eq!((built.state, built.done, built.failed), (ReindexState::Done, number, 0), "{place:?}: {built:?}");
        for id in &packages {
            deployment.assert_indexed(*id, &format!("{place:?}")).await;
        }
        done.is_some()
    })
    .await;
}
