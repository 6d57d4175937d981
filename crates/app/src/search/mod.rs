//! Search: analysis of text, the query language, documents for the index, highlights.
//!
//! Text is analysed here and nowhere else. An index stores and looks up the tokens it is given, so both homes find the same.

pub mod analysis;
pub mod document;
pub mod highlight;
pub mod query;

mod filter;
mod lexer;
mod lower;
mod value;

pub use filter::{FILTERS, parse_filters};
