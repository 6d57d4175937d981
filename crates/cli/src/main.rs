//! The `datalake` command.
fn main() {}
