//! What a caller finds: hits, totals, facets, suggestions, counts, once the feed has drained.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    finding::{Outcome, equal, same},
    lake::REGION,
    model::{Package, Shared, State},
    oracle::Viewer,
    world::{World, ids, texts},
};

type Counts = BTreeMap<String, usize>;
/// What a package counts for in a facet.
type Values<'a> = dyn Fn(&Package) -> BTreeSet<String> + 'a;

impl World {
    pub(crate) async fn look_at_search(&self, viewer: Viewer) -> Outcome {
        let seen = self.model.seen(viewer);
        let newest_first: Vec<String> = seen.iter().rev().map(|number| self.model.packages[*number].id.clone()).collect();
        let found = self.read(viewer, "search", "/search?limit=200").await?;
        let sorted = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
        same("search", format!("{viewer:?} hits"), &sorted(&ids(&found)), &sorted(&newest_first))?;
        equal("totals", format!("{viewer:?} total"), &found["total"], &json!(seen.len()))?;
        self.compare_hits(viewer, &seen, &found)?;
        self.compare_facets(viewer, &seen, &found)?;
        self.look_for_each(viewer).await?;
        if self.asks() {
            self.look_at_pages(viewer, &sorted(&newest_first)).await?;
        }
        self.look_at_suggestions(viewer, &seen).await?;
        self.look_at_stats(viewer, &seen).await
    }

    fn compare_hits(&self, viewer: Viewer, seen: &[usize], found: &Value) -> Outcome {
        for number in seen {
            let package = &self.model.packages[*number];
            let hit = found["items"].as_array().into_iter().flatten().find(|hit| hit["id"] == package.id).cloned().unwrap_or_default();
            let what = format!("{viewer:?} hit of {}", package.mark);
            let shown = json!([hit["name"], hit["owner"], hit["metadata"], hit["datasets"], hit["bytes"]]);
            let owner = self.model.users[package.owner].id.as_str();
            let count = package.in_state(State::Available).len();
            equal("search", &what, &shown, &json!([package.name, owner, package.tags, count, package.bytes()]))?;
            let mut actions = texts(&hit, "/actions", "");
            actions.sort();
            same("search", &what, &actions, &self.model.actions(viewer, *number).into_iter().collect::<Vec<_>>())?;
        }
        Ok(())
    }

    fn compare_facets(&self, viewer: Viewer, seen: &[usize], found: &Value) -> Outcome {
        let user = &self.model.users[viewer.user];
        let own_group = |group: &String| user.admin || user.groups.contains(group);
        let values: [(&str, &Values<'_>); 5] = [
            ("owner", &|package| BTreeSet::from([self.model.users[package.owner].id.to_string()])),
            ("group", &|package| package.groups().into_iter().filter(own_group).collect()),
            ("format", &|package| package.formats().into_keys().collect()),
            ("year", &|package| BTreeSet::from([package.created_at.year().to_string()])),
            (REGION.0, &|package| package.tags.get(REGION.0).cloned().into_iter().collect()),
        ];
        let facets = found["facets"].as_array().cloned().unwrap_or_default();
        equal("facets", format!("{viewer:?} number of facets"), &facets.len(), &values.len())?;
        for (field, values) in values {
            let mut expected = Counts::new();
            for number in seen {
                values(&self.model.packages[*number]).into_iter().for_each(|value| *expected.entry(value).or_default() += 1);
            }
            let facet = facets.iter().find(|facet| facet["field"] == field).cloned().unwrap_or_default();
            equal("facets", format!("{viewer:?} facet {field}"), &counts(&facet), &expected)?;
            equal("facets", format!("{viewer:?} rest of facet {field}"), &facet["other"], &json!(0))?;
        }
        Ok(())
    }

    /// A package is found by its own word, or is not.
    async fn look_for_each(&self, viewer: Viewer) -> Outcome {
        for (number, package) in self.model.packages.iter().enumerate() {
            if !self.asks() {
                continue;
            }
            let path = format!("/search?q={}", package.mark);
            let found = self.read(viewer, "search", &path).await?;
            let expected: Vec<String> = self.model.sees(viewer, number).then(|| package.id.clone()).into_iter().collect();
            same("search", format!("{viewer:?} {path}"), &ids(&found), &expected)?;
            equal("totals", format!("{viewer:?} {path}"), &found["total"], &json!(expected.len()))?;
        }
        if !self.asks() {
            return Ok(());
        }
        let owner = self.choices.below(self.model.users.len());
        let path = format!("/search?filter=owner%3D{}", self.model.users[owner].id);
        let found = self.read(viewer, "search", &path).await?;
        let owned = self.model.seen(viewer).into_iter().filter(|number| self.model.packages[*number].owner == owner).count();
        equal("totals", format!("{viewer:?} {path}"), &found["total"], &json!(owned))
    }

    /// Page by page the same as at once.
    async fn look_at_pages(&self, viewer: Viewer, expected: &[String]) -> Outcome {
        let (mut found, mut cursor) = (BTreeSet::new(), String::new());
        for _ in 0..=expected.len() {
            let page = self.read(viewer, "search", &format!("/search?limit=1&sort=created{cursor}")).await?;
            found.extend(ids(&page));
            equal("totals", format!("{viewer:?} total of a page"), &page["total"], &json!(expected.len()))?;
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        same("search", format!("{viewer:?} pages"), &found.into_iter().collect::<Vec<_>>(), expected)
    }

    async fn look_at_suggestions(&self, viewer: Viewer, seen: &[usize]) -> Outcome {
        for (prefix, word) in [("veil", Package::mark_word as fn(&Package) -> Option<String>), ("ward", Package::ward)] {
            let found = self.read(viewer, "suggestions", &format!("/search/suggest?q={prefix}")).await?;
            let found: BTreeSet<String> = texts(&found, "/items", "").into_iter().collect();
            let expected: BTreeSet<String> = seen.iter().filter_map(|number| word(&self.model.packages[*number])).collect();
            same(
                "suggestions",
                format!("{viewer:?} {prefix}"),
                &found.into_iter().collect::<Vec<_>>(),
                &expected.into_iter().collect::<Vec<_>>(),
            )?;
        }
        Ok(())
    }

    async fn look_at_stats(&self, viewer: Viewer, seen: &[usize]) -> Outcome {
        let found = self.read(viewer, "stats", "/search/stats").await?;
        let packages: Vec<&Package> = seen.iter().map(|number| &self.model.packages[*number]).collect();
        let (mut formats, mut growth) = (Counts::new(), Counts::new());
        for package in &packages {
            package.formats().into_iter().for_each(|(format, count)| *formats.entry(format).or_default() += count);
            *growth.entry(package.created_at.month()).or_default() += 1;
        }
        let expected = json!({
            "owned": packages.iter().filter(|package| package.owner == viewer.user).count(),
            "visible": packages.len(),
            "datasets": packages.iter().map(|package| package.in_state(State::Available).len()).sum::<usize>(),
            "bytes": packages.iter().map(|package| package.bytes()).sum::<usize>(),
            "growth": growth,
            "formats": formats,
        });
        equal("stats", format!("{viewer:?} stats"), &found, &expected)
    }
}

impl Package {
    fn groups(&self) -> BTreeSet<String> {
        match &self.shared {
            Shared::Groups(groups) => groups.clone(),
            Shared::Nobody | Shared::Everybody => BTreeSet::new(),
        }
    }

    /// By what paths end with.
    fn formats(&self) -> Counts {
        let mut formats = Counts::new();
        for dataset in self.in_state(State::Available) {
            let format = dataset.path.rsplit('.').next().unwrap_or_default().to_owned();
            *formats.entry(format).or_default() += 1;
        }
        formats
    }

    #[expect(clippy::unnecessary_wraps, reason = "of the same form as the other word")]
    fn mark_word(&self) -> Option<String> {
        Some(self.mark.clone())
    }

    fn ward(&self) -> Option<String> {
        self.tags.get("note").cloned()
    }
}

fn counts(facet: &Value) -> Counts {
    let buckets = facet["buckets"].as_array().into_iter().flatten();
    let count = |bucket: &Value| usize::try_from(bucket["count"].as_u64().unwrap_or_default()).unwrap_or(usize::MAX);
    buckets.map(|bucket| (bucket["value"].as_str().unwrap_or_default().to_owned(), count(bucket))).collect()
}
