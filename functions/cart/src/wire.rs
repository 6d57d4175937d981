//! Entities as the wire shows them.

use app::{
    cart::CartEntry,
    exports::{ExportView, ManifestUrl},
};
use contract::cart as wire;
use domain::cart::{Export, Skipped, Totals};
use secrecy::ExposeSecret as _;

pub(crate) fn item(entry: &CartEntry) -> wire::CartItem {
    wire::CartItem {
        id: entry.item.id.to_string(),
        package_id: entry.item.package_id.to_string(),
        visible: entry.visible(),
        package: entry.package.as_ref().map(|package| wire::CartPackage {
            name: package.name.to_string(),
            datasets: package.datasets,
            bytes: package.bytes,
        }),
        added_at: entry.item.added_at.to_string(),
    }
}

pub(crate) fn export(export: &Export) -> wire::Export {
    wire::Export {
        id: export.id.to_string(),
        format: export.format.name().to_owned(),
        state: export.state.name().to_owned(),
        failure: export.failure.clone(),
        packages: export.packages.iter().map(|(_, package)| package.to_string()).collect(),
        paths: export.paths.clone(),
        expected: totals(export.expected),
        written: totals(export.written),
        skipped: export.skipped.iter().map(skipped).collect(),
        skipped_count: export.skipped_count,
        followed: export.followed,
        expires_at: export.expires_at.map(|time| time.to_string()),
        manifests: Vec::new(),
        created_at: export.created_at.to_string(),
        updated_at: export.updated_at.to_string(),
    }
}

pub(crate) fn export_view(view: &ExportView) -> wire::Export {
    wire::Export { manifests: view.manifests.iter().map(manifest).collect(), ..export(&view.export) }
}

fn manifest(link: &ManifestUrl) -> wire::ManifestLink {
    wire::ManifestLink {
        package_id: link.file.package_id.map(|id| id.to_string()),
        url: link.request.url.expose_secret().to_owned(),
        expires_at: link.request.expires_at.to_string(),
        sha256: link.file.sha256.clone(),
        totals: totals(link.file.totals),
    }
}

fn totals(totals: Totals) -> wire::Totals {
    wire::Totals { entries: totals.entries, bytes: totals.bytes }
}

fn skipped(skipped: &Skipped) -> wire::Skipped {
    wire::Skipped {
        package_id: skipped.package_id.to_string(),
        dataset_id: skipped.dataset_id.map(|id| id.to_string()),
        reason: skipped.reason.clone(),
    }
}
