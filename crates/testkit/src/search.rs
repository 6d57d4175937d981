//! The contract of `SearchIndex` and `SearchRebuild`.
