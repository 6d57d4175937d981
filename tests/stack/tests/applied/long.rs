//! What the long run adds: two deployments side by side in one account, and the federated root's changes and end.

use anyhow::{Context as _, Result, ensure};
use datalake_tests_stack::{PREFIX, Root, Stack, federated::Corporation};
use reqwest::Method;
use serde_json::{Value, json};

use crate::changes;

#[tokio::test(flavor = "multi_thread")]
async fn two_deployments_live_side_by_side_and_one_outlives_the_other() -> Result<()> {
    if test_servers::left_out("Terraform, an emulator of AWS and OpenSearch") || test_servers::only_long("a second deployment") {
        return Ok(());
    }
    let stack = Stack::applied(Root::Cognito).await?;
    let (second, outputs) = stack.beside("lake-two").await?;
    stack.is_settled().context("the first, with the second beside it")?;
    ensure!(tables(&stack, PREFIX).await? == 6 && tables(&stack, "lake-two").await? == 6, "each has its own tables");
    let address = outputs["api_url"].as_str().context("an address")?;
    ensure!(address != stack.api_url(), "each has its own address");
    tokio::task::block_in_place(|| second.destroy())?;
    ensure!(tables(&stack, "lake-two").await? == 0, "the second is gone");
    let answer = stack.http().get(format!("{}/healthz", stack.api_url())).send().await?;
    ensure!(answer.status() == 200, "the first answers {}", answer.status());
    stack.is_settled().context("the first, without the second")
}

async fn tables(stack: &Stack, prefix: &str) -> Result<usize> {
    let told = stack.account().json("dynamodb", "DynamoDB_20120810.ListTables", &json!({})).await?;
    let names = told["TableNames"].as_array().context("tables")?;
    Ok(names.iter().filter_map(|name| name.as_str()).filter(|name| name.starts_with(&format!("{prefix}-"))).count())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_federated_root_takes_a_changed_group_map_and_goes() -> Result<()> {
    if test_servers::left_out("Terraform, an emulator of AWS, OpenSearch and Keycloak") || test_servers::only_long("the other root's end") {
        return Ok(());
    }
    let (corporation, mut stack) = tokio::try_join!(Corporation::open(), Stack::prepared(Root::Federated, PREFIX))?;
    let mut inputs = stack.inputs();
    inputs["admin_group"] = json!("Lake Administrators");
    inputs["saml"] = json!({"metadata_xml": corporation.metadata().await?});
    stack.apply(&inputs).await?;
    stack.is_settled().context("the second plan")?;
    inputs["group_map"] = json!({"Rivers, Lakes & Seas": "rivers"});
    stack.apply(&inputs).await?;
    let path = format!("/2015-03-31/functions/{PREFIX}-identity/configuration?Qualifier=live");
    let identity = stack.account().rest("lambda", Method::GET, &path, None).await?;
    let told = identity["Environment"]["Variables"]["DATALAKE_GROUP_MAP"].as_str().context("a group map")?;
    ensure!(serde_json::from_str::<Value>(told)? == inputs["group_map"], "the function is told {told}");
    everything_goes_but_data_and_people_and_comes_again(&mut stack, &inputs).await?;
    changes::are_taken_back_by_destroying(&stack).await
}

/// What `docs/deploying.md` says of it, word for word.
async fn everything_goes_but_data_and_people_and_comes_again(stack: &mut Stack, inputs: &Value) -> Result<()> {
    let terraform = stack.terraform();
    let pool = stack.output("sign_in")["issuer"].clone();
    tokio::task::block_in_place(|| -> Result<()> {
        std::fs::write(terraform.folder().join("kept.tfstate"), terraform.run(&["state", "pull"])?)?;
        let kept = ["module.stack.module.foundation", "module.stack.module.audit", "module.stack.module.buckets", "module.identity"];
        terraform.run(&[&["state", "rm"], &kept[..]].concat())?;
        terraform.destroy()
    })?;
    ensure!(tables(stack, PREFIX).await? == 6, "the tables are kept");
    let functions = stack.account().rest("lambda", Method::GET, "/2015-03-31/functions/", None).await?;
    ensure!(functions["Functions"].as_array().context("functions")?.is_empty(), "functions are left: {functions}");
    tokio::task::block_in_place(|| stack.terraform().run(&["state", "push", "-force", "kept.tfstate"]))?;
    stack.apply(inputs).await?;
    ensure!(stack.output("sign_in")["issuer"] == pool, "people are where they were");
    stack.is_settled().context("what was kept is taken up again")
}
