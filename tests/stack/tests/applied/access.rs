//! The policies of what is reached by others than its owner: data bucket, keys, audit bucket, search domain. Exactly these statements.

use anyhow::{Context as _, Result};
use datalake_tests_stack::{Plan, Stack};
use serde_json::Value;

pub(crate) fn policies_are_these(stack: &Stack) -> Result<()> {
    let state = tokio::task::block_in_place(|| stack.terraform().state())?;
    let ids = keys(&state["values"]["root_module"]);
    for (name, kind, of) in [
        ("data_bucket", "aws_s3_bucket_policy", "data"),
        ("data_key", "aws_kms_key_policy", "data"),
        ("user_secrets_key", "aws_kms_key_policy", "user_secrets"),
        ("audit_bucket", "aws_s3_bucket_policy", "heads"),
        ("signing_key", "aws_kms_key_policy", "signing"),
    ] {
        let policy = find(&state["values"]["root_module"], kind, of).with_context(|| format!("a policy of {name}"))?;
        snapshot(name, policy["policy"].as_str().context("a policy")?, &ids)?;
    }
    snapshot("search_domain", &planned_domain(stack)?, &ids)
}

/// The emulator's search service takes ten minutes for a domain, so the stack has a cluster that is there already: what
/// would be made without is planned only.
fn planned_domain(stack: &Stack) -> Result<String> {
    let mut inputs = stack.inputs();
    inputs["search"] = serde_json::json!({});
    stack.terraform().set(&inputs)?;
    let plan: Plan = tokio::task::block_in_place(|| stack.terraform().plan())?;
    stack.terraform().set(&stack.inputs())?;
    let changes = plan.document()["resource_changes"].as_array().context("changes")?;
    let domains = changes.iter().map(|change| &change["change"]["after"]["access_policies"]);
    Ok(domains.filter_map(Value::as_str).next().context("a planned domain with an access policy")?.to_owned())
}

fn find<'a>(module: &'a Value, kind: &str, name: &str) -> Option<&'a Value> {
    let resources = module["resources"].as_array().into_iter().flatten();
    let here = resources.filter(|resource| resource["type"] == kind && resource["name"] == name).map(|resource| &resource["values"]).next();
    here.or_else(|| module["child_modules"].as_array().into_iter().flatten().find_map(|child| find(child, kind, name)))
}

/// The keys' ids, by what they are called here.
fn keys(module: &Value) -> Vec<(String, String)> {
    ["data", "user_secrets"]
        .into_iter()
        .filter_map(|name| Some((find(module, "aws_kms_key", name)?["key_id"].as_str()?.to_owned(), format!("[{name}]"))))
        .collect()
}

fn snapshot(name: &str, policy: &str, ids: &[(String, String)]) -> Result<()> {
    let text = ids.iter().fold(policy.to_owned(), |text, (id, called)| text.replace(id, called));
    let policy: Value = serde_json::from_str(&text)?;
    insta::assert_json_snapshot!(name, policy);
    Ok(())
}
