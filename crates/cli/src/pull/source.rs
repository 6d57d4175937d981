//! Where a file's bytes are.

use std::time::Duration;

use client::{
    Client, clock,
    signing::{ObjectName, presign_object},
};

use super::ObjectStore;
use crate::failure::{Failure, Outcome};

/// A URL signed here is used at once.
const URL_LIFE: Duration = Duration::from_secs(900);

/// Where a file's bytes are.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The service is asked for a URL.
    Dataset { package: String },
    /// A signed URL, or a grant that redirects to one.
    Url(String),
    /// An object by name.
    Object { bucket: String, key: String, version: Option<String> },
}

impl Source {
    /// A URL to fetch now.
    pub(super) async fn url(&self, client: &Client, dataset: &str, objects: Option<&ObjectStore>) -> Outcome<String> {
        match self {
            Self::Dataset { package } => Ok(client.download(package, dataset).await?.url),
            Self::Url(url) => Ok(url.clone()),
            Self::Object { bucket, key, version } => {
                let store =
                    objects.ok_or_else(|| Failure::usage("objects named by bucket and key need an API key and --object-endpoint"))?;
                let name = ObjectName { bucket, key, version: version.as_deref() };
                Ok(presign_object(&store.key, &store.region, &store.endpoint, name, URL_LIFE, clock::now().into())?)
            }
        }
    }
}
