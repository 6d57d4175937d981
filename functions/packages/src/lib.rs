//! Routes below `/packages`: one file per operation, named as the operation's path is.

mod change;
mod create;
mod datapackage;
mod datasets;
mod delete;
mod governance;
mod history;
mod imports;
mod list;
mod metadata;
mod owner;
mod read;
mod restore;
mod wire;

use std::sync::Arc;

use app::{Core, datasets::Datasets, governance::Governance, imports::Imports, metadata::Metadata, packages::Packages};
use domain::ports::{Cipher, Clock, Ids, Jobs, Multipart, Objects, Tables};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The ports that this function uses; its policy in the cloud has the same list.
pub struct Deps {
    /// Packages, metadata, datasets; cart for idempotency rows; settings to read.
    pub tables: Arc<dyn Tables>,
    /// The audit queue.
    pub jobs: Arc<dyn Jobs>,
    /// For the cursors' key.
    pub cipher: Arc<dyn Cipher>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn Ids>,
    /// The data bucket.
    pub objects: Arc<dyn Objects>,
    /// Uploads in parts into it.
    pub multipart: Arc<dyn Multipart>,
    /// Its name.
    pub bucket: String,
}

/// Shared, for each request takes a copy.
type App = Arc<UseCases>;

struct UseCases {
    packages: Packages,
    governance: Governance,
    metadata: Metadata,
    datasets: Datasets,
    imports: Imports,
}

/// The router of this prefix.
pub fn router(deps: Deps) -> OpenApiRouter {
    let Deps { tables, jobs, cipher, clock, ids, objects, multipart, bucket } = deps;
    let core = Core::new(tables, jobs, cipher, clock, ids);
    let app = UseCases {
        packages: Packages::new(core.clone(), Arc::clone(&objects), bucket.clone()),
        governance: Governance::new(core.clone()),
        metadata: Metadata::new(core.clone()),
        datasets: Datasets::new(core.clone(), Arc::clone(&objects), multipart, bucket.clone()),
        imports: Imports::new(core, objects, bucket),
    };
    OpenApiRouter::new()
        .routes(routes!(list::list_packages, create::create_package))
        .routes(routes!(governance::read_governance))
        .routes(routes!(read::read_package, change::change_package, delete::delete_package))
        .routes(routes!(restore::restore_package))
        .routes(routes!(owner::transfer_package))
        .routes(routes!(datapackage::read_datapackage))
        .routes(routes!(history::list_history))
        .routes(routes!(metadata::read::read_metadata, metadata::replace::replace_metadata, metadata::merge::merge_metadata))
        .routes(routes!(metadata::versions::list_metadata_versions))
        .routes(routes!(metadata::versions::read_metadata_version))
        .routes(routes!(datasets::list::list_datasets, datasets::register::register_datasets))
        .routes(routes!(datasets::complete::complete_datasets))
        .routes(routes!(datasets::read::read_dataset, datasets::remove::remove_dataset))
        .routes(routes!(datasets::restore::restore_dataset))
        .routes(routes!(datasets::parts::sign_parts, datasets::parts::list_parts))
        .routes(routes!(datasets::complete::complete_dataset))
        .routes(routes!(datasets::download::download_dataset))
        .routes(routes!(imports::list::list_imports, imports::start::start_import))
        .routes(routes!(imports::read::read_import))
        .routes(routes!(imports::failures::list_import_failures))
        .with_state(Arc::new(app))
}
