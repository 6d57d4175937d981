//! Datasets of kind `prefix`: what the store holds below them now.

use domain::{
    PortErrorKind, PortResult,
    dataset::{Dataset, DatasetPath},
    ports::{Listing, ObjectAddress, ObjectInfo, ObjectVersion, Objects},
};

use crate::imports::exclude::Excluded;

/// Why a prefix can't be expanded.
pub(crate) const UNLISTED: &str = "the data lake can't list the folder";

/// A prefix, and the globs of what it leaves out.
pub(crate) struct Below<'a> {
    dataset: &'a Dataset,
    excluded: Option<Excluded>,
}

/// An object below a prefix, and the name that it has in the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: DatasetPath,
    /// Where it is.
    pub object: ObjectVersion,
    /// What the listing says of it.
    pub info: ObjectInfo,
}

impl<'a> Below<'a> {
    /// What is below a dataset.
    pub(crate) fn new(dataset: &'a Dataset) -> Self {
        // They were checked when the dataset was made.
        Self { dataset, excluded: Excluded::new(&dataset.exclude).ok() }
    }

    /// A page of what the store has there under keys that go on with `begin`, behind what `after` says; `None` if the store
    /// doesn't show it to the data lake.
    ///
    /// # Errors
    /// What another try may help.
    pub(crate) async fn list(&self, objects: &dyn Objects, begin: &str, after: Option<String>) -> PortResult<Option<Listing>> {
        match objects.list(&self.dataset.bucket, &format!("{}{begin}", self.dataset.key), after).await {
            Ok(listing) => Ok(Some(listing)),
            Err(error) if matches!(error.kind(), PortErrorKind::NotFound | PortErrorKind::PermissionDenied) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The key of an object of a listing, without what all keys there begin with.
    pub(crate) fn relative<'k>(&self, key: &'k str) -> &'k str {
        key.strip_prefix(&self.dataset.key).unwrap_or(key)
    }

    /// What an object of a listing is in the package: nothing if it is left out, or why it has no name there.
    pub(crate) fn member(&self, info: ObjectInfo) -> Option<Result<Member, String>> {
        let relative = self.relative(&info.key);
        // Some tools mark a folder by an empty object of its name.
        let marker = relative.is_empty() || relative.ends_with('/');
        if marker || self.excluded.as_ref().is_some_and(|excluded| excluded.leaves_out(relative)) {
            return None;
        }
        Some(match format!("{}/{relative}", self.dataset.path).parse::<DatasetPath>() {
            Ok(name) => {
                let address = ObjectAddress { bucket: self.dataset.bucket.clone(), key: info.key.clone() };
                Ok(Member { name, object: ObjectVersion { address, version: info.version.clone() }, info })
            }
            Err(why) => Err(format!("the key {:?} can't be a path: it {why}", info.key)),
        })
    }
}
