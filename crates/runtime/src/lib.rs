//! Configuration from the environment, tracing, and the loops that feed the workers.
