//! Chains audit records into the audit log.

use std::sync::Arc;

use app::workers::logging::Logging;
use domain::{
    job::Job,
    ports::{AuditLog, Handler, Tables},
};

/// The ports that this function uses; its policy in the cloud has the same list.
pub struct Deps {
    /// Heads of chains, histories of packages.
    pub tables: Arc<dyn Tables>,
    /// The log.
    pub audit_log: Arc<dyn AuditLog>,
}

/// The worker for jobs of the kind `audit`.
pub fn handler(deps: Deps) -> impl Handler<Job> + Clone + 'static {
    Logging::new(deps.tables, deps.audit_log)
}
