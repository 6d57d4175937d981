//! Names of a user pool's attributes that the product reads or writes.

/// The ciphertext that the user's secret access keys are derived from: nobody's business but the product's. Clients can
/// neither read nor write it.
pub(crate) const SECRET: &str = "custom:secret_access_key";
/// The user's id.
pub(crate) const SUB: &str = "sub";
