//! Routes below /profile, health and the OpenAPI document.
