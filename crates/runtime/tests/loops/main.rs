//! The loops that feed the workers, with workers that fail on demand.

mod changes;
mod jobs;
mod support;
