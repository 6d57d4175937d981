//! Chains audit records into the audit log.
