//! The statements of an applied deployment's roles.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Deed;

/// Other ways in which a role could be allowed something: none is used, so that what stands in statements is all.
const OTHER_WAYS: [&str; 7] = [
    "aws_iam_group_policy",
    "aws_iam_policy",
    "aws_iam_policy_attachment",
    "aws_iam_role_policies_exclusive",
    "aws_iam_role_policy_attachment",
    "aws_iam_role_policy_attachments_exclusive",
    "aws_iam_user_policy",
];

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
    /// Whether it holds under conditions only.
    pub conditional: bool,
}

impl Statement {
    /// Whether it allows this, under this role. What it allows under conditions is AWS's to do: no condition is evaluated here.
    pub(super) fn allows(&self, (role, action, resource): &Deed) -> bool {
        !self.conditional
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
    for resource in module["resources"].as_array().into_iter().flatten() {
        let kind = resource["type"].as_str().unwrap_or_default();
        ensure!(!OTHER_WAYS.contains(&kind), "{} allows what no test reads", resource["address"]);
        let attached = resource["values"]["managed_policy_arns"].as_array().is_some_and(|arns| !arns.is_empty());
        ensure!(kind != "aws_iam_role" || !attached, "{} has a policy attached, which no test reads", resource["address"]);
    }
    for resource in module["resources"].as_array().into_iter().flatten().filter(|resource| resource["type"] == "aws_iam_role_policy") {
        let values = &resource["values"];
        let role = values["role"].as_str().context("a role")?;
        let policy: Value = serde_json::from_str(values["policy"].as_str().context("a policy")?)?;
        for statement in policy["Statement"].as_array().context("statements")? {
            statements.push(Statement {
                role: role.to_owned(),
                sid: statement["Sid"].as_str().with_context(|| format!("a statement of {role} has no name"))?.to_owned(),
                actions: texts(&statement["Action"]),
                resources: texts(&statement["Resource"]),
                conditional: statement.get("Condition").is_some(),
            });
        }
    }
    module["child_modules"].as_array().into_iter().flatten().try_for_each(|child| collect(child, statements))
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
    fn a_policy_that_is_attached_is_refused() {
        let role = json!({"type": "aws_iam_role", "address": "r", "values": {"managed_policy_arns": ["arn:aws:iam::aws:policy/Any"]}});
        let attachment = json!({"type": "aws_iam_role_policy_attachment", "address": "a", "values": {}});
        for resource in [role, attachment] {
            assert!(collect(&json!({"child_modules": [{"resources": [resource]}]}), &mut Vec::new()).is_err());
        }
        let bare = json!({"type": "aws_iam_role", "address": "r", "values": {"managed_policy_arns": []}});
        assert!(collect(&json!({"resources": [bare]}), &mut Vec::new()).is_ok());
    }
}
