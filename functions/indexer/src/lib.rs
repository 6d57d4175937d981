//! Writes search documents.
