//! Routes below /search.
