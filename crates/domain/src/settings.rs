//! Settings that an admin can change; defaults where nothing was set.

use serde::{Deserialize, Serialize};

/// The application's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Visibility of packages that say none: `private` or `everyone`.
    pub default_visibility: String,
    /// Whether people may look up only people of their own groups.
    pub people_in_own_groups_only: bool,
    /// Whether a grant link asks for sign-in as well.
    pub grants_need_sign_in: bool,
    /// Whether reads of metadata are audited (reads of data always are).
    pub audit_metadata_reads: bool,
    /// The greatest file that may be uploaded, in bytes.
    pub upload_limit: u64,
    /// Default life of an export's URLs in seconds.
    pub export_expires_in: u64,
    /// API keys of people whom an identity provider owns stop so many days after the last sign-in.
    pub federated_key_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_visibility: "private".to_owned(),
            people_in_own_groups_only: false,
            grants_need_sign_in: false,
            audit_metadata_reads: false,
            upload_limit: crate::dataset::SIZE_LIMIT,
            export_expires_in: 3600,
            federated_key_days: 7,
        }
    }
}
