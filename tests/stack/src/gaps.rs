//! What the emulator does not read back as it was written: the second plan wants to change it again.

use std::{collections::BTreeSet, fs};

use anyhow::{Result, ensure};
use serde::Deserialize;

use crate::{Plan, Stack, tree};

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

impl Stack {
    /// Holds a second plan: nothing is to be done again, but for the listed gaps. Every value is known now that everything is
    /// there, so that the policy scanner is shown this plan, too.
    ///
    /// # Errors
    /// If something is to be done, or the scanner finds what is not explained.
    pub fn is_settled(&self) -> Result<()> {
        let plan = tokio::task::block_in_place(|| self.terraform().plan())?;
        let gaps = unlisted_gaps(&plan)?;
        ensure!(gaps.is_empty(), "{}", gaps.join("\n"));
        self.scan(&[plan.written(&self.folder().join("second.json"))?]).map(drop)
    }
}

/// Differences between what a second plan would change and `terraform/readback-gaps.json`: gaps that are not listed, and
/// listed ones that are gone. Both must be none.
///
/// # Errors
/// If the list can't be read, is too long, or has an entry without a reason or with a wildcard.
fn unlisted_gaps(plan: &Plan) -> Result<Vec<String>> {
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
