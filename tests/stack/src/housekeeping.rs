//! The schedule: the emulator keeps it and does not fire it, so it is read back and its target invoked with its input.

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::Value;

use crate::Stack;

impl Stack {
    /// Does what the scheduler does when the time has come: invokes the schedule's target with its input.
    ///
    /// # Errors
    /// If there is no such schedule, or the function fails.
    pub async fn fire_schedule(&self) -> Result<()> {
        let name = format!("{}-housekeeping", self.prefix());
        let schedule =
            self.account().rest("scheduler", Method::GET, &format!("/schedules/{name}?groupName={}", self.prefix()), None).await?;
        ensure!(schedule["State"] == "ENABLED", "the schedule is not enabled: {schedule}");
        let target = &schedule["Target"];
        let function = target["Arn"].as_str().context("a target")?;
        let input: Value = serde_json::from_str(target["Input"].as_str().context("an input")?)?;
        self.invoke(function, &input).await.map(drop)
    }

    /// Invokes a function and waits for its answer.
    ///
    /// # Errors
    /// If it fails, with what it says.
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Value> {
        let path = format!("/2015-03-31/functions/{}/invocations", function.replace(':', "%3A"));
        let answer = self.account().rest("lambda", Method::POST, &path, Some(event)).await?;
        ensure!(answer.get("errorMessage").is_none(), "{function} failed: {answer}");
        Ok(answer)
    }
}
