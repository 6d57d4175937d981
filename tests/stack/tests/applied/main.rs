//! The Cognito root: applied, used for the product's whole job, held to the least rights, changed, and destroyed.
//!
//! One deployment serves all steps, for each takes minutes to apply; every step names itself where it fails.

mod changes;

use anyhow::{Context as _, Result};
use datalake_tests_stack::{Root, Stack, unlisted_gaps};

#[tokio::test(flavor = "multi_thread")]
async fn the_applied_root_does_the_whole_job() -> Result<()> {
    if test_servers::left_out("Terraform, an emulator of AWS, OpenSearch, npm, curl and boto3") {
        return Ok(());
    }
    let mut stack = Stack::applied(Root::Cognito).await?;
    nothing_is_to_be_done_again(&stack).context("the second plan")?;
    stack.fire_schedule().await.context("the schedule's target")?;
    println!("{}", stack.journey().await?);
    no_call_was_denied(&stack)?;
    changes::of_a_size_reach_the_function(&mut stack).await.context("a change of a size")?;
    changes::are_taken_back_by_destroying(&stack).await.context("the end")
}

fn nothing_is_to_be_done_again(stack: &Stack) -> Result<()> {
    let plan = tokio::task::block_in_place(|| stack.terraform().plan())?;
    let gaps = unlisted_gaps(&plan)?;
    anyhow::ensure!(gaps.is_empty(), "{}", gaps.join("\n"));
    Ok(())
}

/// Whoever is refused something works around it, or fails: either way its policy lacks what its code needs.
fn no_call_was_denied(stack: &Stack) -> Result<()> {
    let denied: Vec<String> = stack
        .calls()?
        .into_iter()
        .filter(|call| !call.allowed)
        .filter_map(|call| Some(format!("{} may not {} on {}", call.role()?, call.action, call.resource)))
        .collect();
    anyhow::ensure!(denied.is_empty(), "{}", denied.join("\n"));
    Ok(())
}
