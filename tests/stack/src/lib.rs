//! Terraform really applied, with its real provider, to an emulator of AWS; what it made is what runs.
//!
//! [`Stack::applied`] packs the functions that `cargo build --workspace` made, starts ministack (which checks signatures and
//! policies) and OpenSearch, and applies a root. The functions then run behind the emulator's own gateway, authorizer, queues,
//! streams and triggers, each under its own role; every call to AWS is written down with the role it was made under
//! ([`Stack::calls`]), and so is every request to the search cluster ([`Stack::searches`]).
//!
//! ```ignore
//! let stack = Stack::applied(Root::Cognito).await?;
//! let healthy = stack.http().get(format!("{}/healthz", stack.api_url())).send().await?;
//! ```

mod account;
mod build;
mod calls;
mod errands;
pub mod federated;
mod gaps;
mod heads;
mod housekeeping;
mod journey;
mod people;
mod permissions;
mod search;
mod stack;
mod terraform;

pub use account::{Account, Credentials};
pub use build::program;
pub use calls::{Call, Search};
pub use journey::PASSWORD;
pub use permissions::{OnBehalf, PERMISSIONS, Rights, Statement, matches};
pub use stack::{PREFIX, REGION, Root, Stack, tree, wait_until};
pub use terraform::{Plan, Terraform};

/// The account of the emulator.
pub const ACCOUNT_ID: &str = "000000000000";
