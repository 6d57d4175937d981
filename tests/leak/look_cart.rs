//! What a caller sees of the own cart, exports, profile; what others have is as if it were not there.

use std::collections::BTreeSet;

use domain::{ItemId, Timestamp};
use serde_json::{Value, json};
use testkit::builders::{access_key_id, export_id, ulid};
use tests_api::API_URL;

use crate::{
    finding::{Finding, Kind, Outcome, equal, same},
    lake::{GROUPS, Proof, Reply, Sent},
    model::{Export, ExportState, Link, State},
    oracle::{EXPORT, Viewer},
    world::{World, ids, texts},
};

const NEVER: u64 = 999_999_999;

impl World {
    pub(crate) async fn look_at_cart(&self, viewer: Viewer) -> Outcome {
        let found = self.read(viewer, "cart", "/cart?limit=200").await?;
        let cart = &self.model.users[viewer.user].cart;
        let expected: Vec<String> = cart.iter().map(|item| item.id.clone()).collect();
        same("cart", format!("{viewer:?} items"), &ids(&found), &expected)?;
        for (item, shown) in cart.iter().zip(found["items"].as_array().into_iter().flatten()) {
            let package = &self.model.packages[item.package];
            let summary = json!({ "name": package.name, "datasets": package.in_state(State::Available).len(), "bytes": package.bytes() });
            let visible = self.model.may(viewer, EXPORT, item.package);
            let expected = json!([package.id, visible, if visible { summary } else { Value::Null }]);
            equal(
                "cart",
                format!("{viewer:?} item of {}", package.mark),
                &json!([shown["package_id"], shown["visible"], shown["package"]]),
                &expected,
            )?;
            let one = self.read(viewer, "cart", &format!("/cart/items/{}", item.id)).await?;
            equal("cart", format!("{viewer:?} item of {}", package.mark), &one, shown)?;
        }
        let others = self.model.users.iter().enumerate().filter(|(user, _)| *user != viewer.user);
        let foreign: Vec<String> = others.flat_map(|(_, user)| user.cart.iter().map(|item| item.id.clone())).collect();
        let Some(item) = self.choices.one(&foreign) else { return Ok(()) };
        let (hidden, never) = (format!("/cart/items/{item}"), format!("/cart/items/{}", ItemId::new(ulid(NEVER))));
        self.hidden(viewer, ("cart", "another's item"), "GET", &hidden, &never).await
    }

    async fn hidden(&self, viewer: Viewer, name: (&'static str, &'static str), method: &'static str, hidden: &str, never: &str) -> Outcome {
        let sent = |path| Sent { method, path, body: None, if_match: None };
        self.same_as_absent(viewer, name, (sent(hidden), sent(never))).await
    }

    pub(crate) async fn look_at_profile(&self, viewer: Viewer) -> Outcome {
        let user = &self.model.users[viewer.user];
        let what = |what: &str| format!("{viewer:?} {what}");
        let profile = self.read(viewer, "profile", "/profile").await?;
        let role = if user.admin { "admin" } else { "member" };
        equal(
            "profile",
            what("profile"),
            &json!([profile["user_id"], profile["role"], profile["groups"]]),
            &json!([user.id.as_str(), role, user.groups]),
        )?;
        if self.asks() {
            let groups = self.read(viewer, "profile", "/profile/groups?limit=200").await?;
            let own: Vec<String> = if user.admin { GROUPS.map(str::to_owned).to_vec() } else { user.groups.iter().cloned().collect() };
            same("profile", what("groups"), &texts(&groups, "/items", "/name"), &own)?;
        }
        if self.asks() {
            let people = self.read(viewer, "profile", "/profile/people?limit=200&q=person").await?;
            let enabled: Vec<String> = self.model.users.iter().filter(|user| user.enabled).map(|user| user.name.clone()).collect();
            same("profile", what("people"), &texts(&people, "/items", "/name"), &enabled)?;
        }
        if !self.asks() {
            return Ok(());
        }
        let keys = self.read(viewer, "profile", "/profile/api-keys?limit=200").await?;
        let sorted = |ids: Vec<String>| ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
        let own = |mine: bool| self.model.keys.iter().filter(move |key| (key.user == viewer.user) == mine);
        let expected = own(true).map(|key| key.pair.access_key_id.clone()).collect();
        same("profile", what("keys"), &sorted(texts(&keys, "/items", "/access_key_id")), &sorted(expected))?;
        let Some(key) = own(false).next().map(|key| &key.pair.access_key_id).filter(|_| viewer.key.is_none()) else { return Ok(()) };
        let path = |id: &str| format!("/profile/api-keys/{id}/secret");
        self.hidden(viewer, ("profile", "another's key"), "POST", &path(key), &path(access_key_id(NEVER).as_str())).await
    }

    pub(crate) async fn look_at_exports(&mut self, viewer: Viewer) -> Outcome {
        let own: Vec<usize> = (0..self.model.exports.len()).filter(|export| self.model.exports[*export].user == viewer.user).collect();
        let found = self.read(viewer, "exports", "/cart/exports?limit=200").await?;
        let newest_first: Vec<String> = own.iter().rev().map(|export| self.model.exports[*export].id.clone()).collect();
        same("exports", format!("{viewer:?} list"), &ids(&found), &newest_first)?;
        for export in own {
            let links = self.look_at_export(viewer, &self.model.exports[export]).await?;
            if viewer.key.is_none() && !links.is_empty() {
                // What a manifest told once is known from then on.
                self.model.exports[export].links = links;
            }
        }
        let Some(foreign) = self.model.exports.iter().find(|export| export.user != viewer.user) else { return Ok(()) };
        let (hidden, never) = (format!("/cart/exports/{}", foreign.id), format!("/cart/exports/{}", export_id(NEVER)));
        for (surface, method) in [("another's export", "GET"), ("another's revocation", "DELETE")] {
            let reads_only = viewer.key.is_some_and(|key| self.model.keys[key].read_only);
            if method == "GET" || !reads_only {
                self.hidden(viewer, ("exports", surface), method, &hidden, &never).await?;
            }
        }
        Ok(())
    }

    /// One export; answers with the grant links of the manifests that are shown.
    async fn look_at_export(&self, viewer: Viewer, export: &Export) -> Outcome<Vec<Link>> {
        let what = format!("{viewer:?} {} export {}", export.format, export.id);
        let found = self.read(viewer, "exports", &format!("/cart/exports/{}", export.id)).await?;
        let (state, now) = (export.state_at(self.lake.now()), self.lake.now());
        equal("exports", format!("{what} state"), &found["state"], &json!(state.name()))?;
        if state != ExportState::Ready {
            equal("exports", format!("{what} manifests"), &found.get("manifests"), &None)?;
            return Ok(Vec::new());
        }
        let end: Option<Timestamp> = found["expires_at"].as_str().and_then(|text| text.parse().ok());
        equal("exports", format!("{what} at {now} ends"), &end, &export.expires_at)?;
        let manifests: Vec<Value> =
            found["manifests"].as_array().into_iter().flatten().filter(|link| link["package_id"].is_string()).cloned().collect();
        let visible = |package: &&usize| self.model.may(viewer, EXPORT, **package);
        let expected: BTreeSet<String> =
            export.holds.keys().filter(visible).map(|package| self.model.packages[*package].id.clone()).collect();
        let shown: BTreeSet<String> = manifests.iter().filter_map(|link| link["package_id"].as_str()).map(str::to_owned).collect();
        same("exports", format!("{what} packages"), &shown.into_iter().collect::<Vec<_>>(), &expected.into_iter().collect::<Vec<_>>())?;
        let mut links = Vec::new();
        for manifest in manifests {
            let (package, datasets) = export
                .holds
                .iter()
                .find(|(package, _)| manifest["package_id"] == self.model.packages[**package].id)
                .expect("just compared");
            let bytes = self.lake.fetch(manifest["url"].as_str().unwrap_or_default()).await.unwrap_or_default();
            let content: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let named = texts(&content, "/entries", "/dataset_id").into_iter().collect::<BTreeSet<_>>();
            same(
                "exports",
                format!("{what} entries"),
                &named.into_iter().collect::<Vec<_>>(),
                &datasets.iter().cloned().collect::<Vec<_>>(),
            )?;
            for entry in content["entries"].as_array().into_iter().flatten() {
                let (dataset, grant) = (entry["dataset_id"].as_str().unwrap_or_default(), entry["grant"].as_str());
                let path = grant.and_then(|grant| grant.strip_prefix(API_URL)).map(str::to_owned);
                links.extend(path.map(|path| Link { path, package: *package, dataset: dataset.to_owned() }));
            }
        }
        Ok(links)
    }

    /// Follows every grant link that a manifest ever told, as anybody who holds it.
    pub(crate) async fn follow_links(&self) -> Outcome {
        let now = self.lake.now();
        let dead = self.follow(&format!("/cart/grants/{}/0", "A".repeat(43))).await;
        equal("grants", "a link that never was", &dead.status, &404)?;
        for export in &self.model.exports {
            let exporter = Viewer { user: export.user, key: None };
            for link in &export.links {
                let package = &self.model.packages[link.package];
                let dataset = package.datasets.iter().find(|dataset| dataset.id == link.dataset && dataset.state == State::Available);
                let lives = export.state_at(now) == ExportState::Ready
                    && self.model.users[export.user].enabled
                    && self.model.may(exporter, EXPORT, link.package);
                let reply = self.follow(&link.path).await;
                let what = format!("the link to {} in {} of user {}", package.mark, export.id, export.user);
                let Some(dataset) = dataset.filter(|_| lives) else {
                    if reply != dead {
                        let kind = if reply.status < 400 { Kind::Leak } else { Kind::Tells };
                        return Err(Finding::new(kind, "grants", format!("{what} is dead, but: {reply:?}")));
                    }
                    continue;
                };
                if reply.status != 302 {
                    return Err(Finding::new(Kind::Missing, "grants", format!("{what}: {reply:?}")));
                }
                let bytes = self.lake.fetch(reply.header("location")).await.unwrap_or_default();
                equal("grants", what, &bytes, &dataset.content)?;
            }
        }
        Ok(())
    }

    async fn follow(&self, path: &str) -> Reply {
        self.lake.send(&Proof::Nothing, Sent { method: "GET", path, body: None, if_match: None }).await
    }
}

impl Export {
    /// An export whose time is over is revoked.
    fn state_at(&self, now: Timestamp) -> ExportState {
        match self.state {
            ExportState::Ready if self.expires_at.is_none_or(|end| end <= now) => ExportState::Revoked,
            state => state,
        }
    }
}

impl ExportState {
    fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Revoked => "revoked",
        }
    }
}
