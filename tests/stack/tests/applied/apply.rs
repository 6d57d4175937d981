//! What Terraform asks AWS for is what `terraform/policy-to-apply.json` allows, and that fits into a role.

use std::{collections::BTreeSet, fs};

use anyhow::{Result, ensure};
use datalake_tests_stack::{ACCOUNT_ID, PREFIX, REGION, Stack, matches, tree};
use serde_json::{Value, json};

/// Characters that all inline policies of a role may have: "IAM doesn't count white space"
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
const QUOTA: usize = 10_240;

/// "No permissions are required to perform this operation"
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>).
const WITHOUT_RIGHTS: [&str; 1] = ["sts:GetCallerIdentity"];

/// Where the emulator checks an action on something else than AWS does: the action, what the emulator says, and what AWS
/// says, in the account and region of the policy's placeholders. What is right stands in AWS's tables of actions and resources
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>),
/// of KMS in "Controlling access to aliases": both alias and key
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html>).
const OTHERWISE: [(&str, &str, &[&str]); 15] = [
    ("cloudwatch:DeleteAlarms", "*", &["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:data-lake-api-errors"]),
    ("cloudwatch:DeleteDashboards", "*", &["arn:aws:cloudwatch::123456789012:dashboard/data-lake-eu-west-1"]),
    ("cloudwatch:GetDashboard", "*", &["arn:aws:cloudwatch::123456789012:dashboard/data-lake-eu-west-1"]),
    ("cloudwatch:ListTagsForResource", "*", &["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:data-lake-api-errors"]),
    ("cloudwatch:PutDashboard", "*", &["arn:aws:cloudwatch::123456789012:dashboard/data-lake-eu-west-1"]),
    ("dynamodb:ListTagsOfResource", "*", &["arn:aws:dynamodb:eu-west-1:123456789012:table/data-lake-packages"]),
    ("es:GetCompatibleVersions", "*", &["arn:aws:es:eu-west-1:123456789012:domain/data-lake"]),
    ("kms:CreateAlias", "*", &["arn:aws:kms:eu-west-1:123456789012:alias/datalake-audit", "arn:aws:kms:eu-west-1:123456789012:key/any"]),
    ("kms:DeleteAlias", "*", &["arn:aws:kms:eu-west-1:123456789012:alias/datalake-audit", "arn:aws:kms:eu-west-1:123456789012:key/any"]),
    ("kms:DescribeKey", "arn:aws:kms:eu-west-1:123456789012:alias/*", &["arn:aws:kms:eu-west-1:123456789012:key/any"]),
    ("lambda:CreateFunction", "*", &["arn:aws:lambda:eu-west-1:123456789012:function:data-lake-authorizer"]),
    (
        "scheduler:CreateSchedule",
        "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/*",
        &["arn:aws:scheduler:eu-west-1:123456789012:schedule/data-lake/data-lake-housekeeping"],
    ),
    (
        "scheduler:DeleteSchedule",
        "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/*",
        &["arn:aws:scheduler:eu-west-1:123456789012:schedule/data-lake/data-lake-housekeeping"],
    ),
    (
        "scheduler:GetSchedule",
        "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/*",
        &["arn:aws:scheduler:eu-west-1:123456789012:schedule/data-lake/data-lake-housekeeping"],
    ),
    ("scheduler:ListTagsForResource", "*", &["arn:aws:scheduler:eu-west-1:123456789012:schedule-group/data-lake"]),
];

/// Puts account, region and prefix where the policy has those of its example, as its reader does.
fn placed(text: &str, prefix: &str) -> String {
    text.replace("123456789012", ACCOUNT_ID).replace("eu-west-1", REGION).replace(PREFIX, prefix)
}

pub(crate) fn needed_no_more_than_its_policy(stack: &Stack) -> Result<()> {
    let text = fs::read_to_string(tree().join("terraform/policy-to-apply.json"))?;
    let size = text.chars().filter(|character| !character.is_whitespace()).count();
    ensure!(size < QUOTA, "the policy has {size} characters of {QUOTA}");
    let policy: Value = serde_json::from_str(&placed(&text, stack.prefix()))?;
    let calls: BTreeSet<(String, String)> = stack.calls_of_terraform()?.into_iter().map(|call| (call.action, call.resource)).collect();
    ensure!(!calls.is_empty(), "Terraform called nothing");
    let refused = refused(&policy, &calls, stack.prefix());
    ensure!(refused.is_empty(), "Terraform needs what its policy does not allow:\n{}", refused.join("\n"));
    Ok(())
}

/// The calls that AWS would refuse.
fn refused(policy: &Value, calls: &BTreeSet<(String, String)>, prefix: &str) -> Vec<String> {
    let allowed = |(action, resource): &(String, String)| {
        policy["Statement"].as_array().into_iter().flatten().any(|statement| allows(statement, action, resource))
    };
    let needed = calls.iter().filter(|(action, _)| !WITHOUT_RIGHTS.contains(&action.as_str()));
    let checks = needed.flat_map(|(action, resource)| as_aws_checks(action, resource, prefix));
    checks.filter(|check| !allowed(check)).map(|(action, resource)| format!("{action} on {resource}")).collect()
}

/// The checks that AWS makes where the emulator made this one.
fn as_aws_checks(action: &str, resource: &str, prefix: &str) -> Vec<(String, String)> {
    let otherwise = OTHERWISE.iter().find(|(name, told, _)| *name == action && matches_told(&placed(told, prefix), resource));
    let resources = otherwise
        .map_or_else(|| vec![resource.to_owned()], |(_, _, resources)| resources.iter().map(|resource| placed(resource, prefix)).collect());
    resources.into_iter().map(|resource| (action.to_owned(), resource)).collect()
}

/// The emulator's `*` is a resource that it does not name, not a pattern for all.
fn matches_told(told: &str, resource: &str) -> bool {
    if told == "*" { resource == "*" } else { matches(told, resource) }
}

/// Whether a statement allows it under no condition: nothing that was recorded may hang on one.
fn allows(statement: &Value, action: &str, resource: &str) -> bool {
    let one_of = |field: &str, fits: &dyn Fn(&str) -> bool| match &statement[field] {
        Value::String(text) => fits(text),
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).any(fits),
        _ => false,
    };
    statement["Effect"] == "Allow"
        && statement.get("Condition").is_none()
        && one_of("Action", &|name| name == action)
        && one_of("Resource", &|pattern| matches(pattern, resource))
}

#[test]
fn a_right_that_the_policy_lacks_is_told() -> Result<()> {
    let statement = |rest: Value| {
        let mut statement = json!({"Effect": "Allow", "Action": ["sqs:CreateQueue"], "Resource": "arn:aws:sqs:*:queue-*"});
        statement.as_object_mut().into_iter().for_each(|fields| fields.extend(rest.as_object().cloned().unwrap_or_default()));
        json!({"Statement": [statement]})
    };
    let calls = [("sqs:CreateQueue", "arn:aws:sqs:here:queue-a"), ("sts:GetCallerIdentity", "*"), ("cloudwatch:DeleteAlarms", "*")];
    let calls = calls.map(|(action, resource)| (action.to_owned(), resource.to_owned())).into();
    let alarms = format!("cloudwatch:DeleteAlarms on arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:lake-api-errors");
    let queues = "sqs:CreateQueue on arn:aws:sqs:here:queue-a";
    ensure!(refused(&statement(json!({})), &calls, "lake") == [alarms.as_str()]);
    for lacking in [
        json!({"Action": "sqs:DeleteQueue"}),
        json!({"Resource": ["arn:aws:sqs:here:queue-b"]}),
        json!({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
        json!({"Effect": "Deny"}),
    ] {
        ensure!(refused(&statement(lacking), &calls, "lake") == [alarms.as_str(), queues]);
    }
    Ok(())
}
