//! The JSON contract. Each test calls the real router and holds the answer against a snapshot that a reader can learn from.

mod packages;
