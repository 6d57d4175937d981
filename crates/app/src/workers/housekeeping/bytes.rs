//! Bytes of datasets, removed for good.

use domain::{PortError, PortErrorKind, PortResult, dataset::Dataset, ports::ObjectVersion};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{Housekeeping, PARALLEL};

impl Housekeeping {
    /// Removes what the store has of these datasets: the object version each one is, or what arrived of an upload that
    /// was never completed. Doing it again is no error. What was imported stays where it is: it is somebody else's.
    pub(super) async fn remove_bytes(&self, datasets: &[Dataset]) -> PortResult<()> {
        let own = datasets.iter().filter(|dataset| dataset.bucket == self.bucket);
        let found: Vec<Option<ObjectVersion>> =
            stream::iter(own.map(|dataset| self.stored(dataset)).collect::<Vec<_>>()).buffered(PARALLEL).try_collect().await?;
        let versions: Vec<ObjectVersion> = found.into_iter().flatten().collect();
        if versions.is_empty() {
            return Ok(());
        }
        let left = self.objects.delete_many(&versions).await?;
        match left.first() {
            None => Ok(()),
            Some(first) => {
                let error = PortError::new(PortErrorKind::Unavailable, "housekeeping.remove_bytes");
                Err(error.with("left", left.len()).with("key", &first.address.key))
            }
        }
    }

    async fn stored(&self, dataset: &Dataset) -> PortResult<Option<ObjectVersion>> {
        if let Some(upload) = dataset.part_upload() {
            self.multipart.abort(&upload).await?;
        }
        if dataset.object_version.is_some() {
            return Ok(Some(dataset.object()));
        }
        // Never completed, so nobody noted a version; the key is the dataset's alone and is written at most once.
        match self.objects.head(&dataset.object()).await {
            Ok(info) => Ok(Some(ObjectVersion { address: dataset.address(), version: info.version })),
            Err(error) if error.is(PortErrorKind::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
