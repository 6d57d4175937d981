//! What a deployment calls its tables.

use std::collections::BTreeMap;

use domain::ports::Table;

/// The names that a deployment gave its tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableNames(BTreeMap<Table, String>);

impl TableNames {
    /// `{prefix}-{table}` for every table; the default prefix is `data-lake`.
    #[must_use]
    pub fn with_prefix(prefix: &str) -> Self {
        Self(Table::ALL.into_iter().map(|table| (table, format!("{prefix}-{}", table.name()))).collect())
    }

    /// The table of this name, if it is one of the deployment's.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<Table> {
        self.0.iter().find(|(_, given)| *given == name).map(|(table, _)| *table)
    }

    /// The name of one table.
    #[must_use]
    pub fn of(&self, table: Table) -> &str {
        self.0.get(&table).map_or(table.name(), String::as_str)
    }

    /// Gives one table another name.
    #[must_use]
    pub fn named(mut self, table: Table, name: impl Into<String>) -> Self {
        self.0.insert(table, name.into());
        self
    }
}

impl Default for TableNames {
    fn default() -> Self {
        Self::with_prefix("data-lake")
    }
}
