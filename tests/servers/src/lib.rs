//! Finds, fetches, starts, waits for and stops the real servers that tests run against.
//!
//! Downloads go to one cache folder outside of the checkout (`$XDG_CACHE_HOME/datalake`, else `~/.cache/datalake`), so that
//! a second run fetches nothing. What can't be had on a machine fails its test with one line that says what to install.

mod cache;
mod dynamodb_local;
mod fast;
mod http;
mod java;
mod keycloak;
mod ministack;
mod moto;
mod npm;
mod opensearch;
mod process;
mod python;
mod seaweedfs;
mod terraform;

pub use cache::{cache_folder, once};
pub use dynamodb_local::dynamodb_local;
pub use fast::{left_out, only_long};
pub use java::{java, java_home, maven_dependencies, maven_file};
pub use keycloak::{KEYCLOAK_ADMINISTRATOR, keycloak};
pub use ministack::{ministack, ministack_watched, ministack_with_auth};
pub use moto::moto;
pub use npm::npm_package;
pub use opensearch::{OPENSEARCH_VERSIONS, opensearch};
pub use process::{Server, free_port};
pub use python::python_environment;
pub use seaweedfs::{SEAWEEDFS_ADMIN, SEAWEEDFS_STRANGER, seaweedfs};
pub use terraform::terraform_plugins;
