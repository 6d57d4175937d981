//! Adapters to AWS services and to OpenID Connect issuers, one module and one feature each.

#[cfg(feature = "oidc")]
pub mod oidc;

#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "s3")]
pub mod s3;
