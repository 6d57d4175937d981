//! What the server tells when all is done.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use datalake_tests_machine::wait_until;
use serde_json::Value;

use super::{
    clients::Scene,
    record::{Finale, Tags},
};
use crate::asking::{all, number, text};

/// Asks for everything, once nothing changes any more: requests whose answers nobody waited for may still be at work. The
/// package's own history follows by a moment, which is waited for.
pub(super) async fn read(scene: &Scene) -> anyhow::Result<Finale> {
    let mut before = None;
    let mut finale = wait_until("nothing changes any more", async || {
        let now = told(scene).await?;
        let same = before.as_ref() == Some(&now);
        before = Some(now.clone());
        Ok(same.then_some(now))
    })
    .await?;
    finale.audited = audited(scene, finale.version - 1 + finale.tags.len() as u64 - 1).await?;
    Ok(finale)
}

async fn told(scene: &Scene) -> anyhow::Result<Finale> {
    let (lake, ann) = (&scene.lake, &scene.ann);
    let path = format!("/packages/{}", scene.package);
    let package = lake.get(ann, &path).await?.expect(200)?.body;
    let mut finale = Finale { version: number(&package, "version")?, revision: number(&package, "revision")?, ..Finale::default() };
    for version in all(lake, ann, &format!("{path}/metadata/versions")).await? {
        let version = number(&version, "version")?;
        let told = lake.get(ann, &format!("{path}/metadata/versions/{version}")).await?.expect(200)?.body;
        finale.tags.insert(version, serde_json::from_value::<Tags>(told["tags"].clone())?);
    }
    for package in all(lake, ann, "/packages").await?.iter().filter(|package| package["id"] != scene.package.as_str()) {
        finale.made.entry(text(package, "name")?).or_default().insert(text(package, "id")?);
    }
    for state in ["", "?state=pending", "?state=removed"] {
        for dataset in all(lake, ann, &format!("{path}/datasets{state}")).await? {
            let id = text(&dataset, "id")?;
            finale.made.entry(text(&dataset, "name")?).or_default().insert(id.clone());
            if dataset["state"] == "available" {
                finale.current.insert(id);
            }
        }
    }
    for person in [ann, &scene.bob] {
        let exports = all(lake, person, "/cart/exports").await?;
        finale.exports.extend(exports.iter().map(|export| text(export, "id")).collect::<anyhow::Result<BTreeSet<_>>>()?);
    }
    Ok(finale)
}

/// The history by action, once it has at least so many changes of tags and descriptive part.
async fn audited(scene: &Scene, changes: u64) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    let complete = wait_until("the history is complete", async || {
        let entries: Vec<Value> = all(&scene.lake, &scene.ann, &format!("/packages/{}/history", scene.package)).await?;
        counts.clear();
        for entry in &entries {
            *counts.entry(text(entry, "action")?).or_insert(0) += 1;
        }
        let told = |action: &&str| counts.get(*action).copied().unwrap_or_default();
        let sum: u64 = ["metadata.write", "package.update", "package.delete", "package.restore"].iter().map(told).sum();
        Ok((sum >= changes).then_some(()))
    });
    complete.await.context("the package's history")?;
    Ok(counts)
}
