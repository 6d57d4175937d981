//! Where an export's files are, and how they go.

use domain::{
    ExportId, PortError, PortErrorKind, PortResult,
    id::UserId,
    ports::{ObjectAddress, ObjectVersion, Objects},
};

use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::store::Store;

/// So many calls to the store at a time.
const PARALLEL: usize = 16;
/// So many listings: each shows the versions below those that the last one removed.
const ROUNDS: usize = 1_000;

/// What the keys of an export's files begin with.
pub(super) fn folder(user_id: &UserId, id: ExportId) -> String {
    format!("exports/{user_id}/{id}/")
}

/// Removes the files of an export, of every attempt, and then the rows that name them. Doing it again is no error.
pub(crate) async fn remove_files(store: &Store, objects: &dyn Objects, bucket: &str, user_id: &UserId, id: ExportId) -> PortResult<()> {
    const OPERATION: &str = "exports.remove_files";
    let address = |key: String| ObjectAddress { bucket: bucket.to_owned(), key };
    // Versions that rows name are removed by name; a listing may know current versions only.
    if let Some(record) = store.export(user_id, id).await? {
        let files = store.manifests(&record).await?;
        let named: Vec<ObjectVersion> = files
            .into_iter()
            .filter(|file| file.version.is_some())
            .map(|file| ObjectVersion { address: address(file.key), version: file.version })
            .collect();
        remove(OPERATION, objects, &named).await?;
    }
    for _ in 0..ROUNDS {
        if !remove_listed(objects, bucket, &folder(user_id, id)).await? {
            return store.remove_export_parts(user_id, id).await;
        }
    }
    Err(PortError::new(PortErrorKind::Unexpected, OPERATION).with("export", id).with("rounds", ROUNDS))
}

/// Removes the objects that one page of a listing shows; `false` if it shows none.
pub(crate) async fn remove_listed(objects: &dyn Objects, bucket: &str, prefix: &str) -> PortResult<bool> {
    let listing = objects.list(bucket, prefix, None).await?;
    if listing.objects.is_empty() {
        return Ok(false);
    }
    let address = |key: String| ObjectAddress { bucket: bucket.to_owned(), key };
    let versions = listing.objects.into_iter().map(|object| ObjectVersion { address: address(object.key), version: object.version });
    let looking: Vec<_> = versions.map(|version| current(objects, version)).collect();
    let found: PortResult<Vec<ObjectVersion>> = stream::iter(looking).buffered(PARALLEL).try_collect().await;
    remove("objects.remove_listed", objects, &found?).await?;
    Ok(true)
}

/// The version that is current, where a listing does not say: without it a removal would only hide the object.
async fn current(objects: &dyn Objects, object: ObjectVersion) -> PortResult<ObjectVersion> {
    if object.version.is_some() {
        return Ok(object);
    }
    match objects.head(&object).await {
        Ok(info) => Ok(ObjectVersion { version: info.version, ..object }),
        Err(error) if error.is(PortErrorKind::NotFound) => Ok(object),
        Err(error) => Err(error),
    }
}

async fn remove(operation: &'static str, objects: &dyn Objects, versions: &[ObjectVersion]) -> PortResult<()> {
    if versions.is_empty() {
        return Ok(());
    }
    let left = objects.delete_many(versions).await?;
    match left.first() {
        None => Ok(()),
        Some(first) => Err(PortError::new(PortErrorKind::Unavailable, operation).with("left", left.len()).with("key", &first.address.key)),
    }
}
