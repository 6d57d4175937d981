//! What the store has of the objects that entries name.

use domain::{
    PortError, PortErrorKind,
    import::FailureCode,
    ports::{ObjectAddress, ObjectInfo, ObjectVersion, Objects},
};

use super::Stop;
use crate::imports::manifest::{Fault, Source};

/// What an entry is made of.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// One object.
    Object { bucket: String, key: String, info: Box<ObjectInfo> },
    /// What lies below a prefix.
    Prefix { bucket: String, prefix: String, exclude: Vec<String> },
}

/// Looks up what `source` names; what is wrong with it alone is a fault of its line.
pub(super) async fn look_up(objects: &dyn Objects, source: Source) -> Result<Result<Found, Fault>, Stop> {
    let found = match source {
        Source::Object { bucket, key, version } => object(objects, bucket, key, version).await,
        Source::Prefix { bucket, prefix, exclude } => folder(objects, bucket, prefix, exclude).await,
        Source::Either { bucket, key } => match object(objects, bucket.clone(), key.clone(), None).await {
            Err(error) if error.is(PortErrorKind::NotFound) => folder(objects, bucket, format!("{key}/"), Vec::new()).await,
            other => other,
        },
    };
    found.map(Ok).or_else(|error| fault(error).map(Err))
}

async fn object(objects: &dyn Objects, bucket: String, key: String, version: Option<String>) -> Result<Found, PortError> {
    let address = ObjectAddress { bucket, key };
    let info = objects.head(&ObjectVersion { address: address.clone(), version: version.clone() }).await?;
    let info = Box::new(ObjectInfo { version: version.or(info.version), ..info });
    Ok(Found::Object { bucket: address.bucket, key: address.key, info })
}

async fn folder(objects: &dyn Objects, bucket: String, prefix: String, exclude: Vec<String>) -> Result<Found, PortError> {
    if objects.list(&bucket, &prefix, None).await?.objects.is_empty() {
        return Err(PortError::new(PortErrorKind::NotFound, "importing.folder"));
    }
    Ok(Found::Prefix { bucket, prefix, exclude })
}

fn fault(error: PortError) -> Result<Fault, Stop> {
    let (code, reason) = match error.kind() {
        PortErrorKind::Unavailable | PortErrorKind::RateLimited => return Err(error.into()),
        PortErrorKind::NotFound => (FailureCode::NotFound, "There is nothing of this name."),
        PortErrorKind::PermissionDenied => (FailureCode::Forbidden, "The data lake may not read this."),
        PortErrorKind::InvalidArgument => (FailureCode::NotFound, "The store knows no such key or version."),
        _ => {
            tracing::warn!(error = &error as &dyn std::error::Error, "an object can't be looked up");
            (FailureCode::Unreadable, "The store could not tell what this is.")
        }
    };
    Ok(Fault::new(code, reason))
}
