//! Typed HTTP client of the data lake's API with SigV4 signing.
