//! The adapter in an account.

use std::sync::Arc;

use domain::PortResult;

use super::{OpenSearchConfig, OpenSearchIndex, Signing};
use crate::account::Account;

impl Account {
    /// The index in the cluster at `endpoint`, asked with this account's credentials. A cluster that stands elsewhere
    /// takes no notice of them. Asks nobody over the network.
    ///
    /// # Errors
    /// `InvalidArgument` for an endpoint that is no URL, or without region or credentials.
    pub fn index(&self, endpoint: &str, prefix: &str) -> PortResult<Arc<OpenSearchIndex>> {
        let signing = Signing::Aws(Box::new(self.clone()));
        Ok(Arc::new(OpenSearchIndex::new(OpenSearchConfig { endpoint: endpoint.to_owned(), prefix: prefix.to_owned(), signing })?))
    }
}
