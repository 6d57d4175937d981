//! The tests stand in `coverage.rs`.
