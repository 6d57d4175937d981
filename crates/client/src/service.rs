//! What needs no sign-in.

use contract::health::Health;
use serde_json::Value;

use crate::{call::Call, client::Client, error::Result};

impl Client {
    /// Whether the service answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn health(&self) -> Result<Health> {
        self.json(Call::get("ask for the service's health", &["healthz"])).await
    }

    /// The description of the API.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn openapi(&self) -> Result<Value> {
        self.json(Call::get("read the API's description", &["openapi.json"])).await
    }
}
