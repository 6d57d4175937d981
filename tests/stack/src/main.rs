//! Applies a root to the emulated account and keeps it running until standard input ends: `scripts/demo --aws` uses it.

use std::io::Write as _;

use anyhow::Result;
use datalake_tests_stack::{Root, Stack};
use tokio::io::AsyncReadExt as _;

#[tokio::main]
async fn main() -> Result<()> {
    let stack = Stack::applied(Root::Cognito).await?;
    stack.fire_schedule().await?;
    let told = stack.told().await?;
    std::io::stdout().lock().write_all(told.as_bytes())?;
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}
