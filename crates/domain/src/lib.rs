//! The data lake's vocabulary: entities, ids, rules, the access policy, error kinds, and the ports
//! through which use cases reach the outside world.
//!
//! This crate is pure. It does no input or output, and knows neither HTTP nor any storage.

pub mod access;
pub mod api_key;
pub mod audit;
pub mod cart;
pub mod chain_heads;
pub mod change;
pub mod dataset;
pub mod deadline;
pub mod error;
pub mod governance;
pub mod group;
pub mod id;
pub mod import;
pub mod job;
pub mod location;
pub mod metadata;
pub mod package;
pub mod ports;
pub mod principal;
pub mod reindex;
pub mod search;
pub mod settings;
pub mod sign_in;
pub mod text;
pub mod time;
pub mod user;

pub use deadline::Deadline;
pub use error::{FieldError, Invalid, PortError, PortErrorKind, PortResult};
pub use id::{DatasetId, ExportId, ImportId, ItemId, LocationId, PackageId};
pub use principal::Principal;
pub use time::Timestamp;
