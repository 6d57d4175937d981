//! Applies a root to the emulated account and keeps it running until standard input ends: `scripts/demo --aws` uses it.

use std::io::Write as _;

use anyhow::Result;
use datalake_tests_stack::{Root, Stack};
use tokio::io::AsyncReadExt as _;

#[tokio::main]
async fn main() -> Result<()> {
    let stack = Stack::applied(Root::Cognito).await?;
    stack.fire_schedule().await?;
    tell(&stack).await?;
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}

/// What a person needs to use it, a line each.
async fn tell(stack: &Stack) -> Result<()> {
    let analyst = stack.analyst().await?;
    let client = stack.output("sign_in")["client_id"].as_str().unwrap_or_default().to_owned();
    let lines = [
        ("API", stack.api_url().to_owned()),
        ("Objects", stack.emulator_url()),
        ("Issuer", stack.issuer_address()?),
        ("Client", client),
        ("User", stack.administrator().to_owned()),
        ("Password", stack.one_time_password().await?),
        ("Key", stack.grant_key().await?.to_owned()),
        ("Reader", format!("{} {}", analyst.access_key_id, analyst.secret_access_key)),
        ("Folder", stack.folder().display().to_string()),
        ("Ready", String::new()),
    ];
    let mut out = std::io::stdout().lock();
    for (name, value) in lines {
        writeln!(out, "{name:<9}{value}")?;
    }
    Ok(out.flush()?)
}
