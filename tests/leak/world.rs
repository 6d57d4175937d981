//! A random world: what its seed has people do, and a look by everybody after each step.

use std::{cell::RefCell, collections::BTreeMap};

use app::{
    identity::{GrantKey, InviteUser},
    store::Store,
};
use client::credentials::KeyPair;
use domain::{group::GroupName, principal::KeyScope, principal::Role};
use serde_json::Value;

use crate::{
    choices::Choices,
    finding::{Finding, Kind, Outcome},
    flaws::Flaw,
    lake::{BEYOND_CACHES, GROUPS, Lake, Proof, Reply, Sent, administrator},
    model::{Key, Model, User},
    oracle::{Viewer, package_id},
};

/// How large worlds are.
const USERS: usize = 4;
const FIRST_PACKAGES: usize = 2;
const FIRST_KEYS: usize = 1;
const FIRST_DEEDS: usize = 5;
const STEPS: usize = 2;
const DEEDS_PER_STEP: usize = 3;
/// Of a hundred worlds so many end with a look at which everybody asks everything there is to ask.
const THOROUGH: usize = 20;
/// At the other looks, of a hundred questions about one package or one record so many are asked, each caller's by chance.
const ASKED: usize = 35;
/// Before a step, so often of a hundred times an export is taken back, if there is one.
const EXPORTS_ENDED: usize = 30;
/// At most so many.
pub(crate) const PACKAGES: usize = 3;
const KEYS: usize = 2;

/// A data lake, what the test knows of it, and what happened.
pub(crate) struct World {
    pub(crate) lake: Lake,
    pub(crate) model: Model,
    pub(crate) choices: Choices,
    /// What was done so far, for whoever reads a failure.
    pub(crate) log: Vec<String>,
    /// Whether everybody asks everything there is to ask. Lists, packages, carts, exports, links, hits, suggestions and counts
    /// are always looked at.
    thorough: bool,
    /// How what never was is answered, by surface.
    absent: RefCell<BTreeMap<&'static str, Reply>>,
}

/// Lives through a whole world.
///
/// # Errors
/// The first thing that must not be, with what happened before.
pub(crate) async fn live(seed: u64, flaw: &dyn Flaw) -> Outcome {
    let mut world = World::new(seed, flaw).await;
    let lived = world.live().await;
    lived.map_err(|finding| {
        let text = format!("{finding}\n  world {seed}:\n    {}", world.log.join("\n    "));
        Finding::new(finding.kind, finding.place, text)
    })
}

impl World {
    async fn new(seed: u64, flaw: &dyn Flaw) -> Self {
        let choices = Choices::new(seed);
        let lake = Lake::new(flaw, choices.happens(50)).await;
        Self { lake, model: Model::default(), choices, log: Vec::new(), thorough: false, absent: RefCell::default() }
    }

    async fn live(&mut self) -> Outcome {
        for number in 0..USERS {
            self.invite(number).await;
        }
        for _ in 0..FIRST_PACKAGES {
            self.create_package().await?;
        }
        for _ in 0..FIRST_KEYS {
            self.grant_key().await?;
        }
        for _ in 0..FIRST_DEEDS {
            self.furnish().await?;
        }
        self.put_into_cart().await?;
        self.check_out().await?;
        self.look_at_everything().await?;
        for step in 1..=STEPS {
            if self.choices.happens(EXPORTS_ENDED) {
                self.end_export().await?;
            }
            for _ in 0..=self.choices.below(DEEDS_PER_STEP) {
                self.deed().await?;
                // Rights are remembered for a minute.
                self.lake.ports.clock.advance(BEYOND_CACHES);
            }
            self.thorough = step == STEPS && self.choices.happens(THOROUGH);
            self.look_at_everything().await?;
        }
        Ok(())
    }

    async fn look_at_everything(&mut self) -> Outcome {
        self.lake.ports.clock.advance(BEYOND_CACHES);
        for viewer in self.viewers() {
            self.model.agrees_with_the_policy(viewer)?;
            if !self.model.comes_in(viewer) {
                self.look_in_vain(viewer).await?;
                continue;
            }
            self.look_at_packages(viewer).await?;
            self.look_at_cart(viewer).await?;
            if viewer.key.is_none() {
                self.look_at_profile(viewer).await?;
            }
            self.look_at_exports(viewer).await?;
        }
        self.follow_links().await?;
        self.drain().await;
        self.must_have_ids()?;
        for viewer in self.viewers() {
            if self.model.comes_in(viewer) {
                self.look_at_exports(viewer).await?;
                self.look_at_histories(viewer).await?;
                self.look_at_search(viewer).await?;
            }
        }
        self.follow_links().await
    }

    /// Lets the workers catch up, in the data lake and in the model.
    pub(crate) async fn drain(&mut self) {
        self.lake.ports.drain().await;
        let now = self.lake.now();
        self.model.drain(now);
        // Imported datasets have ids that nobody was told.
        let store: &Store = &self.lake.core.store;
        for package in &mut self.model.packages {
            for dataset in package.datasets.iter_mut().filter(|dataset| dataset.id.is_empty()) {
                let (found, _) = store.datasets_by_path(package_id(&package.id), &dataset.path, 1, None).await.expect("tables answer");
                dataset.id = found.first().map(|summary| summary.id.to_string()).unwrap_or_default();
            }
        }
    }

    /// Everybody, with each proof that they have.
    pub(crate) fn viewers(&self) -> Vec<Viewer> {
        let sessions = (0..self.model.users.len()).map(|user| Viewer { user, key: None });
        let keys = self.model.keys.iter().enumerate().map(|(number, key)| Viewer { user: key.user, key: Some(number) });
        sessions.chain(keys).collect()
    }

    fn proof(&self, viewer: Viewer) -> Proof {
        let user = &self.model.users[viewer.user];
        match viewer.key {
            None => Proof::Token(user.id.clone(), user.signed_in_at),
            Some(key) => Proof::Key(self.model.keys[key].pair.clone()),
        }
    }

    pub(crate) async fn send(&self, viewer: Viewer, sent: Sent<'_>) -> Reply {
        self.lake.send(&self.proof(viewer), sent).await
    }

    /// Whether something is asked now.
    pub(crate) fn asks(&self) -> bool {
        self.thorough || self.choices.happens(ASKED)
    }

    pub(crate) async fn get(&self, viewer: Viewer, path: &str) -> Reply {
        self.send(viewer, Sent { method: "GET", path, body: None, if_match: None }).await
    }

    /// Sends a change with this body.
    pub(crate) async fn change(&self, viewer: Viewer, method: &'static str, path: &str, body: Option<&Value>) -> Reply {
        let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
        self.send(viewer, Sent { method, path, body, if_match: None }).await
    }

    /// Reads a list or a thing that the viewer may read: anything but 200 is something missing.
    pub(crate) async fn read(&self, viewer: Viewer, place: &'static str, path: &str) -> Outcome<Value> {
        let reply = self.get(viewer, path).await;
        self.scan(viewer, place, path, &reply)?;
        if reply.status != 200 {
            let text = format!("{viewer:?} GET {path}: {} {}", reply.status, reply.text);
            return Err(Finding::new(Kind::Missing, place, text));
        }
        Ok(reply.json())
    }

    /// Looks for words of packages that the viewer must not know of.
    pub(crate) fn scan(&self, viewer: Viewer, place: &'static str, path: &str, reply: &Reply) -> Outcome {
        // What people hold themselves goes on naming what they lost: the id, and nothing else.
        let names_ids = matches!(place, "cart" | "exports" | "profile");
        for (number, package) in self.model.packages.iter().enumerate() {
            if self.model.comes_in(viewer) && self.model.may_know(viewer, number) {
                continue;
            }
            let shown = |word: &str| reply.text.contains(word) || reply.headers.iter().any(|(_, value)| value.contains(word));
            if shown(&package.mark) || (!names_ids && shown(&package.id)) {
                let text = format!("{viewer:?} {path} shows {}: {} {}", package.mark, reply.status, reply.text);
                return Err(Finding::new(Kind::Leak, place, text));
            }
        }
        Ok(())
    }

    /// Holds the answer about something hidden against the one about something that never was.
    pub(crate) async fn same_as_absent(
        &self,
        viewer: Viewer,
        (place, surface): (&'static str, &'static str),
        (hidden, never): (Sent<'_>, Sent<'_>),
    ) -> Outcome {
        let path = hidden.path;
        let reply = self.send(viewer, hidden).await;
        self.scan(viewer, place, path, &reply)?;
        let known = self.absent.borrow().get(surface).cloned();
        let absent = match known {
            Some(known) => known,
            None => {
                let absent = self.send(viewer, never).await;
                self.absent.borrow_mut().insert(surface, absent.clone());
                absent
            }
        };
        if reply == absent {
            return Ok(());
        }
        let kind = if reply.status < 400 { Kind::Leak } else { Kind::Tells };
        let text = format!("{viewer:?} {surface} {path}: {reply:?}\n  of what never was: {absent:?}");
        Err(Finding::new(kind, place, text))
    }

    /// Somebody who is not let in learns nothing.
    async fn look_in_vain(&self, viewer: Viewer) -> Outcome {
        let package = self.choices.one(&self.model.packages.iter().map(|package| package.id.clone()).collect::<Vec<_>>());
        let package = package.map(|id| format!("/packages/{id}"));
        for path in ["/packages", "/cart", "/cart/exports", "/search", "/search/stats", "/profile"].into_iter().chain(package.as_deref()) {
            let reply = self.get(viewer, path).await;
            self.scan(viewer, "refusals", path, &reply)?;
            if !matches!(reply.status, 401 | 403) {
                let text = format!("{viewer:?} {path} must not come in: {} {}", reply.status, reply.text);
                return Err(Finding::new(Kind::Leak, "refusals", text));
            }
        }
        Ok(())
    }

    async fn invite(&mut self, number: usize) {
        let (name, admin) = (format!("Person {number}"), number == 0);
        let groups = self.some_groups();
        let entered = InviteUser {
            email: format!("person{number}@example.org"),
            name: name.clone(),
            role: if admin { Role::Admin } else { Role::Member },
            groups: groups.iter().map(|name| group(name)).collect(),
        };
        let record = self.lake.people.invite(&administrator(), &entered).await.expect("an invitation");
        self.log.push(format!("user {number} ({}) is in {groups:?}", record.user_id));
        let (signed_in_at, groups) = (self.lake.now(), groups.into_iter().collect());
        self.model.users.push(User { id: record.user_id, name, admin, groups, enabled: true, signed_in_at, cart: Vec::new() });
    }

    pub(crate) fn some_groups(&self) -> Vec<String> {
        GROUPS.iter().filter(|_| self.choices.happens(40)).map(|name| (*name).to_owned()).collect()
    }

    /// An administrator grants a key; its user makes the secret.
    pub(crate) async fn grant_key(&mut self) -> Outcome {
        let enabled: Vec<usize> = (0..self.model.users.len()).filter(|user| self.model.users[*user].enabled).collect();
        let Some(user) = self.choices.one(&enabled).filter(|_| self.model.keys.len() < KEYS) else { return Ok(()) };
        let ids: Vec<String> = self.model.packages.iter().map(|package| package.id.clone()).collect();
        let some: Vec<String> = ids.into_iter().filter(|_| self.choices.happens(50)).collect();
        let packages = (!some.is_empty() && self.choices.happens(60)).then(|| some.into_iter().collect::<std::collections::BTreeSet<_>>());
        let read_only = self.choices.happens(30);
        let scope = KeyScope { read_only, packages: packages.as_ref().map(|ids| ids.iter().map(|id| package_id(id)).collect()) };
        let entered = GrantKey { user_id: self.model.users[user].id.clone(), scope, expires_at: None };
        let key = self.lake.identity.grant_key(&administrator(), &entered).await.expect("a key");
        let path = format!("/profile/api-keys/{}/secret", key.access_key_id);
        let made = self.change(Viewer { user, key: None }, "POST", &path, None).await;
        let Some(secret) = made.json()["secret_access_key"].as_str().map(str::to_owned) else {
            return Err(Finding::new(Kind::Missing, "profile", format!("a secret: {} {}", made.status, made.text)));
        };
        let pair = KeyPair { access_key_id: key.access_key_id.to_string(), secret_access_key: secret.into() };
        self.log.push(format!("user {user} has key {} (read only: {read_only}, of {packages:?})", self.model.keys.len()));
        self.model.keys.push(Key { pair, user, read_only, packages, active: true });
        Ok(())
    }
}

pub(crate) fn group(name: &str) -> GroupName {
    name.parse().expect("a group's name")
}

/// Texts of a list by a pointer into each item.
pub(crate) fn texts(list: &Value, items: &str, pointer: &str) -> Vec<String> {
    let items = list.pointer(items).and_then(Value::as_array).cloned().unwrap_or_default();
    items.iter().map(|item| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()).collect()
}

/// The ids that a list names, in its order.
pub(crate) fn ids(list: &Value) -> Vec<String> {
    texts(list, "/items", "/id")
}
