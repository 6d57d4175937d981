//! Whether the service answers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The service answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// The product's version.
    pub version: String,
}
