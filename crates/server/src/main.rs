//! The `datalake-server` command.
fn main() {}
