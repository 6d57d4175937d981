//! Least privilege: what functions may do is what `docs/permissions.md` says of the other root, but for how somebody is
//! looked up, and that was needed here.

use std::{collections::BTreeSet, fs};

use anyhow::{Result, ensure};
use datalake_tests_stack::{PERMISSIONS, Stack, tree};

/// What is allowed there and not here (`-`), and the other way round (`+`): function, statement, action and what it is about.
const OTHERWISE: [&str; 6] = [
    "+ authorizer ReadUserRecords cognito-idp:ListUsers `cognito-idp:userpool/pool`",
    "+ profile-service UseDirectory cognito-idp:ListUsers `cognito-idp:userpool/pool`",
    "- authorizer ReadUserRecords cognito-idp:AdminGetUser `cognito-idp:userpool/pool`",
    "- housekeeping ReadDirectory cognito-idp:AdminGetUser `cognito-idp:userpool/pool`",
    "- housekeeping ReadDirectory cognito-idp:AdminListGroupsForUser `cognito-idp:userpool/pool`",
    "- profile-service UseDirectory cognito-idp:AdminGetUser `cognito-idp:userpool/pool`",
];

/// The statements that are not the same, as findings name them.
const LOOK_UPS: [&str; 3] =
    ["authorizer: statement ReadUserRecords", "housekeeping: statement ReadDirectory", "profile-service: statement UseDirectory"];

pub(crate) fn is_what_differs(stack: &Stack) -> Result<()> {
    let rights = stack.rights()?;
    let mut wrong = [stack.denied()?, rights.wildcards(), rights.not_allowed()].concat();
    // The product's whole job is done under the other root: here, not everything is needed that is the same there.
    wrong.extend(rights.needless().into_iter().filter(|found| LOOK_UPS.iter().any(|place| found.starts_with(place))));
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    let (here, there) = (rows(&rights.report()), rows(&fs::read_to_string(tree().join(PERMISSIONS))?));
    let more = here.difference(&there).map(|row| format!("+ {row}"));
    let less = there.difference(&here).map(|row| format!("- {row}"));
    let differ: Vec<String> = more.chain(less).collect();
    ensure!(differ == OTHERWISE, "what differs from the other root:\n{}", differ.join("\n"));
    Ok(())
}

/// Function, statement, action and what it is about, of each row of a report.
fn rows(report: &str) -> BTreeSet<String> {
    let mut function = "";
    let mut rows = BTreeSet::new();
    for line in report.lines() {
        let mut cells = line.split('|').map(str::trim).skip(1);
        if let Some(name) = line.strip_prefix("## ") {
            function = name;
        } else if let (Some(statement), Some(action), Some(on)) =
            (cells.next(), cells.next().filter(|action| action.contains(':')), cells.next())
        {
            rows.insert(format!("{function} {statement} {action} {on}"));
        }
    }
    rows
}
