//! The rules of `ARCHITECTURE.md` as tests; see `tests/`.
