//! Jobs: work that follows from a change.

use serde::{Deserialize, Serialize};

use crate::{
    audit::AuditRecord,
    change::Change,
    id::{ExportId, ImportId, PackageId, UserId},
    ports::{PageKey, Table},
};

/// Which worker does it; on AWS each kind has its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    /// Audit records for the logging worker.
    Audit,
    /// Hints for the indexer, and rebuilds of the index.
    Search,
    /// Exports and imports.
    Manifest,
    /// Deletions and what is due.
    Housekeeping,
}

impl JobKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Audit, Self::Search, Self::Manifest, Self::Housekeeping];

    /// The kind's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Search => "search",
            Self::Manifest => "manifest",
            Self::Housekeeping => "housekeeping",
        }
    }
}

/// One job. Doing it twice has the effect of doing it once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// Chain this record into the audit log.
    Audit {
        /// The record.
        record: AuditRecord,
    },
    /// The package's document may be out of date.
    Index {
        /// Which package.
        package_id: PackageId,
    },
    /// Go on with building the index anew, from where it is.
    Reindex,
    /// Write an export's manifests.
    Export {
        /// Whose.
        user_id: UserId,
        /// Which.
        export_id: ExportId,
    },
    /// Take an export's manifests away.
    RemoveExport {
        /// Whose.
        user_id: UserId,
        /// Which.
        export_id: ExportId,
    },
    /// Read an import's manifest, from where it is.
    Import {
        /// Into which package.
        package_id: PackageId,
        /// Which.
        import_id: ImportId,
    },
    /// A package was deleted: drop its pending uploads.
    PackageDeleted {
        /// Which.
        package_id: PackageId,
    },
    /// Look at everything that is due.
    Sweep,
    /// Go on with looking at what is due, from there on.
    SweepFrom {
        /// Where.
        place: DuePlace,
    },
    /// A change that can't be told to anybody. No worker does it: it becomes a dead letter, where people see it.
    Untold {
        /// The change; without the row before, or without both rows, if a queue does not take as much.
        change: Change,
    },
}

/// A place in the order in which housekeeping looks at what is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DuePlace {
    /// The table.
    pub table: Table,
    /// The shard of its index.
    pub shard: String,
    /// Behind this row; `None` for the shard's beginning.
    pub after: Option<PageKey>,
}

impl Job {
    /// Which worker does it.
    #[must_use]
    pub const fn kind(&self) -> JobKind {
        match self {
            Self::Audit { .. } => JobKind::Audit,
            Self::Index { .. } | Self::Reindex => JobKind::Search,
            Self::Export { .. } | Self::Import { .. } => JobKind::Manifest,
            Self::RemoveExport { .. } | Self::PackageDeleted { .. } | Self::Sweep | Self::SweepFrom { .. } | Self::Untold { .. } => {
                JobKind::Housekeeping
            }
        }
    }

    /// Jobs of one group are delivered in order (only audit jobs have one: the chain).
    #[must_use]
    pub fn group(&self) -> Option<String> {
        match self {
            Self::Audit { record } => Some(crate::audit::chain_of(&record.resource).to_string()),
            _ => None,
        }
    }
}
