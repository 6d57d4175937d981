//! What a package must be by what was acknowledged, and what it is.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use datalake_tests_machine::{Lake, Person};
use serde_json::Value;

use crate::asking::{all, number, text};

/// A package, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) owner: String,
    pub(super) deleted: bool,
    pub(super) version: u64,
    pub(super) revision: u64,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) tags_version: u64,
    /// Current datasets by path.
    pub(super) files: BTreeMap<String, File>,
}

/// A dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) id: String,
    pub(super) sha256: String,
    pub(super) size: u64,
}

/// A package that was made, and what was taken out of it.
pub(super) struct Package {
    pub(super) id: String,
    pub(super) held: Held,
    /// Removed and replaced datasets with their paths: they can be restored.
    pub(super) removed: Vec<(String, File)>,
    /// Whether something was asked of it since it was last looked at.
    pub(super) touched: bool,
}

impl Held {
    /// A new one with one tag.
    pub(super) fn new(name: String, description: String, owner: String) -> Self {
        let tags = BTreeMap::from([("step".to_owned(), "0".to_owned())]);
        Self { name, description, owner, deleted: false, version: 1, revision: 1, tags, tags_version: 1, files: BTreeMap::new() }
    }

    /// With the descriptive part changed.
    pub(super) fn next_version(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }

    /// With the content changed.
    pub(super) fn next_revision(&self) -> Self {
        Self { revision: self.revision + 1, ..self.clone() }
    }
}

impl Package {
    pub(super) fn new(id: String, held: Held) -> Self {
        Self { id, held, removed: Vec::new(), touched: true }
    }

    /// It is like that now.
    pub(super) fn turn_into(&mut self, now: Held) {
        let gone = self.held.files.iter().filter(|(path, file)| now.files.get(*path) != Some(*file));
        self.removed.extend(gone.map(|(path, file)| (path.clone(), file.clone())));
        self.removed.retain(|(path, file)| now.files.get(path) != Some(file));
        self.held = now;
        self.touched = true;
    }

    /// What the server tells of it. Of a deleted one that is only its descriptive part.
    pub(super) async fn read(&self, lake: &Lake, person: &Person) -> anyhow::Result<Held> {
        let answer = lake.get(person, &format!("/packages/{}", self.id)).await?;
        if answer.status == 404 {
            let deleted = all(lake, person, "/packages?state=deleted").await?;
            let found = deleted.iter().find(|item| item["id"] == self.id.as_str()).with_context(|| format!("{} is lost", self.id))?;
            let (tags, files) = (self.held.tags.clone(), self.held.files.clone());
            return Held { deleted: true, tags, tags_version: self.held.tags_version, files, ..described(found)? }.counted(found);
        }
        let package = answer.expect(200)?.body;
        let tags = lake.get(person, &format!("/packages/{}/metadata", self.id)).await?.expect(200)?.body;
        ensure!(tags["tags"] == package["metadata"], "{} has other tags than their newest version: {package}, {tags}", self.id);
        let mut files = BTreeMap::new();
        for item in all(lake, person, &format!("/packages/{}/datasets", self.id)).await? {
            files.insert(
                text(&item, "name")?,
                File { id: text(&item, "id")?, sha256: text(&item, "sha256")?, size: number(&item, "size")? },
            );
        }
        let tags_of = tags["tags"].as_object().context("tags")?;
        let tags_of = tags_of.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
        Held { tags: tags_of, tags_version: number(&tags, "version")?, files, ..described(&package)? }.counted(&package)
    }
}

impl Held {
    /// Itself, if the package counts the files that it lists.
    fn counted(self, package: &Value) -> anyhow::Result<Self> {
        let counted = (number(package, "datasets")?, number(package, "bytes")?);
        let listed = (self.files.len() as u64, self.files.values().map(|file| file.size).sum());
        ensure!(counted == listed, "{} counts {counted:?}, and has {listed:?}", self.name);
        Ok(self)
    }
}

fn described(package: &Value) -> anyhow::Result<Held> {
    let mut held = Held::new(text(package, "name")?, text(package, "description")?, text(package, "owner")?);
    held.version = number(package, "version")?;
    held.revision = number(package, "revision")?;
    Ok(held)
}
