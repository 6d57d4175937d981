//! Routes below /packages.
