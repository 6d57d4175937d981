//! The Cognito root: applied, used for the product's whole job, held to the least rights, changed, and destroyed.
//!
//! One deployment serves all steps, for each takes minutes to apply; every step names itself where it fails. What the
//! emulator does otherwise than AWS is written down in `emulator/mend.py`, and in `terraform/readback-gaps.json`.

mod access;
mod apply;
mod changes;
mod long;
mod permissions;
mod scan;

use anyhow::{Context as _, Result, ensure};
use datalake_tests_stack::{Root, Stack, wait_until};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_applied_root_does_the_whole_job_with_the_least_rights() -> Result<()> {
    if test_servers::left_out("Terraform, an emulator of AWS, OpenSearch, npm, curl and boto3") {
        return Ok(());
    }
    let mut stack = Stack::applied(Root::Cognito).await?;
    stack.is_settled().context("the second plan")?;
    apply::needed_no_more_than_its_policy(&stack).context("the policy to apply with")?;
    access::policies_are_these(&stack).context("access policies")?;
    stack.fire_schedule().await.context("the schedule's target")?;
    println!("{}", stack.journey().await?);
    println!("{}", stack.errands("first").await?);
    // While it has more than a minute: what changed in the directory is looked for only if there is enough time.
    stack.fire_schedule().await.context("what changed in the directory")?;
    changes::of_sizes_reach_the_functions(&mut stack).await.context("a change of sizes")?;
    changes::of_time_leave_one_step_a_call(&stack).await.context("a minute a call")?;
    println!("{}", stack.errands("second").await?);
    stack.fire_schedule().await.context("what is due")?;
    all_work_is_done(&stack).await?;
    println!("{}", stack.verify_audit_log().await?);
    permissions::are_the_least(&stack).context("least privilege")?;
    changes::are_taken_back_by_destroying(&stack).await.context("the end")?;
    apply::needed_no_more_than_its_policy(&stack).context("the policy to apply with, in the end")
}

/// Every queue is empty, and nobody works at a message.
async fn all_work_is_done(stack: &Stack) -> Result<()> {
    let queues = stack.account().json("sqs", "AmazonSQS.ListQueues", &json!({})).await?;
    let urls: Vec<String> = serde_json::from_value(queues["QueueUrls"].clone())?;
    wait_until("all queues are empty", async || {
        for url in &urls {
            let input = json!({"QueueUrl": url, "AttributeNames": ["All"]});
            let told = stack.account().json("sqs", "AmazonSQS.GetQueueAttributes", &input).await?;
            let count = |name: &str| told["Attributes"][name].as_str().map(str::to_owned);
            for name in ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] {
                if count(name).as_deref() != Some("0") {
                    ensure!(!url.contains("-dead"), "{url} holds dead letters");
                    return Ok(None);
                }
            }
        }
        Ok(Some(()))
    })
    .await
}
