//! The JSON contract. Each test calls the real router and holds the answer against a snapshot that a reader can learn from.

mod cart;
mod clock;
mod conflicts;
mod datasets;
mod errors;
mod exports;
mod faults;
mod grants;
mod health;
mod imports;
mod known;
mod metadata;
mod packages;
mod paging;
mod profile;
mod regressions;
mod search;
