//! Least privilege: everything that is allowed was needed, everything that was needed is allowed, and no statement can go.

use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use datalake_tests_stack::{PERMISSIONS, Stack, tree};

pub(crate) fn are_the_least(stack: &Stack) -> Result<()> {
    let rights = stack.rights()?;
    let wrong = [stack.denied()?, rights.wildcards(), rights.not_allowed(), rights.needless(), rights.idle()].concat();
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    report(&rights.report())
}

#[expect(clippy::disallowed_methods, reason = "whoever changed a policy says so by the environment")]
fn report(text: &str) -> Result<()> {
    let file = tree().join(PERMISSIONS);
    if env::var_os("UPDATE_PERMISSIONS").is_some() {
        return fs::write(&file, text).context("can't write docs/permissions.md");
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    ensure!(written == text, "docs/permissions.md is stale: write it anew with UPDATE_PERMISSIONS=1");
    Ok(())
}
