//! Least privilege: everything that is allowed was needed, everything that was needed is allowed, and no statement can go.

use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use datalake_tests_stack::{ACCOUNT_ID, REGION, Rights, Stack, tree};
use serde_json::Value;

/// Actions that AWS's service authorization reference gives no resource type: only they may be allowed on `*`.
const WITHOUT_RESOURCE: [&str; 2] = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"];

pub(crate) fn are_the_least(stack: &Stack) -> Result<()> {
    let state = tokio::task::block_in_place(|| stack.terraform().state())?;
    let rights = Rights::read(stack.prefix(), REGION, &state, &stack.calls()?, &stack.searches()?)?;
    let mut wrong = wildcards(&rights);
    wrong.extend(rights.not_allowed());
    wrong.extend(rights.needless());
    wrong.extend(rights.idle());
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    report(&rights.report(&names(&state)))
}

fn wildcards(rights: &Rights) -> Vec<String> {
    let mut found = Vec::new();
    for statement in rights.statements() {
        let place = format!("{}: statement {}", statement.role, statement.sid);
        found
            .extend(statement.actions.iter().filter(|action| action.contains(['*', '?'])).map(|action| format!("{place} allows {action}")));
        let all = statement.resources.iter().any(|resource| resource == "*");
        let needs_all = statement.actions.iter().all(|action| WITHOUT_RESOURCE.contains(&action.as_str()));
        if all && !needs_all {
            found.push(format!("{place} names no resource"));
        }
    }
    found
}

/// What differs from one deployment to the next, and what it is called in the report; the longest first.
fn names(state: &Value) -> Vec<(String, String)> {
    let mut names = vec![(ACCOUNT_ID.to_owned(), "{account}".to_owned()), (REGION.to_owned(), "{region}".to_owned())];
    collect(&state["values"]["root_module"], &mut names);
    names.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    names
}

fn collect(module: &Value, names: &mut Vec<(String, String)>) {
    for resource in module["resources"].as_array().into_iter().flatten() {
        let (kind, name) = (resource["type"].as_str().unwrap_or_default(), resource["name"].as_str().unwrap_or_default());
        if let ("aws_kms_key" | "aws_cognito_user_pool", Some(id)) = (kind, resource["values"]["id"].as_str()) {
            names.push((id.to_owned(), if kind == "aws_kms_key" { name.replace('_', "-") } else { "pool".to_owned() }));
        }
    }
    module["child_modules"].as_array().into_iter().flatten().for_each(|child| collect(child, names));
}

#[expect(clippy::disallowed_methods, reason = "whoever changed a policy says so by the environment")]
fn report(text: &str) -> Result<()> {
    let file = tree().join("docs/permissions.md");
    if env::var_os("UPDATE_PERMISSIONS").is_some() {
        return fs::write(&file, text).context("can't write docs/permissions.md");
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    ensure!(written == text, "docs/permissions.md is stale: write it anew with UPDATE_PERMISSIONS=1");
    Ok(())
}
