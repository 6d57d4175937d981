//! checkov over what both roots plan: no failed check that is not explained beside its resource.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use datalake_tests_stack::{PREFIX, Root, Stack};
use serde_json::{Value, json};

/// What a person may write beside a root's example, so far as it decides which resources there are.
fn variants() -> [(&'static str, Value); 3] {
    let analyst = "arn:aws:iam::123456789012:role/analyst";
    let certificate = format!("arn:aws:acm:eu-west-1:123456789012:certificate/{}", "1".repeat(8));
    let all = json!({
        "search": {"preset": "ha", "network_read": {"cidrs": ["192.0.2.0/24"], "principal_arns": [analyst]}},
        "functions": {"tracing": true},
        "api": {"domain": {"name": "lake.example.com", "certificate_arn": certificate, "zone_id": "Z0123456789"}},
        "alarms": {"topic_arns": ["arn:aws:sns:eu-west-1:123456789012:operations"]},
        "budget": {"monthly_usd": 200, "emails": ["ada@example.com"]},
        "import_locations": [{"bucket_arn": "arn:aws:s3:::partners", "folders": ["open/"], "kms_key_arn": key("1")}],
        "data_bucket": {"reader_arns": [analyst]},
        "console_origins": ["https://lake.example.com"],
        "web_acl_arn": "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/lake/11111111-2222-3333-4444-555555555555",
    });
    let given = json!({
        "protect": false,
        "search": {"existing_endpoint": "https://search.example.com", "existing_domain_arn": "arn:aws:es:eu-west-1:123456789012:domain/search"},
        "log_bucket": {"existing_name": "logs-of-the-company"},
        "alarms": {"enabled": false, "dashboard": false},
    });
    [("example", json!({})), ("all", all), ("given", given)]
}

fn key(digit: &str) -> String {
    format!("arn:aws:kms:eu-west-1:123456789012:key/{}", digit.repeat(8))
}

/// Functions whose policies name the user pool, whose id nobody knows before it is made: the scanner is shown them with the
/// applied roots.
const BY_USER_POOL: [&str; 3] = ["authorizer", "housekeeping", "profile"];

/// Addresses of the other role policies that a plan does not know.
fn unknown_policies(plan: &Value) -> Result<Vec<&str>> {
    let changes = plan["resource_changes"].as_array().context("changes")?.iter();
    let policies: Vec<&Value> = changes.filter(|change| change["type"] == "aws_iam_role_policy").collect();
    ensure!(policies.len() > 10, "there are more policies than {}", policies.len());
    Ok(policies
        .into_iter()
        .filter(|change| change["change"]["after"]["policy"].is_null())
        .filter_map(|change| change["address"].as_str())
        .filter(|address| !BY_USER_POOL.iter().any(|function| address.ends_with(&format!(".{function}.aws_iam_role_policy.this"))))
        .collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plans_of_both_roots_pass_the_scanner() -> Result<()> {
    if test_servers::left_out("Terraform, an emulator of AWS, OpenSearch and checkov") {
        return Ok(());
    }
    let stack = Stack::prepared(Root::Cognito, PREFIX).await?;
    let (mut plans, mut unknown): (Vec<PathBuf>, Vec<String>) = (Vec::new(), Vec::new());
    let (of_cognito, mut of_federated) = (variants(), variants());
    // What an existing cluster changes is the same in both roots, and was scanned then.
    of_federated[2] =
        ("oidc", json!({"saml": null, "oidc": {"issuer": "https://sso.example.com", "client_id": "lake"}, "oidc_client_secret": "s"}));
    for (root, variants) in [(Root::Cognito, of_cognito), (Root::Federated, of_federated)] {
        let terraform = stack.copy_of(root, &format!("scan-{}", root.name())).await?;
        for (name, mut inputs) in variants {
            inputs["code"] = json!({"folder": stack.zips()});
            // Of a key that is not made yet no plan knows the name, and the scanner takes "not known" for "none"; the keys that
            // the root makes are scanned with the applied root.
            inputs["keys"] = json!({"data_key_arn": key("2"), "user_secrets_key_arn": key("3")});
            let plan = tokio::task::block_in_place(|| terraform.plan_of_example(&inputs, name))?;
            let document: Value = serde_json::from_slice(&fs::read(&plan)?)?;
            unknown.extend(unknown_policies(&document)?.into_iter().map(|address| format!("{} {name} {address}", root.name())));
            plans.push(plan);
        }
    }
    ensure!(unknown.is_empty(), "the scanner is not shown these policies:\n{}", unknown.join("\n"));
    println!("{}", stack.scan(&plans)?);
    Ok(())
}
