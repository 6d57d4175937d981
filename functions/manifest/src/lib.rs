//! Builds export manifests.
