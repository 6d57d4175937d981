//! Adapters to AWS services and to OpenID Connect issuers, one module and one feature each.

#[cfg(feature = "account")]
pub mod account;
#[cfg(feature = "cognito")]
pub mod cognito;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "events")]
pub mod events;
#[cfg(feature = "sdk")]
mod failure;
#[cfg(feature = "kms")]
pub mod kms;
#[cfg(feature = "logs")]
pub mod logs;
#[cfg(feature = "oidc")]
pub mod oidc;
#[cfg(feature = "opensearch")]
pub mod opensearch;
#[cfg(any(feature = "cognito", feature = "dynamodb", feature = "opensearch", feature = "sqs"))]
mod retry;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(feature = "sqs")]
pub mod sqs;
#[cfg(any(feature = "dynamodb", feature = "events"))]
mod table_names;
#[cfg(any(feature = "cognito", feature = "events"))]
mod user_attributes;

#[cfg(any(feature = "dynamodb", feature = "events"))]
pub use table_names::TableNames;
