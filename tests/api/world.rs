//! A whole data lake behind its real routes, to ask and to hold the answers against snapshots.
//!
//! The tests know a [`World`] only. Where it lives is a [`Home`]: here in memory, with a clock that stands still and ids
//! that count; `tests/stack` runs the same tests over HTTP against the functions that Terraform applied.

mod answer;
mod call;
mod home;
mod memory;
mod ports;
mod setup;
pub mod sign_ins;

use std::{sync::Arc, time::Duration};

use app::{Core, store::Store};
use axum::http::Method;
use domain::ports::Tables;
use testkit::builders;

pub use answer::Answer;
pub use call::Call;
pub use home::{Home, Request, Response, Sender, Shared};
pub use memory::Memory;
pub use ports::{API_URL, FunctionTables, Ports};
pub use setup::{seconds, sha256};

/// The bucket of this world.
pub const BUCKET: &str = builders::BUCKET;

/// A whole data lake.
pub struct World {
    home: Shared,
}

impl World {
    /// An empty data lake in memory.
    #[must_use]
    pub fn new() -> Self {
        Self::in_memory().0
    }

    /// The same, and what only memory can do: fail on demand.
    #[must_use]
    pub fn in_memory() -> (Self, Arc<Memory>) {
        let memory = Arc::new(Memory::new());
        (Self::in_home(memory.clone()), memory)
    }

    /// An empty data lake elsewhere.
    #[must_use]
    pub fn in_home(home: Shared) -> Self {
        Self { home }
    }

    /// The OpenAPI document of all routers.
    #[must_use]
    pub fn document(&self) -> utoipa::openapi::OpenApi {
        Memory::new().document()
    }

    /// What every use case has at hand, as a worker has it.
    #[must_use]
    pub fn core(&self) -> Core {
        self.home.core()
    }

    /// Typed repositories, for what only an admin or a worker writes.
    #[must_use]
    pub fn store(&self) -> Store {
        self.core().store
    }

    /// The rows themselves.
    #[must_use]
    pub fn tables(&self) -> Arc<dyn Tables> {
        self.home.tables()
    }

    /// Sets the clock forward where it stands still; where it runs, times differ without.
    pub fn later(&self, by: Duration) {
        self.home.later(by);
    }

    /// A request; nobody is signed in until [`Call::by`].
    pub fn call(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        Call::new(&self.home, method, path.into())
    }

    /// A `GET`.
    pub fn get(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::GET, path)
    }

    /// A `POST`.
    pub fn post(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::POST, path)
    }

    /// A `PUT`.
    pub fn put(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::PUT, path)
    }

    /// A `PATCH`.
    pub fn patch(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::PATCH, path)
    }

    /// A `DELETE`.
    pub fn delete(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::DELETE, path)
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// What the snapshot of this name holds.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn snapshot(name: &str) -> serde_json::Value {
    let path = format!("{}/snapshots/{name}.snap", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (_, body) = text.trim_start_matches("---\n").split_once("\n---\n").expect("a head above the snapshot");
    serde_json::from_str(body).expect("a snapshot is JSON")
}
