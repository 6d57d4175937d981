//! Somebody who makes packages and changes them, one step after the other; what the last step did is unknown if the server
//! was killed meanwhile.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use datalake_tests_machine::{Lake, Person, sha256, wait_until};
use reqwest::Method;
use serde_json::{Value, json};

use super::held::{File, Held, Package};
use crate::{
    asking::{Life, all, post_once, send, text},
    dice::Dice,
};

/// Paths that files go to: few, so that they replace each other.
const PATHS: [&str; 4] = ["a.csv", "b/c.csv", "b/d.csv", "e.txt"];
const STEP: &str = "step";

/// A step, before it is taken.
enum Step {
    Create { key: String, held: Held },
    Change(Change),
    Upload(Upload),
}

/// One request, which leads from one state of a package to another.
struct Change {
    package: usize,
    method: Method,
    path: String,
    if_match: Option<u64>,
    body: Value,
    status: u16,
    after: Held,
}

/// A file on its way, by several requests.
struct Upload {
    package: usize,
    path: &'static str,
    bytes: Vec<u8>,
    key: String,
    /// The dataset and what is to be sent, as answered.
    registered: Option<(String, Value)>,
    sent: bool,
    /// Whether completing it was asked for.
    completing: bool,
}

/// The author.
pub(super) struct Author {
    name: &'static str,
    pub(super) person: Person,
    own_id: String,
    heir: String,
    dice: Dice,
    pub(super) steps: u64,
    /// Steps that were not answered.
    pub(super) hit: u64,
    packages: Vec<Package>,
    unknown: Option<Step>,
}

impl Author {
    pub(super) fn new(name: &'static str, person: &Person, own_id: &str, heir: &str, dice: Dice) -> Self {
        let (own_id, heir) = (own_id.to_owned(), heir.to_owned());
        Self { name, person: person.clone(), own_id, heir, dice, steps: 0, hit: 0, packages: Vec::new(), unknown: None }
    }

    /// Takes steps until the server is killed.
    pub(super) async fn work(&mut self, lake: &Lake, life: &Life) -> anyhow::Result<()> {
        while !life.is_over() {
            self.steps += 1;
            let mut step = self.choose();
            if !self.take(lake, life, &mut step).await? {
                self.unknown = Some(step);
                self.hit += 1;
            }
        }
        Ok(())
    }

    /// After a kill: the last step was taken whole or not at all, and everything before it is there; the search follows.
    pub(super) async fn settle(&mut self, lake: &Lake) -> anyhow::Result<()> {
        let life = Life::endless();
        match self.unknown.take() {
            None => {}
            Some(mut step @ Step::Create { .. }) => self.create_again(lake, &life, &mut step).await?,
            Some(Step::Change(change)) => self.find_out(lake, change.package, Some(change.after)).await?,
            Some(Step::Upload(upload)) => {
                let after = match &upload.registered {
                    Some((id, _)) if upload.completing => Some(self.with_file(&upload, id)),
                    _ => None,
                };
                self.find_out(lake, upload.package, after).await?;
                ensure!(self.take(lake, &life, &mut Step::Upload(upload)).await?, "an upload that began is not ended");
            }
        }
        for package in self.packages.iter_mut().filter(|package| package.touched) {
            let now = package.read(lake, &self.person).await?;
            ensure!(now == package.held, "{} is {now:?}, and should be {:?}", package.id, package.held);
            found_as_it_is(lake, &self.person, package).await?;
            package.touched = false;
        }
        Ok(())
    }

    /// Every package with its history, in which each change stands once.
    pub(super) async fn look_at_everything(&mut self, lake: &Lake) -> anyhow::Result<()> {
        self.packages.iter_mut().for_each(|package| package.touched = true);
        self.settle(lake).await?;
        for package in self.packages.iter().filter(|package| !package.held.deleted) {
            told_once(lake, &self.person, package).await?;
        }
        Ok(())
    }

    /// What became of the change that was not answered: nothing, or all of it.
    async fn find_out(&mut self, lake: &Lake, place: usize, after: Option<Held>) -> anyhow::Result<()> {
        let package = &mut self.packages[place];
        let now = package.read(lake, &self.person).await?;
        // Of one that was deleted the rest is compared once it is restored.
        if after.as_ref() == Some(&now) {
            package.turn_into(now);
        } else if now != package.held {
            bail!("{} is {now:?}; it was {:?} and would be {after:?}", package.id, package.held);
        }
        package.touched = true;
        Ok(())
    }

    /// A creation is repeated under its key: there is one package then, and one that was there already is the one.
    async fn create_again(&mut self, lake: &Lake, life: &Life, step: &mut Step) -> anyhow::Result<()> {
        let Step::Create { held, .. } = &*step else { return Ok(()) };
        let name = held.name.clone();
        let before = self.named(lake, &name).await?;
        ensure!(self.take(lake, life, step).await?, "a creation is not answered");
        let made = self.packages.last().context("a package")?;
        ensure!(before.iter().all(|id| *id == made.id), "{name} was there as {before:?} and is {} now", made.id);
        let after = self.named(lake, &name).await?;
        ensure!(after == [made.id.as_str()], "{name} is there as {after:?}");
        Ok(())
    }

    async fn named(&self, lake: &Lake, name: &str) -> anyhow::Result<Vec<String>> {
        let own = all(lake, &self.person, "/packages").await?;
        own.iter().filter(|item| item["name"] == name).map(|item| text(item, "id")).collect()
    }

    /// Takes a step; `false` if the server was killed meanwhile.
    async fn take(&mut self, lake: &Lake, life: &Life, step: &mut Step) -> anyhow::Result<bool> {
        match step {
            Step::Create { key, held } => {
                let body = json!({
                    "name": held.name, "description": held.description, "visibility": "everyone", "metadata": held.tags,
                });
                let Some(answer) = life.ask(post_once(lake, &self.person, "/packages", key, body), &[201]).await? else {
                    return Ok(false);
                };
                self.packages.push(Package::new(answer.text("/id")?, held.clone()));
            }
            Step::Change(change) => {
                let headers: Vec<(&str, String)> = change.if_match.iter().map(|version| ("if-match", format!("\"{version}\""))).collect();
                let sending = send(lake, &self.person, change.method.clone(), &change.path, &headers, change.body.clone());
                let Some(_) = life.ask(sending, &[change.status]).await? else { return Ok(false) };
                self.packages[change.package].turn_into(change.after.clone());
            }
            Step::Upload(upload) => return self.upload(lake, life, upload).await,
        }
        Ok(true)
    }

    /// Goes on with an upload from where it is known to be.
    async fn upload(&mut self, lake: &Lake, life: &Life, upload: &mut Upload) -> anyhow::Result<bool> {
        let path = format!("/packages/{}/datasets", self.packages[upload.package].id);
        if upload.registered.is_none() {
            let entry =
                json!({ "name": upload.path, "size": upload.bytes.len(), "content_type": "text/csv", "sha256": sha256(&upload.bytes) });
            let sending = post_once(lake, &self.person, &path, &upload.key, json!({ "datasets": [entry] }));
            let Some(answer) = life.ask(sending, &[200]).await? else { return Ok(false) };
            upload.registered = Some((answer.text("/results/0/dataset/id")?, answer.body["results"][0]["upload"].clone()));
        }
        let (id, signed) = upload.registered.clone().context("registered")?;
        if !upload.sent {
            // 412: what was sent before the kill arrived.
            let Some(_) = life.ask(lake.send_signed(&signed, &upload.bytes), &[200, 412]).await? else { return Ok(false) };
            upload.sent = true;
        }
        upload.completing = true;
        let path = format!("{path}/{id}/complete");
        let sending = lake.post(&self.person, &path, &Value::Null);
        let Some(answer) = life.ask(sending, &[200]).await? else { return Ok(false) };
        ensure!(answer.body["state"] == "available", "completed, and {}", answer.body);
        let after = self.with_file(upload, &id);
        if self.packages[upload.package].held.files.get(upload.path) != after.files.get(upload.path) {
            self.packages[upload.package].turn_into(after);
        }
        Ok(true)
    }

    fn with_file(&self, upload: &Upload, id: &str) -> Held {
        let mut after = self.packages[upload.package].held.next_revision();
        let file = File { id: id.to_owned(), sha256: sha256(&upload.bytes), size: upload.bytes.len() as u64 };
        after.files.insert(upload.path.to_owned(), file);
        after
    }

    fn choose(&mut self) -> Step {
        let living: Vec<usize> = (0..self.packages.len()).filter(|place| !self.packages[*place].held.deleted).collect();
        // Mostly the newest: what was just done is what a kill may undo.
        let recent = &living[living.len().saturating_sub(3)..];
        let (kind, place) = (self.dice.below(12), self.dice.pick(recent).copied());
        match (kind, place) {
            (2 | 3, Some(place)) => Step::Change(self.tag(place)),
            (4, Some(place)) => Step::Change(self.describe(place)),
            (5..=7, Some(place)) => self.new_upload(place),
            (8, Some(place)) => self.remove(place).map_or_else(|| self.create(), Step::Change),
            (9, Some(place)) => self.restore_file(place).map_or_else(|| self.create(), Step::Change),
            (10, Some(place)) => self.delete_or_restore(place),
            (11, Some(place)) if self.packages[place].held.owner == self.own_id => Step::Change(self.transfer(place)),
            _ => self.create(),
        }
    }

    fn create(&self) -> Step {
        let name = format!("Package {}q{}", self.name, self.steps);
        Step::Create { key: name.clone(), held: Held::new(name, self.edition(), self.own_id.clone()) }
    }

    /// A word that the search finds this state by.
    fn edition(&self) -> String {
        format!("Edition {}e{}", self.name, self.steps)
    }

    fn change(&self, place: usize, method: Method, path: &str, body: Value, after: Held) -> Change {
        let path = format!("/packages/{}{path}", self.packages[place].id);
        let status = if method == Method::DELETE { 204 } else { 200 };
        Change { package: place, method, path, if_match: None, body, status, after }
    }

    fn tag(&self, place: usize) -> Change {
        let before = &self.packages[place].held;
        let tags = BTreeMap::from([(STEP.to_owned(), self.steps.to_string()), (format!("tag{}", self.steps % 7), self.name.to_owned())]);
        let after = Held { tags: tags.clone(), tags_version: before.tags_version + 1, ..before.next_revision() };
        let body = json!({ "tags": tags });
        Change { if_match: Some(before.tags_version), ..self.change(place, Method::PUT, "/metadata", body, after) }
    }

    fn describe(&self, place: usize) -> Change {
        let before = &self.packages[place].held;
        let after = Held { description: self.edition(), ..before.next_version() };
        let body = json!({ "description": after.description });
        Change { if_match: Some(before.version), ..self.change(place, Method::PATCH, "", body, after) }
    }

    fn new_upload(&mut self, place: usize) -> Step {
        let path = self.dice.pick(&PATHS).copied().unwrap_or(PATHS[0]);
        let lines = usize::try_from(1 + self.dice.below(3_000)).unwrap_or(1);
        let bytes = format!("{},{},{path}\n", self.name, self.steps).repeat(lines).into_bytes();
        let key = format!("upload {} {}", self.name, self.steps);
        Step::Upload(Upload { package: place, path, bytes, key, registered: None, sent: false, completing: false })
    }

    fn remove(&mut self, place: usize) -> Option<Change> {
        let mut after = self.packages[place].held.next_revision();
        let paths: Vec<String> = after.files.keys().cloned().collect();
        let file = after.files.remove(self.dice.pick(&paths)?)?;
        Some(self.change(place, Method::DELETE, &format!("/datasets/{}", file.id), Value::Null, after))
    }

    fn restore_file(&mut self, place: usize) -> Option<Change> {
        let mut after = self.packages[place].held.next_revision();
        let (path, file) = self.dice.pick(&self.packages[place].removed)?.clone();
        after.files.insert(path, file.clone());
        Some(self.change(place, Method::POST, &format!("/datasets/{}/restore", file.id), Value::Null, after))
    }

    fn delete_or_restore(&mut self, place: usize) -> Step {
        let deleted = self.packages.iter().rposition(|package| package.held.deleted);
        if let (Some(place), true) = (deleted, self.dice.below(2) == 0) {
            let after = Held { deleted: false, ..self.packages[place].held.next_version() };
            return Step::Change(self.change(place, Method::POST, "/restore", Value::Null, after));
        }
        if self.packages[place].held.owner != self.own_id {
            return self.create();
        }
        let after = Held { deleted: true, ..self.packages[place].held.next_version() };
        Step::Change(self.change(place, Method::DELETE, "", Value::Null, after))
    }

    fn transfer(&self, place: usize) -> Change {
        let after = Held { owner: self.heir.clone(), ..self.packages[place].held.next_version() };
        let if_match = Some(self.packages[place].held.version);
        Change { if_match, ..self.change(place, Method::PUT, "/owner", json!({ "owner": self.heir }), after) }
    }
}

/// The search has the package as it is, or has it not if it is deleted.
async fn found_as_it_is(lake: &Lake, person: &Person, package: &Package) -> anyhow::Result<()> {
    let word = |text: &str| text.split(' ').next_back().unwrap_or_default().to_owned();
    let query = format!("/search?q={}%20{}", word(&package.held.name), word(&package.held.description));
    let wanted = usize::from(!package.held.deleted);
    wait_until(&format!("{} is found {wanted} times as {query}", package.id), async || {
        let answer = lake.get(person, &query).await?.expect(200)?;
        let hits = answer.body["items"].as_array().context("hits")?;
        let same = |hit: &Value| hit["id"] == package.id.as_str() && hit["owner"] == package.held.owner.as_str();
        Ok((hits.len() == wanted && hits.iter().all(same)).then_some(()))
    })
    .await
}

/// The package's history has every change of the descriptive part and of the tags, and each once.
async fn told_once(lake: &Lake, person: &Person, package: &Package) -> anyhow::Result<()> {
    let path = format!("/packages/{}/history", package.id);
    let wanted = (1, package.held.version - 1, package.held.tags_version - 1);
    wait_until(&format!("the history of {} has {wanted:?}", package.id), async || {
        let items = all(lake, person, &path).await?;
        let count = |actions: &[&str]| items.iter().filter(|item| actions.iter().any(|action| item["action"] == *action)).count() as u64;
        let described = ["package.update", "package.delete", "package.restore", "package.transfer"];
        let told = (count(&["package.create"]), count(&described), count(&["metadata.write"]));
        ensure!(told.0 <= wanted.0 && told.1 <= wanted.1 && told.2 <= wanted.2, "{path} tells {told:?} of {wanted:?}: {items:?}");
        Ok((told == wanted).then_some(()))
    })
    .await
}
