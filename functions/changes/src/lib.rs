//! Turns the tables' change feed into audit records, index hints and jobs.

use std::sync::Arc;

use app::workers::changes::Changes;
use domain::{
    change::Change,
    ports::{Handler, Jobs},
};

/// The ports that this function uses; its policy in the cloud has the same list. The feed itself comes to it.
pub struct Deps {
    /// The queues of the other workers.
    pub jobs: Arc<dyn Jobs>,
}

/// The worker.
pub fn handler(deps: Deps) -> impl Handler<Change> + Clone + 'static {
    Changes::new(deps.jobs)
}
