//! What follows from changes: workers that handle entries at least once, in any order.

pub mod chain_heads;
pub mod changes;
pub mod housekeeping;
pub mod importing;
pub mod indexing;
pub mod logging;
pub mod manifest;
pub mod reindexing;
