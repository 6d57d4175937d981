//! Terraform, with its real provider, run in a copy of a root.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// How many resources are made at once: SQS alone takes 25 seconds for each queue, for the provider waits that long.
const PARALLEL: &str = "-parallelism=24";

/// A root, ready to be applied.
#[derive(Debug)]
pub struct Terraform {
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

/// What Terraform would do.
#[derive(Clone, Debug)]
pub struct Plan(Value);

impl Terraform {
    /// Copies `modules/` and `terraform/` into `scratch`, and prepares the root for the account that `environment` leads to.
    ///
    /// # Errors
    /// If Terraform or its provider can't be had.
    pub fn prepared(tree: &Path, scratch: &Path, root: &str, environment: Vec<(String, String)>) -> Result<Self> {
        for part in ["modules", "terraform"] {
            copy(&tree.join(part), &scratch.join(part))?;
        }
        let terraform = Self { folder: scratch.join("terraform").join(root), environment };
        let mut arguments = vec!["init".to_owned(), "-input=false".to_owned(), "-backend=false".to_owned()];
        if let Some(folder) = test_servers::terraform_plugins()? {
            arguments.push(format!("-plugin-dir={}", folder.display()));
        }
        terraform.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())?;
        Ok(terraform)
    }

    /// The root's copy.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Sets the root's inputs, all of them.
    ///
    /// # Errors
    /// If they can't be written.
    pub fn set(&self, inputs: &Value) -> Result<()> {
        Ok(fs::write(self.folder.join("terraform.tfvars.json"), serde_json::to_vec_pretty(inputs)?)?)
    }

    /// What the first apply would do for these inputs, beside those of the root's example; answers with the file that tells
    /// it as `terraform show -json` does.
    ///
    /// # Errors
    /// If it fails, with what Terraform said.
    pub fn plan_of_example(&self, inputs: &Value, name: &str) -> Result<PathBuf> {
        let (given, plan) = (self.folder.join(format!("{name}.tfvars.json")), format!("{name}.plan"));
        fs::write(&given, serde_json::to_vec_pretty(inputs)?)?;
        let given = format!("-var-file={}", given.display());
        self.run(&["plan", "-input=false", "-var-file=terraform.tfvars.example", &given, &format!("-out={plan}"), PARALLEL])?;
        Plan(serde_json::from_str(&self.run(&["show", "-json", &plan])?)?).written(&self.folder.join(format!("{name}.json")))
    }

    /// Applies.
    ///
    /// # Errors
    /// If it fails, with what Terraform said.
    pub fn apply(&self) -> Result<()> {
        self.run(&["apply", "-input=false", "-auto-approve", PARALLEL]).map(drop)
    }

    /// What an apply would do now.
    ///
    /// # Errors
    /// If it fails, with what Terraform said.
    pub fn plan(&self) -> Result<Plan> {
        self.run(&["plan", "-input=false", "-out=next.plan", PARALLEL])?;
        Ok(Plan(serde_json::from_str(&self.run(&["show", "-json", "next.plan"])?)?))
    }

    /// What was applied, as `terraform show -json` tells it.
    ///
    /// # Errors
    /// If it fails, with what Terraform said.
    pub fn state(&self) -> Result<Value> {
        Ok(serde_json::from_str(&self.run(&["show", "-json"])?)?)
    }

    /// The root's outputs by name.
    ///
    /// # Errors
    /// If it fails, with what Terraform said.
    pub fn outputs(&self) -> Result<Value> {
        let Value::Object(told) = serde_json::from_str(&self.run(&["output", "-json"])?)? else { bail!("outputs are an object") };
        Ok(told.into_iter().map(|(name, output)| (name, output["value"].clone())).collect())
    }

    /// Destroys.
    ///
    /// # Errors
    /// If it fails, with what Terraform said.
    pub fn destroy(&self) -> Result<()> {
        self.run(&["destroy", "-input=false", "-auto-approve", PARALLEL]).map(drop)
    }

    /// Runs a command of Terraform; answers with what it printed.
    ///
    /// # Errors
    /// If it fails, with the end of what it said.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new("terraform");
        // It may name a file that is not there.
        command.env_remove("TF_CLI_CONFIG_FILE").env("TF_IN_AUTOMATION", "1").env("CHECKPOINT_DISABLE", "1");
        command.envs(self.environment.iter().map(|(name, value)| (name, value))).current_dir(&self.folder);
        let (program, rest) = arguments.split_first().context("a command")?;
        command.arg(program);
        if !["output", "state"].contains(program) && !rest.contains(&"-json") {
            command.arg("-no-color");
        }
        let output = command.args(rest).output().context("install Terraform 1.11 or later")?;
        let said = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = said.lines().collect();
        let end = lines[lines.len().saturating_sub(60)..].join("\n");
        ensure!(output.status.success(), "terraform {program} failed: {end}");
        Ok(String::from_utf8(output.stdout)?)
    }
}

impl Plan {
    /// The whole plan, as `terraform show -json` tells it.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.0
    }

    /// Writes it into a file; answers with the file.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn written(&self, file: &Path) -> Result<PathBuf> {
        fs::write(file, self.0.to_string())?;
        Ok(file.to_path_buf())
    }

    /// Each attribute that would change, as `(address, attribute)`; a resource that would be made or removed is
    /// `(address, create)` and so on.
    #[must_use]
    pub fn changes(&self) -> Vec<(String, String)> {
        let resources = self.0["resource_changes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut changes: Vec<(String, String)> = resources.iter().flat_map(changed).collect();
        changes.sort();
        changes
    }
}

fn changed(resource: &Value) -> Vec<(String, String)> {
    let address = resource["address"].as_str().unwrap_or_default().to_owned();
    let change = &resource["change"];
    let actions: Vec<&str> = change["actions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match actions[..] {
        [] | ["no-op"] | ["read"] => Vec::new(),
        ["update"] => attributes(change).into_iter().map(|attribute| (address.clone(), attribute)).collect(),
        _ => vec![(address, actions.join(" and "))],
    }
}

/// The attributes whose value after is another or not known.
fn attributes(change: &Value) -> Vec<String> {
    let names = ["before", "after", "after_unknown"].iter().filter_map(|part| change[part].as_object()).flat_map(|part| part.keys());
    let mut names: Vec<&String> = names.collect();
    names.sort_unstable();
    names.dedup();
    let differs = |name: &&String| {
        let unknown = &change["after_unknown"][name.as_str()];
        let known =
            matches!(unknown, Value::Null | Value::Bool(false)) || unknown == &serde_json::json!([]) || unknown == &serde_json::json!({});
        !known || change["before"][name.as_str()] != change["after"][name.as_str()]
    };
    names.into_iter().filter(differs).cloned().collect()
}

/// Copies a folder, but for what Terraform keeps beside its sources.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("can't read {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let plain = name.to_string_lossy();
        if plain == ".terraform" || plain == "tests" || plain.contains(".tfstate") || plain.ends_with(".tfvars") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_tells_each_attribute_that_would_change() {
        let plan = Plan(json!({"resource_changes": [
            {"address": "a.same", "change": {"actions": ["no-op"], "before": {"x": 1}, "after": {"x": 1}}},
            {"address": "a.read", "change": {"actions": ["read"]}},
            {"address": "a.new", "change": {"actions": ["create"], "before": null, "after": {"x": 1}}},
            {"address": "a.other", "change": {"actions": ["delete", "create"], "before": {"x": 1}, "after": {"x": 2}}},
            {"address": "a.changed", "change": {
                "actions": ["update"],
                "before": {"x": 1, "y": 1, "z": [1], "gone": 1},
                "after": {"x": 2, "y": 1},
                "after_unknown": {"y": false, "z": true, "list": [], "made": {"inner": true}},
            }},
        ]}));
        let changes = plan.changes();
        let changes: Vec<(&str, &str)> = changes.iter().map(|(address, attribute)| (address.as_str(), attribute.as_str())).collect();
        let expected = [
            ("a.changed", "gone"),
            ("a.changed", "made"),
            ("a.changed", "x"),
            ("a.changed", "z"),
            ("a.new", "create"),
            ("a.other", "delete and create"),
        ];
        assert_eq!(changes, expected);
    }
}
