//! Entities as the wire shows them.

use app::{
    datasets::Member,
    metadata::{TagsEdit, VersionChange},
    packages::PackageView,
    store::DatasetSummary,
};
use contract::{datasets as wire, imports, metadata, packages};
use domain::{
    DatasetId,
    access::Action,
    audit::{AuditOutcome, AuditRecord},
    dataset::{Dataset, Verified},
    import::{Import, ImportFailure},
    metadata::MetadataVersion,
    package::Package,
};

pub(crate) fn package(package: &Package, actions: &[Action]) -> packages::Package {
    packages::Package {
        id: package.id.to_string(),
        name: package.name.to_string(),
        description: package.description.to_string(),
        owner: package.owner.to_string(),
        visibility: package.visibility.name().to_owned(),
        groups: package.visibility.groups().iter().map(ToString::to_string).collect(),
        version: package.version,
        revision: package.revision,
        datasets: package.datasets,
        bytes: package.bytes,
        metadata: None,
        created_at: package.created_at.to_string(),
        updated_at: package.updated_at.to_string(),
        deleted_at: package.deleted_at.map(|time| time.to_string()),
        restorable_until: package.restorable_until().map(|time| time.to_string()),
        actions: actions.iter().map(ToString::to_string).collect(),
    }
}

pub(crate) fn package_view(view: &PackageView) -> packages::Package {
    packages::Package { metadata: Some(view.tags.to_map()), ..package(&view.package, &view.actions) }
}

pub(crate) fn metadata(version: &MetadataVersion) -> metadata::Metadata {
    metadata::Metadata {
        version: version.version,
        tags: version.tags.to_map(),
        created_by: version.created_by.to_string(),
        created_at: version.created_at.to_string(),
    }
}

pub(crate) fn version(change: &VersionChange) -> metadata::MetadataVersion {
    let VersionChange { version, before } = change;
    metadata::MetadataVersion {
        version: version.version,
        created_by: version.created_by.to_string(),
        created_at: version.created_at.to_string(),
        changes: metadata::TagChanges::between(&before.to_map(), &version.tags.to_map()),
    }
}

pub(crate) fn replacement(body: metadata::ReplaceMetadata) -> TagsEdit {
    TagsEdit::Replace(body.tags.into_iter().collect())
}

pub(crate) fn history(record: &AuditRecord) -> packages::HistoryEntry {
    packages::HistoryEntry {
        time: record.time.to_string(),
        action: record.action.to_string(),
        user_id: record.actor.user_id.as_ref().map(ToString::to_string),
        access_key_id: record.actor.access_key_id.as_ref().map(ToString::to_string),
        outcome: match record.outcome {
            AuditOutcome::Allow => "allow",
            AuditOutcome::Deny => "deny",
            AuditOutcome::Error => "error",
        }
        .to_owned(),
        changed: record.changed.clone(),
    }
}

pub(crate) fn dataset(dataset: &Dataset) -> wire::Dataset {
    wire::Dataset {
        id: dataset.id.to_string(),
        kind: dataset.kind.name().to_owned(),
        name: dataset.path.to_string(),
        content_type: dataset.content_type.clone(),
        size: dataset.size,
        sha256: dataset.sha256.clone(),
        verified: dataset.verified.map(verified),
        state: dataset.state.name().to_owned(),
        added_in: dataset.added_in,
        removed_in: dataset.removed_in,
        updated_at: dataset.updated_at.to_string(),
    }
}

pub(crate) fn summary(summary: &DatasetSummary) -> wire::Dataset {
    wire::Dataset {
        id: summary.id.to_string(),
        kind: summary.kind.name().to_owned(),
        name: summary.path.to_string(),
        content_type: summary.content_type.clone(),
        size: summary.size,
        sha256: summary.sha256.clone(),
        verified: summary.verified.map(verified),
        state: "available".to_owned(),
        added_in: None,
        removed_in: None,
        updated_at: summary.updated_at.to_string(),
    }
}

pub(crate) fn prefix_object(dataset_id: DatasetId, member: &Member) -> wire::PrefixObject {
    wire::PrefixObject {
        dataset_id: dataset_id.to_string(),
        name: member.name.to_string(),
        size: member.info.size,
        modified_at: member.info.modified.to_string(),
    }
}

pub(crate) fn import(import: &Import) -> imports::Import {
    imports::Import {
        id: import.id.to_string(),
        state: import.state.name().to_owned(),
        failure: import.failure.clone(),
        dataset_id: import.dataset_id.as_ref().map(ToString::to_string),
        read: import.counts.read,
        added: import.counts.added,
        skipped: import.counts.skipped,
        failed: import.counts.failed,
        created_by: import.created_by.to_string(),
        created_at: import.created_at.to_string(),
        updated_at: import.updated_at.to_string(),
    }
}

pub(crate) fn import_failure(failure: &ImportFailure) -> imports::ImportFailure {
    imports::ImportFailure {
        line: failure.line,
        code: failure.code.name().to_owned(),
        reason: failure.reason.clone(),
        entry: failure.entry.clone(),
    }
}

fn verified(verified: Verified) -> String {
    match verified {
        Verified::Store => "store",
        Verified::Parts => "parts",
        Verified::Background => "background",
        Verified::Declared => "declared",
    }
    .to_owned()
}
