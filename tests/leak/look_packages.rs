//! What a caller sees of packages: each surface of what is visible, and nothing of what is hidden.

use std::collections::BTreeSet;

use domain::{DatasetId, ImportId};
use serde_json::{Value, json};
use testkit::builders::{dataset_id, ulid};

use crate::{
    finding::{Finding, Kind, Outcome, equal, same},
    lake::Sent,
    model::{Dataset, Package, Shared, State},
    oracle::{READ_DELETED, RESTORE, Says, Viewer},
    world::{World, ids, texts},
};

/// The number of an id that nothing ever has.
const NEVER: u64 = 999_999_999;
const PLACE: &str = "packages";

/// What a surface below a package is about.
struct About {
    package: String,
    dataset: String,
    import: String,
}

impl About {
    fn never() -> Self {
        Self {
            package: testkit::builders::package_id(NEVER).to_string(),
            dataset: dataset_id(NEVER).to_string(),
            import: ImportId::new(ulid(NEVER)).to_string(),
        }
    }

    fn path(&self, surface: &str) -> String {
        let path = surface.replace("{id}", &self.package).replace("{dataset}", &self.dataset);
        path.replace("{import}", &self.import)
    }
}

/// Everything that can be read of a package.
const SURFACES: [&str; 15] = [
    "/packages/{id}",
    "/packages/{id}/metadata",
    "/packages/{id}/metadata/versions",
    "/packages/{id}/metadata/versions/1",
    "/packages/{id}/datasets",
    "/packages/{id}/datasets?delimiter=%2F",
    "/packages/{id}/datasets?state=pending",
    "/packages/{id}/datasets?state=removed",
    "/packages/{id}/datasets/{dataset}",
    "/packages/{id}/datasets/{dataset}/download",
    "/packages/{id}/datapackage.json",
    "/packages/{id}/imports",
    "/packages/{id}/imports/{import}",
    "/packages/{id}/imports/{import}/failures",
    "/packages/{id}/history",
];

/// What may be tried to come by another package's things.
const FOREIGN: [(&str, &str); 3] = [
    ("a foreign dataset", "/packages/{id}/datasets/{dataset}"),
    ("a foreign download", "/packages/{id}/datasets/{dataset}/download"),
    ("a foreign import", "/packages/{id}/imports/{import}"),
];

/// Everything that can be tried with a package.
const CHANGES: [(&str, &str); 16] = [
    ("PATCH", "/packages/{id}"),
    ("DELETE", "/packages/{id}"),
    ("POST", "/packages/{id}/restore"),
    ("PUT", "/packages/{id}/owner"),
    ("PUT", "/packages/{id}/metadata"),
    ("PATCH", "/packages/{id}/metadata"),
    ("POST", "/packages/{id}/datasets"),
    ("POST", "/packages/{id}/datasets/complete"),
    ("DELETE", "/packages/{id}/datasets/{dataset}"),
    ("POST", "/packages/{id}/datasets/{dataset}/complete"),
    ("POST", "/packages/{id}/datasets/{dataset}/restore"),
    ("POST", "/packages/{id}/datasets/{dataset}/parts"),
    ("GET", "/packages/{id}/datasets/{dataset}/parts"),
    ("POST", "/packages/{id}/imports"),
    ("POST", "/cart/items"),
    ("GET", "/packages/{id}/imports/{import}"),
];

impl World {
    pub(crate) async fn look_at_packages(&self, viewer: Viewer) -> Outcome {
        self.look_at_lists(viewer).await?;
        for (number, package) in self.model.packages.iter().enumerate() {
            if self.model.sees(viewer, number) {
                self.look_at_visible(viewer, number, package).await?;
            } else {
                self.look_at_hidden(viewer, number, package).await?;
            }
        }
        Ok(())
    }

    async fn look_at_lists(&self, viewer: Viewer) -> Outcome {
        let narrowed = viewer.key.is_some_and(|key| self.model.keys[key].packages.is_some());
        let another = self.choices.below(self.model.users.len());
        for (owner, user) in self.model.users.iter().enumerate() {
            let own = owner == viewer.user;
            // Whoever may not is refused alike, whosever packages are asked for.
            let refused = !self.model.users[viewer.user].admin || narrowed;
            if !own && owner != another && (refused || !self.asks()) {
                continue;
            }
            let query = if own { String::new() } else { format!("&owner={}", user.id) };
            for state in ["available", "deleted"] {
                let path = format!("/packages?state={state}&limit=200{query}");
                let reply = self.get(viewer, &path).await;
                self.scan(viewer, PLACE, &path, &reply)?;
                if !own && refused {
                    equal(PLACE, &path, &reply.status, &403)?;
                    continue;
                }
                equal(PLACE, format!("{viewer:?} {path} {}", reply.text), &reply.status, &200)?;
                let listed = self.listed(viewer, owner, state == "deleted");
                let expected: Vec<String> = listed.iter().map(|number| self.model.packages[*number].id.clone()).collect();
                let found = reply.json();
                same(PLACE, format!("{viewer:?} {path}"), &ids(&found), &expected)?;
                for (item, number) in found["items"].as_array().into_iter().flatten().zip(listed) {
                    self.compare(viewer, number, item)?;
                }
            }
        }
        Ok(())
    }

    /// Packages of an owner as a list has them: newest first.
    fn listed(&self, viewer: Viewer, owner: usize, deleted: bool) -> Vec<usize> {
        let now = self.lake.now();
        let wanted = |number: &usize| {
            let package = &self.model.packages[*number];
            package.owner == owner
                && package.deleted_at.is_some() == deleted
                && if deleted {
                    package.restorable(now) && self.model.may(viewer, READ_DELETED, *number)
                } else {
                    self.model.sees(viewer, *number)
                }
        };
        (0..self.model.packages.len()).rev().filter(wanted).collect()
    }

    /// What an answer says of a package, where it says it.
    fn compare(&self, viewer: Viewer, number: usize, found: &Value) -> Outcome {
        let package = &self.model.packages[number];
        let what = |field: &str| format!("{viewer:?} {} {field}", package.mark);
        let (visibility, groups) = match &package.shared {
            Shared::Nobody => ("private", BTreeSet::new()),
            Shared::Groups(groups) => ("groups", groups.clone()),
            Shared::Everybody => ("everyone", BTreeSet::new()),
        };
        equal(PLACE, what("name"), &found["name"], &json!(package.name))?;
        equal(PLACE, what("owner"), &found["owner"], &json!(self.model.users[package.owner].id.as_str()))?;
        equal(PLACE, what("visibility"), &found["visibility"], &json!(visibility))?;
        equal(PLACE, what("groups"), &found["groups"], &json!(groups))?;
        let (count, bytes) = (package.in_state(State::Available).len(), package.bytes());
        equal(PLACE, what("counts"), &json!([found["datasets"], found["bytes"]]), &json!([count, bytes]))?;
        let actions: Vec<String> = self.model.actions(viewer, number).into_iter().collect();
        let mut found: Vec<String> =
            found["actions"].as_array().into_iter().flatten().filter_map(|name| name.as_str()).map(str::to_owned).collect();
        found.sort();
        same(PLACE, what("actions"), &found, &actions)
    }

    async fn look_at_visible(&self, viewer: Viewer, number: usize, package: &Package) -> Outcome {
        let path = |rest: &str| format!("/packages/{}{rest}", package.id);
        let what = |rest: &str| format!("{viewer:?} {} {rest}", package.mark);
        let found = self.read(viewer, PLACE, &path("")).await?;
        self.compare(viewer, number, &found)?;
        equal(PLACE, what("tags"), &found["metadata"], &json!(package.tags))?;
        if self.asks() {
            let metadata = self.read(viewer, PLACE, &path("/metadata")).await?;
            equal(PLACE, what("metadata"), &json!([metadata["tags"], metadata["version"]]), &json!([package.tags, package.versions]))?;
        }
        if self.asks() {
            let versions = self.read(viewer, PLACE, &path("/metadata/versions?limit=200")).await?;
            equal(PLACE, what("versions"), &versions["items"].as_array().map_or(0, Vec::len), &package.versions)?;
            self.read(viewer, PLACE, &path("/metadata/versions/1")).await?;
        }
        let mut available = paths(&package.in_state(State::Available));
        available.sort();
        if self.asks() {
            let descriptor = self.read(viewer, PLACE, &path("/datapackage.json")).await?;
            same(PLACE, what("datapackage.json"), &texts(&descriptor, "/resources", "/path"), &available)?;
        }
        self.look_at_datasets(viewer, package, &available).await?;
        self.look_at_one_dataset(viewer, package).await?;
        if self.asks() {
            self.look_at_imports(viewer, package).await?;
        }
        if self.asks() {
            self.look_across(viewer, package).await?;
        }
        Ok(())
    }

    async fn look_at_datasets(&self, viewer: Viewer, package: &Package, available: &[String]) -> Outcome {
        let list = format!("/packages/{}/datasets?limit=200", package.id);
        let what = |rest: &str| format!("{viewer:?} {} {rest}", package.mark);
        let found = self.read(viewer, PLACE, &list).await?;
        same(PLACE, what("datasets"), &texts(&found, "/items", "/name"), available)?;
        if self.asks() {
            let found = self.read(viewer, PLACE, &format!("{list}&delimiter=%2F")).await?;
            let (deep, flat): (Vec<&String>, Vec<&String>) = available.iter().partition(|path| path.contains('/'));
            let folders = deep.iter().filter_map(|path| path.split_once('/')).map(|(folder, _)| format!("{folder}/"));
            let folders: BTreeSet<String> = folders.collect();
            same(PLACE, what("files of the root"), &texts(&found, "/items", "/name"), &flat.into_iter().cloned().collect::<Vec<_>>())?;
            same(PLACE, what("folders"), &texts(&found, "/folders", ""), &folders.into_iter().collect::<Vec<_>>())?;
        }
        for (state, name) in [(State::Pending, "pending"), (State::Removed, "removed")] {
            if !self.asks() {
                continue;
            }
            let found = self.read(viewer, PLACE, &format!("{list}&state={name}")).await?;
            // What was pending when the package was deleted may be gone.
            if !package.lost_uploads {
                let sorted = |mut ids: Vec<String>| {
                    ids.sort();
                    ids
                };
                let expected = package.in_state(state).iter().map(|dataset| dataset.id.clone()).collect();
                same(PLACE, what(name), &sorted(ids(&found)), &sorted(expected))?;
            }
        }
        Ok(())
    }

    async fn look_at_one_dataset(&self, viewer: Viewer, package: &Package) -> Outcome {
        let what = |rest: &str| format!("{viewer:?} {} {rest}", package.mark);
        let certain: Vec<&Dataset> = package.datasets.iter().filter(|dataset| dataset.was_there || !package.lost_uploads).collect();
        let Some(dataset) = self.choices.one(&certain).filter(|_| self.asks()) else { return Ok(()) };
        let path = format!("/packages/{}/datasets/{}", package.id, dataset.id);
        let found = self.read(viewer, PLACE, &path).await?;
        equal(PLACE, what("dataset"), &found["name"], &json!(dataset.path))?;
        let download = self.get(viewer, &format!("{path}/download")).await;
        if dataset.state != State::Available {
            return equal(PLACE, what("download of what is not there"), &download.status, &409);
        }
        if download.status != 302 {
            return Err(Finding::new(Kind::Missing, PLACE, format!("{}: {} {}", what("download"), download.status, download.text)));
        }
        let bytes = self.lake.fetch(download.header("location")).await.unwrap_or_default();
        equal(PLACE, what("bytes"), &bytes, &dataset.content)
    }

    async fn look_at_imports(&self, viewer: Viewer, package: &Package) -> Outcome {
        let list = format!("/packages/{}/imports", package.id);
        let found = self.read(viewer, PLACE, &list).await?;
        let newest_first: Vec<String> = package.imports.iter().rev().map(|import| import.id.clone()).collect();
        same(PLACE, format!("{viewer:?} {list}"), &ids(&found), &newest_first)?;
        let Some(import) = package.imports.last() else { return Ok(()) };
        let found = self.read(viewer, PLACE, &format!("{list}/{}", import.id)).await?;
        let state = import.done.map_or("running", |done| if done { "done" } else { "failed" });
        equal(PLACE, format!("{viewer:?} {list} state"), &found["state"], &json!(state))?;
        let failures = self.read(viewer, PLACE, &format!("{list}/{}/failures", import.id)).await?;
        let expected = usize::from(import.done == Some(true));
        equal(PLACE, format!("{viewer:?} {list} failures"), &failures["items"].as_array().map_or(0, Vec::len), &expected)
    }

    /// What belongs to another package is not to be had by way of this one.
    async fn look_across(&self, viewer: Viewer, package: &Package) -> Outcome {
        let others = self.model.packages.iter().filter(|other| other.id != package.id);
        let foreign: Vec<About> = others.filter_map(About::of).collect();
        let Some(number) = (!foreign.is_empty()).then(|| self.choices.below(foreign.len())) else { return Ok(()) };
        let (hidden, never) = (&foreign[number], About::never());
        let (surface, path) = FOREIGN[self.choices.below(FOREIGN.len())];
        let here = |about: &About| about.path(&path.replace("{id}", &package.id));
        let (hidden, never) = (here(hidden), here(&never));
        self.same_as_absent(viewer, (PLACE, surface), (read(&hidden), read(&never))).await
    }

    async fn look_at_hidden(&self, viewer: Viewer, number: usize, package: &Package) -> Outcome {
        let (hidden, never) = (About::of_any(package), About::never());
        for surface in SURFACES {
            if surface != SURFACES[0] && !self.asks() {
                continue;
            }
            let (hidden, never) = (hidden.path(surface), never.path(surface));
            self.same_as_absent(viewer, (PLACE, surface), (read(&hidden), read(&never))).await?;
        }
        let (method, surface) = CHANGES[self.choices.below(CHANGES.len())];
        // Who may restore it is told more, in due form.
        if surface.ends_with("/restore") && self.model.says(viewer, RESTORE, number) != Says::NotThere {
            return Ok(());
        }
        let change = |about: &About| {
            let if_match = Some("\"1\"").filter(|_| surface.ends_with("/metadata") && method == "PUT");
            let body = self.body(method, surface, about).map(|body| ("application/json", body.to_string().into_bytes()));
            (about.path(surface), body, if_match)
        };
        let ((path, body, if_match), (absent_path, absent_body, _)) = (change(&hidden), change(&never));
        let hidden = Sent { method, path: &path, body, if_match };
        let never = Sent { method, path: &absent_path, body: absent_body, if_match };
        // Surfaces are told apart by their names: a change has its own.
        let name = CHANGE_NAMES[CHANGES.iter().position(|change| *change == (method, surface)).unwrap_or_default()];
        self.same_as_absent(viewer, (PLACE, name), (hidden, never)).await
    }

    /// A body that would be taken.
    fn body(&self, method: &str, surface: &str, about: &About) -> Option<Value> {
        let empty = tests_api::sha256(b"");
        Some(match (method, surface.rsplit('/').next().unwrap_or_default()) {
            ("PATCH", "{id}") => json!({ "name": "Taken over" }),
            ("PUT", "owner") => json!({ "owner": self.model.users[0].id.as_str() }),
            ("PUT" | "PATCH", "metadata") => json!({ "tags": { "note": "mine" } }),
            ("POST", "datasets") => json!({ "datasets": [{ "name": "mine.csv", "size": 0, "sha256": empty }] }),
            ("POST", "complete") if !surface.contains("{dataset}") => json!({ "ids": [about.dataset] }),
            ("POST", "parts") => json!({ "parts": [{ "number": 1, "size": 1, "sha256": empty }] }),
            ("POST", "imports") => json!({ "entries": [{ "url": "s3://elsewhere/a.csv" }] }),
            ("POST", "items") => json!({ "package_id": about.package }),
            _ => return None,
        })
    }

    /// What happened to a package, once the feed has drained.
    pub(crate) async fn look_at_histories(&self, viewer: Viewer) -> Outcome {
        for number in self.model.seen(viewer) {
            if !self.asks() {
                continue;
            }
            let package = &self.model.packages[number];
            let found = self.read(viewer, "history", &format!("/packages/{}/history?limit=200", package.id)).await?;
            let items = found["items"].as_array().cloned().unwrap_or_default();
            // A full page tells nothing about what is beyond it.
            if found["next_cursor"].is_string() {
                continue;
            }
            for (action, count) in &package.told {
                let is_told = |item: &&Value| item["action"] == *action && item["outcome"] == "allow";
                let told = items.iter().filter(is_told).count();
                equal("history", format!("{viewer:?} {} {action}", package.mark), &told, count)?;
            }
        }
        Ok(())
    }
}

/// Names of [`CHANGES`] in the table of what never was: other than those of what is read.
const CHANGE_NAMES: [&str; 16] = [
    "change",
    "delete",
    "restore",
    "transfer",
    "replace tags",
    "merge tags",
    "register",
    "complete many",
    "remove",
    "complete",
    "bring back",
    "sign parts",
    "list parts",
    "import",
    "add to cart",
    "read import",
];

impl About {
    fn of_any(package: &Package) -> Self {
        let never = Self::never();
        Self {
            package: package.id.clone(),
            dataset: package.datasets.last().map_or(never.dataset, |dataset| dataset.id.clone()),
            import: package.imports.last().map_or(never.import, |import| import.id.clone()),
        }
    }

    /// Of a package that has a dataset.
    fn of(package: &Package) -> Option<Self> {
        package.datasets.iter().any(|dataset| dataset.id.parse::<DatasetId>().is_ok()).then(|| Self::of_any(package))
    }
}

fn read(path: &str) -> Sent<'_> {
    Sent { method: "GET", path, body: None, if_match: None }
}

fn paths(datasets: &[&Dataset]) -> Vec<String> {
    datasets.iter().map(|dataset| dataset.path.clone()).collect()
}
