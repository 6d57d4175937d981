//! The feed's workers: at least once, in any order, and each action once.

mod chain_heads;
mod changes;
mod indexing;
mod logging;
mod reindexing;
mod support;
