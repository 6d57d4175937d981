//! The statements of an applied deployment's roles.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Deed;

/// Other ways in which a role could be allowed something: none is used, so that what stands in statements is all.
const OTHER_WAYS: [&str; 10] = [
    "aws_dynamodb_resource_policy",
    "aws_iam_group_policy",
    "aws_iam_group_policy_attachment",
    "aws_iam_policy",
    "aws_iam_policy_attachment",
    "aws_iam_role_policies_exclusive",
    "aws_iam_role_policy_attachment",
    "aws_iam_role_policy_attachments_exclusive",
    "aws_iam_user_policy",
    "aws_iam_user_policy_attachment",
];

/// What a statement consists of; what it allows besides (`NotAction` and the like) no test would read.
const PARTS: [&str; 5] = ["Action", "Condition", "Effect", "Resource", "Sid"];

/// One statement of a role's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The role's name.
    pub role: String,
    /// The statement's name.
    pub sid: String,
    /// What it allows.
    pub actions: Vec<String>,
    /// On what; `*` and `?` as in policies.
    pub resources: Vec<String>,
    /// Under which condition, as JSON.
    pub condition: Option<String>,
}

impl Statement {
    /// Whether it allows this, under this role. What it allows under conditions is AWS's to do: no condition is evaluated here.
    pub(super) fn allows(&self, (role, action, resource): &Deed) -> bool {
        self.condition.is_none()
            && self.role == *role
            && self.actions.contains(action)
            && self.resources.iter().any(|pattern| matches(pattern, resource))
    }
}

/// Whether a pattern of a policy matches: `*` stands for any text, `?` for one character.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_at_checked(pattern.find(['*', '?']).unwrap_or(pattern.len())) {
        Some((plain, "")) => plain == text,
        Some((plain, rest)) => text.strip_prefix(plain).is_some_and(|text| {
            let (wildcard, pattern) = rest.split_at(1);
            let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            if wildcard == "?" {
                ends.nth(1).is_some_and(|end| matches(pattern, &text[end..]))
            } else {
                ends.any(|end| matches(pattern, &text[end..]))
            }
        }),
        None => false,
    }
}

/// Adds the statements of a module and of those below it.
pub(super) fn collect(module: &Value, statements: &mut Vec<Statement>) -> Result<()> {
    let resources = module["resources"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_kind = |kind: &'static str| resources.iter().filter(move |resource| resource["type"] == kind);
    let names: Vec<&Value> = of_kind("aws_iam_role_policy").map(|resource| &resource["values"]["name"]).collect();
    for resource in resources {
        ensure!(!OTHER_WAYS.iter().any(|kind| resource["type"] == *kind), "{} allows what no test reads", resource["address"]);
    }
    for role in of_kind("aws_iam_role") {
        let of = |list: &str| role["values"][list].as_array().cloned().unwrap_or_default();
        ensure!(of("managed_policy_arns").is_empty(), "{} has a policy attached, which no test reads", role["address"]);
        // What is read back may be the policies that stand for themselves.
        let inline = of("inline_policy")
            .into_iter()
            .all(|policy| policy["name"].as_str().is_none_or(str::is_empty) || names.contains(&&policy["name"]));
        ensure!(inline, "{} has an inline policy, which no test reads", role["address"]);
    }
    for resource in of_kind("aws_iam_role_policy") {
        let values = &resource["values"];
        let role = values["role"].as_str().context("a role")?;
        let policy: Value = serde_json::from_str(values["policy"].as_str().context("a policy")?)?;
        for statement in policy["Statement"].as_array().context("statements")? {
            statements.push(Statement::read(role, statement)?);
        }
    }
    module["child_modules"].as_array().into_iter().flatten().try_for_each(|child| collect(child, statements))
}

impl Statement {
    fn read(role: &str, statement: &Value) -> Result<Self> {
        let parts = statement.as_object().context("a statement is an object")?;
        let unread = parts.keys().find(|part| !PARTS.contains(&part.as_str()));
        ensure!(unread.is_none() && statement["Effect"] == "Allow", "no test reads this statement of {role}: {statement}");
        Ok(Self {
            role: role.to_owned(),
            sid: statement["Sid"].as_str().with_context(|| format!("a statement of {role} has no name"))?.to_owned(),
            actions: texts(&statement["Action"]),
            resources: texts(&statement["Resource"]),
            condition: statement.get("Condition").map(Value::to_string),
        })
    }
}

fn texts(value: &Value) -> Vec<String> {
    let one = value.as_str().map(str::to_owned);
    one.into_iter().chain(value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_match_as_in_policies() {
        for (pattern, text) in [("a", "a"), ("a*", "a"), ("a*c", "abbc"), ("*", ""), ("a?c", "abc"), ("a/*/c", "a/b/b/c"), ("*b?", "abcbd")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("a*c", "abcd"), ("a?", "a"), ("", "a"), ("?", "")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn what_no_test_reads_is_refused() {
        let role = json!({"type": "aws_iam_role", "address": "r", "values": {"managed_policy_arns": ["arn:aws:iam::aws:policy/Any"]}});
        let attachment = json!({"type": "aws_iam_role_policy_attachment", "address": "a", "values": {}});
        let inline = json!({"type": "aws_iam_role", "address": "r", "values": {"inline_policy": [{"name": "all", "policy": "{}"}]}});
        let all_but = json!({"Statement": [{"Sid": "S", "Effect": "Allow", "NotAction": "s3:Get", "Resource": "*"}]}).to_string();
        let all_but = json!({"type": "aws_iam_role_policy", "address": "p", "values": {"role": "r", "policy": all_but}});
        for resource in [role, attachment, inline, all_but] {
            assert!(collect(&json!({"child_modules": [{"resources": [resource]}]}), &mut Vec::new()).is_err());
        }
        let bare = json!({"type": "aws_iam_role", "address": "r", "values": {"managed_policy_arns": []}});
        assert!(collect(&json!({"resources": [bare]}), &mut Vec::new()).is_ok());
    }
}
