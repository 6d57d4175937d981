//! Search: analysis of text, the query language, documents for the index, highlights.
//!
//! Text is analysed here and nowhere else. An index stores and looks up the tokens it is given, so both homes find the same.

pub mod analysis;
pub mod document;
pub mod highlight;
pub mod query;

mod filter;
mod index_package;
mod lexer;
mod lower;
mod query_packages;
mod reindex;
mod stats;
mod suggest;
mod value;

pub use filter::{FILTERS, parse_filters};
pub use query_packages::{Found, FoundPackage, QueryPackages};

use std::sync::Arc;

use domain::ports::SearchIndex;

use crate::core::Core;

/// Use cases about finding packages.
#[derive(Clone)]
pub struct Search {
    core: Core,
    index: Arc<dyn SearchIndex>,
}

impl Search {
    /// Over the core and the index.
    pub fn new(core: Core, index: Arc<dyn SearchIndex>) -> Self {
        Self { core, index }
    }
}
