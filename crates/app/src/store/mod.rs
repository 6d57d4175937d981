//! Typed repositories over the tables: rows, keys and conditions are designed here and nowhere else.

mod cart;
mod chain;
mod datasets;
mod due;
mod export_parts;
mod exports;
mod folders;
mod imports;
mod keys;
mod locations;
mod metadata;
mod packages;
mod reindex;
mod row;
mod settings;

use std::sync::Arc;

use domain::ports::Tables;

pub use cart::Added;
pub use chain::ChainHead;
pub(crate) use chain::StoredHead;
pub use datasets::DatasetSummary;
pub(crate) use datasets::still_in;
pub use due::DueRow;
pub(crate) use due::not_being_purged;
pub use exports::{Checkpoint, EntryRows, ExportRecord};
pub use folders::{FolderEntry, FolderPlace};
pub(crate) use imports::FailurePage;
pub use imports::ImportRecord;
pub use keys::{Person, StoredPrincipal};
pub use packages::PackageChange;
pub(crate) use reindex::{Place, ReindexRecord};
pub(crate) use row::{Due, item_of, row_of};

/// The repositories.
#[derive(Clone)]
pub struct Store {
    pub(crate) tables: Arc<dyn Tables>,
}

impl Store {
    /// Over the given tables.
    pub fn new(tables: Arc<dyn Tables>) -> Self {
        Self { tables }
    }
}
