//! What a deployment is changed by, and how it ends.

use anyhow::{Context as _, Result, ensure};
use datalake_tests_stack::Stack;
use reqwest::Method;
use serde_json::{Value, json};

/// More memory for one function, less time for others.
pub(crate) async fn of_sizes_reach_the_functions(stack: &mut Stack) -> Result<()> {
    let name = format!("{}-package-service", stack.prefix());
    let before = configuration(stack, &name).await?;
    let mut inputs = stack.inputs();
    inputs["functions"] =
        json!({"sizes": {"packages": {"memory_mb": 1024}, "manifest": {"timeout_seconds": 600}, "housekeeping": {"timeout_seconds": 600}}});
    stack.apply(&inputs).await?;
    let after = configuration(stack, &name).await?;
    ensure!(before["MemorySize"] == 512 && after["MemorySize"] == 1024, "{before} became {after}");
    for function in ["manifest-service", "housekeeping"] {
        let sized = configuration(stack, &format!("{}-{function}", stack.prefix())).await?;
        ensure!(sized["Timeout"] == 600, "{function} has {} s", sized["Timeout"]);
    }
    // The alias that the gateway calls leads to a new version, which answers.
    let answer = stack.http().get(format!("{}/packages", stack.api_url())).send().await?;
    ensure!(answer.status() == 401, "the new version answers {}", answer.status());
    Ok(())
}

/// Manifest and housekeeping get a minute for a call: less than what they want to have left before they begin a step, so
/// that from now on every step is a call of its own. The modules refuse so short a time, so the account's owner does it.
pub(crate) async fn of_time_leave_one_step_a_call(stack: &Stack) -> Result<()> {
    for function in ["manifest-service", "housekeeping"] {
        let name = format!("{}-{function}", stack.prefix());
        let path = format!("/2015-03-31/functions/{name}");
        let account = stack.account();
        account.rest("lambda", Method::PUT, &format!("{path}/configuration"), Some(&json!({"Timeout": 60}))).await?;
        let version = account.rest("lambda", Method::POST, &format!("{path}/versions"), Some(&json!({}))).await?;
        let live = json!({"FunctionVersion": version["Version"]});
        account.rest("lambda", Method::PUT, &format!("{path}/aliases/live"), Some(&live)).await?;
        let after = configuration(stack, &name).await?;
        ensure!(after["Timeout"] == 60, "{name} has {} s", after["Timeout"]);
    }
    Ok(())
}

/// The function as callers reach it: what its alias leads to.
async fn configuration(stack: &Stack, name: &str) -> Result<Value> {
    let path = format!("/2015-03-31/functions/{name}/configuration?Qualifier=live");
    stack.account().rest("lambda", Method::GET, &path, None).await
}

pub(crate) async fn are_taken_back_by_destroying(stack: &Stack) -> Result<()> {
    tokio::task::block_in_place(|| stack.terraform().destroy())?;
    let tables = stack.account().json("dynamodb", "DynamoDB_20120810.ListTables", &json!({})).await?;
    ensure!(tables["TableNames"].as_array().context("tables")?.is_empty(), "tables are left: {tables}");
    let functions = stack.account().rest("lambda", Method::GET, "/2015-03-31/functions/", None).await?;
    ensure!(functions["Functions"].as_array().context("functions")?.is_empty(), "functions are left: {functions}");
    Ok(())
}
