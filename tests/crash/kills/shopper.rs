//! Somebody who puts a package into the cart and checks out, again and again.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail, ensure};
use datalake_tests_machine::{Lake, Person, wait_until};
use serde_json::{Value, json};

use crate::asking::{Life, all, number, post_once, text};

const FILES: u64 = 3;

/// The shopper.
pub(super) struct Shopper {
    pub(super) person: Person,
    package: String,
    number: u32,
    /// The key of a checkout that was not answered.
    unknown: Option<String>,
    /// Exports that were answered.
    pub(super) exports: BTreeSet<String>,
    /// Those of them that are yet to be looked at.
    new: Vec<String>,
}

impl Shopper {
    /// With a package of somebody else's to export.
    pub(super) async fn new(lake: &Lake, owner: &Person, person: &Person) -> anyhow::Result<Self> {
        let package = lake.create_package(owner, "Goods").await?;
        for number in 0..FILES {
            lake.upload(owner, &package, &format!("{number}.csv"), "text/csv", format!("{number}\n").as_bytes()).await?;
        }
        Ok(Self { person: person.clone(), package, number: 0, unknown: None, exports: BTreeSet::new(), new: Vec::new() })
    }

    /// Checks out until the server is killed.
    pub(super) async fn work(&mut self, lake: &Lake, life: &Life) -> anyhow::Result<()> {
        while !life.is_over() {
            let item = json!({ "package_id": self.package });
            let adding = lake.post(&self.person, "/cart/items", &item);
            let Some(_) = life.ask(adding, &[200, 201]).await? else { return Ok(()) };
            self.number += 1;
            let key = format!("checkout {}", self.number);
            if !self.check_out(lake, life, &key).await? {
                self.unknown = Some(key);
            }
        }
        Ok(())
    }

    /// `false` if the server was killed meanwhile. Each checkout may find the cart emptied by the export before it.
    async fn check_out(&mut self, lake: &Lake, life: &Life, key: &str) -> anyhow::Result<bool> {
        let sending = post_once(lake, &self.person, "/cart/checkout", key, json!({ "format": "signed-url" }));
        let Some(answer) = life.ask(sending, &[202, 409]).await? else { return Ok(false) };
        if answer.status == 409 {
            ensure!(answer.body["code"] == "cart_empty", "{}", answer.body);
            return Ok(true);
        }
        let id = answer.text("/id")?;
        ensure!(self.exports.insert(id.clone()), "two checkouts are one export: {id}");
        self.new.push(id);
        Ok(true)
    }

    /// After a kill: there are the exports that were answered and no others, and each comes to its end with everything in it.
    pub(super) async fn settle(&mut self, lake: &Lake) -> anyhow::Result<()> {
        if let Some(key) = self.unknown.take() {
            ensure!(self.check_out(lake, &Life::endless(), &key).await?, "a checkout is not answered");
        }
        let listed = all(lake, &self.person, "/cart/exports").await?;
        let listed: BTreeSet<String> = listed.iter().map(|export| text(export, "id")).collect::<anyhow::Result<_>>()?;
        ensure!(listed == self.exports, "exports: {listed:?}, of which were answered {:?}", self.exports);
        let mut last = None;
        for id in std::mem::take(&mut self.new) {
            last = Some(self.ready(lake, &id).await?);
        }
        if let Some(export) = last {
            let manifest = lake.manifest(&export).await?;
            let entries = manifest["entries"].as_array().context("entries")?;
            ensure!(entries.len() as u64 == FILES, "{manifest}");
            let fetched = lake.fetch(entries[0]["url"].as_str().context("a URL")?).await?.expect(200)?;
            ensure!(fetched.bytes.len() as u64 == number(&entries[0], "size")?, "{manifest}");
        }
        Ok(())
    }

    async fn ready(&self, lake: &Lake, id: &str) -> anyhow::Result<Value> {
        let export = wait_until(&format!("export {id} is ready"), async || {
            let answer = lake.get(&self.person, &format!("/cart/exports/{id}")).await?.expect(200)?;
            match answer.text("/state")?.as_str() {
                "ready" => Ok(Some(answer.body)),
                "running" => Ok(None),
                _ => bail!("{}", answer.body),
            }
        })
        .await?;
        let entries = |which: &str| number(&export[which], "entries");
        ensure!(entries("expected")? == FILES && entries("written")? == FILES && export["skipped_count"] == 0, "{export}");
        Ok(export)
    }
}
