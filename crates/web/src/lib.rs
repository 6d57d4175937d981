//! Shared HTTP pieces: principal, validated JSON, cursors, problem+json, request ids, OpenAPI.
