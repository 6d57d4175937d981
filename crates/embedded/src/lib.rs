//! Adapters for one machine, one module per technology.
