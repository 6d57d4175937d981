//! Somebody who imports existing objects, each time into a new package.

use anyhow::{Context as _, bail, ensure};
use datalake_tests_machine::{Answer, Lake, Person, wait_until};
use reqwest::Method;
use serde_json::json;

use crate::{
    asking::{Life, all, number, post_once},
    elsewhere::{self, BUCKET},
};

/// Lines of each manifest that name nothing.
const BAD: u64 = 3;

/// An import on its way.
struct Import {
    name: String,
    package: Option<String>,
    id: Option<String>,
}

/// The importer.
pub(super) struct Importer {
    pub(super) person: Person,
    objects: u32,
    pub(super) number: u32,
    /// What is not known to be done.
    current: Option<Import>,
    done: Vec<(String, String)>,
}

impl Importer {
    pub(super) fn new(person: &Person, objects: u32) -> Self {
        Self { person: person.clone(), objects, number: 0, current: None, done: Vec::new() }
    }

    /// Imports until the server is killed.
    pub(super) async fn work(&mut self, lake: &Lake, life: &Life) -> anyhow::Result<()> {
        while !life.is_over() {
            let mut import = self.current.take().unwrap_or_else(|| self.next());
            if self.advance(lake, life, &mut import).await? {
                let (Some(package), Some(id)) = (import.package, import.id) else { bail!("done without a beginning") };
                self.done.push((package, id));
            } else {
                self.current = Some(import);
            }
        }
        Ok(())
    }

    /// After a kill: the import goes on by itself, and counts as if nothing had been.
    pub(super) async fn settle(&mut self, lake: &Lake) -> anyhow::Result<()> {
        let life = Life::endless();
        if let Some(mut import) = self.current.take() {
            ensure!(self.begin(lake, &life, &mut import).await?, "an import is not answered");
            let (Some(package), Some(id)) = (import.package, import.id) else { bail!("begun without ids") };
            let path = format!("/packages/{package}/imports");
            wait_until(&format!("{path}/{id} is done"), async || {
                let answer = lake.get(&self.person, &format!("{path}/{id}")).await?.expect(200)?;
                Ok((answer.body["state"] != "running").then_some(()))
            })
            .await?;
            self.done.push((package, id));
        }
        // Those of the life that has ended; the others were looked at before.
        for (package, id) in std::mem::take(&mut self.done) {
            self.look(lake, &package, &id).await?;
        }
        Ok(())
    }

    fn next(&mut self) -> Import {
        self.number += 1;
        Import { name: format!("Import {}", self.number), package: None, id: None }
    }

    /// Package and import, each under its key; `false` if the server was killed meanwhile.
    async fn begin(&self, lake: &Lake, life: &Life, import: &mut Import) -> anyhow::Result<bool> {
        if import.package.is_none() {
            let body = json!({ "name": import.name, "visibility": "everyone" });
            let Some(answer) = life.ask(post_once(lake, &self.person, "/packages", &import.name, body), &[201]).await? else {
                return Ok(false);
            };
            import.package = Some(answer.text("/id")?);
        }
        let package = import.package.as_deref().context("a package")?;
        if import.id.is_none() {
            let Some(answer) = life.ask(self.start(lake, package, &import.name), &[202]).await? else { return Ok(false) };
            import.id = Some(answer.text("/id")?);
        }
        Ok(true)
    }

    /// Begins, and looks whether it is done.
    async fn advance(&self, lake: &Lake, life: &Life, import: &mut Import) -> anyhow::Result<bool> {
        if !self.begin(lake, life, import).await? {
            return Ok(false);
        }
        let (package, id) = (import.package.as_deref().unwrap_or_default(), import.id.as_deref().unwrap_or_default());
        let answer = life.ask(lake.get(&self.person, &format!("/packages/{package}/imports/{id}")), &[200]).await?;
        Ok(answer.is_some_and(|answer| answer.body["state"] != "running"))
    }

    async fn start(&self, lake: &Lake, package: &str, key: &str) -> anyhow::Result<Answer> {
        let good = (0..self.objects).map(|number| format!("{BUCKET},{}\n", elsewhere::key(number)));
        let manifest: String = good.chain((0..BAD).map(|number| format!("{BUCKET},nothing/{number}\n"))).collect();
        let request = lake.request(Method::POST, &self.person, &format!("/packages/{package}/imports"));
        let request = request.header("idempotency-key", key).header("content-type", "text/csv");
        Answer::read(request.body(format!("bucket,key\n{manifest}")).send().await?).await
    }

    /// One import, every line counted once, every object a dataset once.
    async fn look(&self, lake: &Lake, package: &str, id: &str) -> anyhow::Result<()> {
        let imports = all(lake, &self.person, &format!("/packages/{package}/imports")).await?;
        let [import] = imports.as_slice() else { bail!("{package} has the imports {imports:?}, and should have {id} alone") };
        let good = u64::from(self.objects);
        let counts = ["read", "added", "skipped", "failed"].map(|name| number(import, name).unwrap_or(u64::MAX));
        ensure!(import["id"] == id && import["state"] == "done" && counts == [good + BAD, good, 0, BAD], "{package}: {import}");
        let failures = all(lake, &self.person, &format!("/packages/{package}/imports/{id}/failures")).await?;
        ensure!(failures.len() as u64 == BAD, "{package}: {failures:?}");
        let listed = all(lake, &self.person, &format!("/packages/{package}/datasets")).await?.len() as u64;
        let told = lake.get(&self.person, &format!("/packages/{package}")).await?.expect(200)?.body;
        ensure!(listed == good && number(&told, "datasets")? == good, "{package} lists {listed} of {good}: {told}");
        Ok(())
    }
}
