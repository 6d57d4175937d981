//! Configuration from the environment, tracing, and the loops that feed the workers.

pub mod configuration;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod system;
pub mod telemetry;
pub mod worker;
