//! What the emulator does not read back as it was written: the second plan wants to change it again.

use std::{collections::BTreeSet, fs};

use anyhow::{Result, ensure};
use serde::Deserialize;

use crate::{Plan, tree};

/// More than so many would say that the emulator is not good enough for the claim.
const MOST: usize = 10;

/// One attribute, with the reason why AWS itself would have no such gap.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gap {
    address: String,
    attribute: String,
    reason: String,
}

/// Differences between what a second plan would change and `terraform/readback-gaps.json`: gaps that are not listed, and
/// listed ones that are gone. Both must be none.
///
/// # Errors
/// If the list can't be read, is too long, or has an entry without a reason or with a wildcard.
pub fn unlisted_gaps(plan: &Plan) -> Result<Vec<String>> {
    let list: Vec<Gap> = serde_json::from_slice(&fs::read(tree().join("terraform/readback-gaps.json"))?)?;
    ensure!(list.len() <= MOST, "{} gaps are listed: at most {MOST}", list.len());
    for gap in &list {
        ensure!(!gap.address.contains('*') && !gap.attribute.contains('*'), "no wildcard: {gap:?}");
        ensure!(gap.reason.contains("https://docs.aws.amazon.com/"), "say what AWS does, with its page: {gap:?}");
    }
    let listed: BTreeSet<(String, String)> = list.into_iter().map(|gap| (gap.address, gap.attribute)).collect();
    let found: BTreeSet<(String, String)> = plan.changes().into_iter().collect();
    let tell = |(address, attribute): &(String, String), what: &str| format!("{address} {attribute}: {what}");
    let new = found.difference(&listed).map(|gap| tell(gap, "would change, and is not listed"));
    let gone = listed.difference(&found).map(|gap| tell(gap, "is listed, and would not change"));
    Ok(new.chain(gone).collect())
}
