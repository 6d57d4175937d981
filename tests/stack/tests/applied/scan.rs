//! checkov over what both roots plan: no failed check that is not explained beside its resource.

use std::path::PathBuf;

use anyhow::Result;
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

#[tokio::test(flavor = "multi_thread")]
async fn the_plans_of_both_roots_pass_the_scanner() -> Result<()> {
    if test_servers::left_out("Terraform, an emulator of AWS, OpenSearch and checkov") {
        return Ok(());
    }
    let stack = Stack::prepared(Root::Cognito, PREFIX).await?;
    let mut plans: Vec<PathBuf> = Vec::new();
    let variants = variants();
    // Most of it is the same in both, and was scanned then.
    for (root, variants) in [(Root::Cognito, &variants[..]), (Root::Federated, &variants[..2])] {
        let terraform = stack.copy_of(root, &format!("scan-{}", root.name())).await?;
        for (name, inputs) in variants {
            let mut inputs = inputs.clone();
            inputs["code"] = json!({"folder": stack.zips()});
            // Of a key that is not made yet no plan knows the name, and the scanner takes "not known" for "none"; the keys that
            // the root makes are scanned with the applied root.
            inputs["keys"] = json!({"data_key_arn": key("2"), "user_secrets_key_arn": key("3")});
            plans.push(tokio::task::block_in_place(|| terraform.plan_of_example(&inputs, name))?);
        }
    }
    println!("{}", stack.scan(&plans)?);
    Ok(())
}
