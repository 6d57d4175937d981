//! Least privilege: what the applied policies allow, against what the functions did.
//!
//! The emulator refuses what no policy allows; here it is the other way round: what is allowed must have been needed, or
//! stand in `on-behalf.json`, the list of what AWS itself does in a role's name and no emulator shows.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

pub use self::statement::{Statement, matches};
use crate::{ACCOUNT_ID, Call, REGION, Search};

mod statement;

/// The report of the root `cognito`, in the tree.
pub const PERMISSIONS: &str = "docs/permissions.md";

/// Actions that AWS's service authorization reference gives no resource type: only they may be allowed on `*`.
const WITHOUT_RESOURCE: [&str; 2] = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"];

/// Resources whose names end with a number that the code chooses: the search indexes that a rebuild makes and removes.
const NUMBERED: [&str; 3] = ["-packages-*", "-packages-*/_alias", "-packages-*/_refresh"];

/// What AWS does in a role's name, or what only a race brings about that another test makes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnBehalf {
    /// The statement that allows it.
    pub sid: String,
    /// What it does.
    pub actions: Vec<String>,
    /// Functions by the name behind the prefix, all that have the statement.
    pub functions: Vec<String>,
    /// Why.
    pub reason: String,
    /// AWS's page that says so, or the file of the test that makes the race.
    pub source: String,
}

/// An action on a resource, under a role.
type Deed = (String, String, String);

/// What is allowed, and what was done.
#[derive(Debug)]
pub struct Rights {
    prefix: String,
    known: Vec<(String, String)>,
    statements: Vec<Statement>,
    done: BTreeSet<Deed>,
    on_behalf: Vec<OnBehalf>,
}

impl Rights {
    /// Reads the policies out of Terraform's state (`terraform show -json`), and what was done out of the records.
    ///
    /// # Errors
    /// If a policy or the list can't be read.
    pub fn read(prefix: &str, state: &Value, calls: &[Call], searches: &[Search]) -> Result<Self> {
        let mut statements = Vec::new();
        statement::collect(&state["values"]["root_module"], &mut statements)?;
        let keys: BTreeMap<&str, &str> = calls.iter().filter_map(|call| Some((call.access_key.as_str(), call.role()?))).collect();
        let mut done: BTreeSet<Deed> =
            calls.iter().filter_map(|call| Some((call.role()?.to_owned(), call.action.clone(), call.resource.clone()))).collect();
        for search in searches {
            let role = keys.get(search.access_key.as_str()).copied().unwrap_or("nobody");
            let domain = format!("arn:aws:es:{REGION}:{ACCOUNT_ID}:domain/{prefix}-search{}", search.path);
            done.insert((role.to_owned(), search.action(), domain));
        }
        let on_behalf: Vec<OnBehalf> = serde_json::from_str(include_str!("../on-behalf.json")).context("on-behalf.json")?;
        for OnBehalf { sid, source, .. } in &on_behalf {
            let known = source.starts_with("https://docs.aws.amazon.com/") || crate::tree().join(source).is_file();
            ensure!(known, "{sid}: its source is neither a page of AWS nor a test");
        }
        Ok(Self { prefix: prefix.to_owned(), known: names(state), statements, done, on_behalf })
    }

    /// Actions and resources that stand for more than one, but for what lies below one thing of this deployment, and for
    /// numbered names.
    #[must_use]
    pub fn wildcards(&self) -> Vec<String> {
        let mut found = Vec::new();
        for statement in &self.statements {
            let place = format!("{}: statement {}", self.function(&statement.role), statement.sid);
            let actions = statement.actions.iter().filter(|action| action.contains(['*', '?']));
            found.extend(actions.map(|action| format!("{place} allows {action}")));
            let needs_all = statement.actions.iter().all(|action| WITHOUT_RESOURCE.contains(&action.as_str()));
            let resources = statement.resources.iter().filter(|resource| !(self.names_one(resource) || needs_all && *resource == "*"));
            found.extend(resources.map(|resource| format!("{place} names {resource}")));
        }
        found
    }

    /// Whether a resource is one thing of this deployment, or everything below it.
    fn names_one(&self, resource: &str) -> bool {
        let Some((before, _)) = resource.split_once(['*', '?']) else { return true };
        let name = before.splitn(6, ':').nth(5).unwrap_or_default();
        let ours = name.contains(&self.prefix) || name.contains("datalake/");
        let below = resource.len() == before.len() + 1 && resource.ends_with('*') && before.ends_with(['/', ':']);
        ours && (below || NUMBERED.iter().any(|end| resource.ends_with(end) && resource.matches(['*', '?']).count() == 1))
    }

    /// The function's name of a role: between prefix and region.
    fn function<'a>(&self, role: &'a str) -> &'a str {
        let name = role.strip_prefix(self.prefix.as_str()).unwrap_or(role).trim_start_matches('-');
        name.strip_suffix(REGION).unwrap_or(name).trim_end_matches('-')
    }

    /// What was done though no statement names it. (The emulator saw to it, but for the search cluster, which is none of its.)
    #[must_use]
    pub fn not_allowed(&self) -> Vec<String> {
        let deeds = self.done.iter().filter(|deed| !self.statements.iter().any(|statement| statement.allows(deed)));
        deeds
            .map(|(role, action, resource)| format!("{}: {action} on {resource} is allowed by no statement", self.function(role)))
            .collect()
    }

    /// Whether an action of a statement is what AWS does in the role's name.
    fn is_on_behalf(&self, statement: &Statement, action: &str) -> Option<&OnBehalf> {
        let function = self.function(&statement.role);
        self.on_behalf.iter().find(|entry| {
            entry.sid == statement.sid
                && entry.functions.iter().any(|name| name == function)
                && entry.actions.iter().any(|name| name == action)
        })
    }

    /// Actions of statements that nobody needed, and entries of the list that are not there, or were needed after all.
    #[must_use]
    pub fn needless(&self) -> Vec<String> {
        let mut found = Vec::new();
        for statement in &self.statements {
            for action in &statement.actions {
                let needed = self.done.iter().any(|deed| deed.1 == *action && statement.allows(deed));
                let place = format!("{}: statement {}, {action}", self.function(&statement.role), statement.sid);
                match (needed, self.is_on_behalf(statement, action)) {
                    (false, None) => found.push(format!("{place}: was not needed")),
                    (true, Some(_)) if statement.condition.is_none() => {
                        found.push(format!("{place}: is in on-behalf.json, and was needed by the code"))
                    }
                    _ => {}
                }
            }
            found.extend(self.too_wide(statement));
        }
        found.extend(self.missing());
        found
    }

    /// Resources of a statement that nobody needed it for. (What AWS does in a role's name is not recorded.)
    fn too_wide(&self, statement: &Statement) -> Vec<String> {
        if statement.condition.is_some() || statement.actions.iter().any(|action| self.is_on_behalf(statement, action).is_some()) {
            return Vec::new();
        }
        let needed = |pattern: &&String| self.done.iter().any(|deed| statement.allows(deed) && matches(pattern, &deed.2));
        let idle = statement.resources.iter().filter(|pattern| !needed(pattern));
        idle.map(|pattern| format!("{}: statement {}: was not needed on {pattern}", self.function(&statement.role), statement.sid))
            .collect()
    }

    /// Entries of the list that no policy has.
    fn missing(&self) -> Vec<String> {
        let mut found = Vec::new();
        for entry in &self.on_behalf {
            for (function, action) in entry.functions.iter().flat_map(|name| entry.actions.iter().map(move |action| (name, action))) {
                let there = self.statements.iter().any(|statement| {
                    statement.sid == entry.sid && self.function(&statement.role) == function && statement.actions.contains(action)
                });
                if !there {
                    found.push(format!("{function}: statement {} must allow {action}: {}", entry.sid, entry.reason));
                }
            }
        }
        found
    }

    /// Statements that could go without anybody being refused anything: taking one away must be noticed.
    #[must_use]
    pub fn idle(&self) -> Vec<String> {
        let idle = self.statements.iter().filter(|statement| !self.is_missed(statement));
        idle.map(|statement| {
            format!("{}: statement {}: taking it away refuses nobody anything", self.function(&statement.role), statement.sid)
        })
        .collect()
    }

    /// Whether something that was done, or that AWS does, is refused without this statement.
    fn is_missed(&self, statement: &Statement) -> bool {
        let others: Vec<&Statement> = self.statements.iter().filter(|other| *other != statement && other.role == statement.role).collect();
        let refused = |deed: &&Deed| statement.allows(deed) && !others.iter().any(|other| other.allows(deed));
        statement.actions.iter().any(|action| self.is_on_behalf(statement, action).is_some()) || self.done.iter().any(|deed| refused(&deed))
    }

    /// The report: by function, what is allowed, and what for.
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = String::from(REPORT);
        let mut functions: BTreeMap<&str, Vec<&Statement>> = BTreeMap::new();
        for statement in &self.statements {
            functions.entry(self.function(&statement.role)).or_default().push(statement);
        }
        for (function, statements) in functions {
            let _ = write!(text, "\n## {function}\n\n| statement | action | on | needed by |\n|---|---|---|---|\n");
            for statement in statements {
                let resources: Vec<String> = statement.resources.iter().map(|resource| plain(resource, &self.known)).collect();
                let condition = statement.condition.as_ref().map(|condition| format!(" if {}", code(&named(condition, &self.known))));
                let on = resources.join("<br>") + &condition.unwrap_or_default();
                for action in &statement.actions {
                    let by = self.is_on_behalf(statement, action).map_or_else(
                        || "its code".to_owned(),
                        |entry| {
                            if entry.source.starts_with("https://") {
                                format!("AWS: [{}]({})", entry.reason, entry.source)
                            } else {
                                format!("{} (`{}`)", entry.reason, entry.source)
                            }
                        },
                    );
                    let _ = writeln!(text, "| {} | {action} | {on} | {by} |", statement.sid);
                }
            }
        }
        text
    }
}

const REPORT: &str = "# What each function may do

Generated by `tests/stack` from a deployment that ran the whole journey: every action was needed by the function's own code in that run, or
is what AWS does in its role's name. `UPDATE_PERMISSIONS=1 cargo test -p datalake-tests-stack --test applied` writes it anew.

That deployment is of the root `cognito`. Under the root `federated` three statements differ, for somebody of an identity provider is looked up
by the id: `ReadUserRecords` of authorizer and `UseDirectory` of profile-service have `cognito-idp:ListUsers` in place of
`cognito-idp:AdminGetUser`, and `ReadDirectory` of housekeeping has `cognito-idp:ListUsers` alone. Everything else is the same.
";

/// What differs from one deployment to the next, and what it is called in the report; the longest first.
fn names(state: &Value) -> Vec<(String, String)> {
    fn collect(module: &Value, names: &mut Vec<(String, String)>) {
        for resource in module["resources"].as_array().into_iter().flatten() {
            let (kind, name) = (resource["type"].as_str().unwrap_or_default(), resource["name"].as_str().unwrap_or_default());
            if let ("aws_kms_key" | "aws_cognito_user_pool", Some(id)) = (kind, resource["values"]["id"].as_str()) {
                names.push((id.to_owned(), if kind == "aws_kms_key" { name.replace('_', "-") } else { "pool".to_owned() }));
            }
        }
        module["child_modules"].as_array().into_iter().flatten().for_each(|child| collect(child, names));
    }
    let mut names = vec![(ACCOUNT_ID.to_owned(), "{account}".to_owned()), (REGION.to_owned(), "{region}".to_owned())];
    collect(&state["values"]["root_module"], &mut names);
    names.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    names
}

/// An ARN without what differs from one deployment to the next, and without what all have.
fn plain(arn: &str, known: &[(String, String)]) -> String {
    let text = named(arn, known);
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    code(&if parts.len() == 6 { format!("{}:{}", parts[2], parts[5]) } else { text })
}

/// A text with names in place of what differs from one deployment to the next.
fn named(text: &str, known: &[(String, String)]) -> String {
    known.iter().fold(text.to_owned(), |text, (value, name)| text.replace(value, name))
}

/// As it is, in a cell of a table.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rights(policy: &Value, done: &[(&str, &str)]) -> Rights {
        let resource = json!({"type": "aws_iam_role_policy", "values": {"role": "lake-cart-us-east-1", "policy": policy.to_string()}});
        let state = json!({"values": {"root_module": {"child_modules": [{"resources": [resource]}]}}});
        let call = |(action, resource): &(&str, &str)| {
            let principal = "arn:aws:sts::000000000000:assumed-role/lake-cart-us-east-1/x";
            let line = json!({"at": 0.0, "request": 1, "principal": principal, "action": action, "resource": resource, "allowed": true});
            serde_json::from_value(line).expect("a call")
        };
        let calls: Vec<Call> = done.iter().map(call).collect();
        let mut rights = Rights::read("lake", &state, &calls, &[]).expect("rights");
        rights.on_behalf.clear();
        rights
    }

    #[test]
    fn what_is_allowed_and_not_needed_is_told() {
        let policy = json!({"Statement": [
            {"Sid": "Read", "Effect": "Allow", "Action": ["t:Get", "t:Query"], "Resource": ["table/a"]},
            {"Sid": "Again", "Effect": "Allow", "Action": "t:Get", "Resource": "table/*"},
        ]});
        let rights = rights(&policy, &[("t:Get", "table/a")]);
        assert_eq!(rights.needless(), ["cart: statement Read, t:Query: was not needed"]);
        assert_eq!(rights.not_allowed(), Vec::<String>::new());
        let idle = rights.idle();
        assert_eq!(idle.len(), 2, "each of the two can go as long as the other stays: {idle:?}");
    }

    #[test]
    fn a_resource_that_nobody_needed_is_told() {
        let policy = json!({"Statement": [{"Sid": "Read", "Effect": "Allow", "Action": "t:Get", "Resource": ["table/a", "table/b"]}]});
        let rights = rights(&policy, &[("t:Get", "table/a")]);
        assert_eq!(rights.needless(), ["cart: statement Read: was not needed on table/b"]);
    }

    #[test]
    fn what_stands_for_more_than_one_is_told() {
        let policy =
            |action: &str, resource: &str| json!({"Statement": [{"Sid": "S", "Effect": "Allow", "Action": action, "Resource": resource}]});
        let told = |action: &str, resource: &str| rights(&policy(action, resource), &[]).wildcards();
        for resource in ["a:b:dynamodb:r:1:table/lake-cart", "a:b:s3:::lake-data/*", "a:b:es:r:1:domain/lake-search/lake-packages-*/_alias"]
        {
            assert_eq!(told("t:Get", resource), Vec::<String>::new(), "{resource}");
        }
        for resource in
            ["*", "a:b:s3:::*", "a:b:dynamodb:r:1:table/*", "a:b:*:r:1:table/lake-cart", "a:b:s3:::lake-*", "a:b:s3:::lake-a/*/b"]
        {
            assert_eq!(told("t:Get", resource), [format!("cart: statement S names {resource}")]);
        }
        assert_eq!(told("t:G*", "a"), ["cart: statement S allows t:G*"]);
        assert_eq!(told("xray:PutTraceSegments", "*"), Vec::<String>::new());
    }

    #[test]
    fn what_is_needed_and_not_allowed_is_told() {
        let policy = json!({"Statement": [{"Sid": "Read", "Effect": "Allow", "Action": "t:Get", "Resource": "table/a"}]});
        let rights = rights(&policy, &[("t:Get", "table/a"), ("t:Get", "table/b")]);
        assert_eq!(rights.not_allowed(), ["cart: t:Get on table/b is allowed by no statement"]);
        assert_eq!(rights.idle(), Vec::<String>::new());
    }

    #[test]
    fn what_aws_does_must_be_allowed() {
        let policy = json!({"Statement": [{"Sid": "Log", "Effect": "Allow", "Action": "logs:Put", "Resource": "*"}]});
        let mut rights = rights(&policy, &[]);
        let entry =
            json!({"sid": "Log", "actions": ["logs:Put", "logs:Make"], "functions": ["cart"], "reason": "it logs", "source": "AWS"});
        rights.on_behalf = vec![serde_json::from_value(entry).expect("an entry")];
        assert_eq!(rights.needless(), ["cart: statement Log must allow logs:Make: it logs"]);
        assert_eq!(rights.idle(), Vec::<String>::new());
    }
}
