//! What people do with datasets, imports, carts and exports.

use serde_json::json;
use tests_api::sha256;

use crate::{
    finding::{Finding, Kind, Outcome},
    lake::{FOLDER, OUTSIDE},
    model::{Dataset, Export, ExportState, Import, Item, State, Waiting},
    oracle::{BRING_BACK, CART, EXPORT, IMPORT, REMOVE, UPLOAD, Viewer, is_kept},
    world::World,
};

const FORMATS: [&str; 3] = ["grant", "signed-url", "bucket-key"];

impl World {
    /// Registers a file, and mostly sends and completes it.
    pub(crate) async fn upload(&mut self) -> Outcome {
        let Some((viewer, number)) = self.somebody_and_a_package() else { return Ok(()) };
        let package = &self.model.packages[number];
        let content = format!("{},{}\n", package.mark, self.log.len()).into_bytes();
        let path = [format!("{}.csv", package.mark), format!("deep/{}.txt", package.mark)][self.choices.below(2)].clone();
        let address = format!("/packages/{}/datasets", package.id);
        let entry = json!({ "name": path, "size": content.len(), "content_type": "text/plain", "sha256": sha256(&content) });
        let body = json!({ "datasets": [entry] });
        let Some(reply) = self.attempt((viewer, UPLOAD, number), ("POST", &address), Some(&body)).await? else { return Ok(()) };
        self.expect("a registration", &reply, 200)?;
        let registered = reply.json();
        let id = registered.pointer("/results/0/dataset/id").and_then(|id| id.as_str()).unwrap_or_default().to_owned();
        let dataset = Dataset { id: id.clone(), path, content, state: State::Pending, removed_at: None, was_there: false };
        let content = dataset.content.clone();
        self.model.packages[number].datasets.push(dataset);
        if self.choices.happens(15) {
            return Ok(());
        }
        self.lake.upload(&registered["results"][0]["upload"], &content).await;
        let complete = format!("{address}/{id}/complete");
        let Some(reply) = self.attempt((viewer, UPLOAD, number), ("POST", &complete), None).await? else { return Ok(()) };
        self.expect("a completion", &reply, 200)?;
        let now = self.lake.now();
        self.model.packages[number].put(&id, now);
        Ok(())
    }

    /// Removes a dataset, or brings a removed one back.
    pub(crate) async fn take_or_bring_back(&mut self) -> Outcome {
        let Some((viewer, number)) = self.somebody_and_a_package() else { return Ok(()) };
        let package = &self.model.packages[number];
        // What was pending when the package was deleted may be gone.
        let certain: Vec<Dataset> = package.datasets.iter().filter(|dataset| dataset.was_there || !package.lost_uploads).cloned().collect();
        let Some(dataset) = self.choices.one(&certain) else { return Ok(()) };
        let (path, now) = (format!("/packages/{}/datasets/{}", package.id, dataset.id), self.lake.now());
        if dataset.state != State::Removed {
            let Some(reply) = self.attempt((viewer, REMOVE, number), ("DELETE", &path), None).await? else { return Ok(()) };
            self.expect("a removal", &reply, 204)?;
            self.model.packages[number].remove(&dataset.id, now);
            return Ok(());
        }
        let path = format!("{path}/restore");
        let Some(reply) = self.attempt((viewer, BRING_BACK, number), ("POST", &path), None).await? else { return Ok(()) };
        if !dataset.was_there || !dataset.removed_at.is_some_and(|removed| is_kept(removed, now)) {
            return self.expect("bringing back what is gone", &reply, 409);
        }
        self.expect("bringing back", &reply, 200)?;
        self.model.packages[number].put(&dataset.id, now);
        Ok(())
    }

    /// Imports an object that is there, and one that lies below no location.
    pub(crate) async fn import(&mut self) -> Outcome {
        let Some((viewer, number)) = self.somebody_and_a_package() else { return Ok(()) };
        let package = &self.model.packages[number];
        let waits = package.imports.iter().any(|import| import.done.is_none());
        let path = format!("imported-{}-{}.json", package.mark, self.log.len());
        let content = format!("{{\"{}\":1}}", package.mark).into_bytes();
        let address = format!("/packages/{}/imports", package.id);
        let elsewhere = format!("s3://elsewhere/{}.csv", package.mark);
        let body = json!({ "entries": [{ "url": format!("s3://{OUTSIDE}/{FOLDER}{path}") }, { "url": elsewhere }] });
        self.lake.outside(&format!("{FOLDER}{path}"), &content).await;
        let Some(reply) = self.attempt((viewer, IMPORT, number), ("POST", &address), Some(&body)).await? else { return Ok(()) };
        if waits {
            return self.expect("a second import at once", &reply, 409);
        }
        self.expect("an import", &reply, 202)?;
        let id = reply.json()["id"].as_str().unwrap_or_default().to_owned();
        let package = &mut self.model.packages[number];
        package.imports.push(Import { id, by: viewer.user, path, content, done: None });
        let import = package.imports.len() - 1;
        self.model.waiting.push(Waiting::Import { package: number, import });
        Ok(())
    }

    /// Puts a package into a cart, or takes one out.
    pub(crate) async fn put_into_cart(&mut self) -> Outcome {
        let Some((mut viewer, number)) = self.somebody_and_a_package() else { return Ok(()) };
        if self.choices.happens(70) {
            viewer = self.somebody();
        }
        if self.choices.happens(15) {
            return self.take_out_of_cart(viewer).await;
        }
        let body = json!({ "package_id": self.model.packages[number].id });
        let Some(reply) = self.attempt((viewer, CART, number), ("POST", "/cart/items"), Some(&body)).await? else { return Ok(()) };
        let cart = &self.model.users[viewer.user].cart;
        let there = cart.iter().any(|item| item.package == number);
        self.expect("an item", &reply, if there { 200 } else { 201 })?;
        if !there {
            let id = reply.json()["id"].as_str().unwrap_or_default().to_owned();
            self.model.users[viewer.user].cart.push(Item { id, package: number });
        }
        Ok(())
    }

    async fn take_out_of_cart(&mut self, viewer: Viewer) -> Outcome {
        let Some(item) = self.choices.one(&self.model.users[viewer.user].cart) else { return Ok(()) };
        let reply = self.change(viewer, "DELETE", &format!("/cart/items/{}", item.id), None).await;
        self.log.push(format!("{viewer:?} takes {} out of the cart -> {}", item.id, reply.status));
        if !self.may_change_holding(viewer, std::slice::from_ref(&item)) {
            return if matches!(reply.status, 401 | 403) { Ok(()) } else { self.expect("another's item", &reply, 403) };
        }
        self.expect("an item's removal", &reply, 204)?;
        self.model.users[viewer.user].cart.retain(|kept| kept.id != item.id);
        Ok(())
    }

    /// Whether the viewer may change what the person has that is made of these packages.
    fn may_change_holding(&self, viewer: Viewer, items: &[Item]) -> bool {
        let key = viewer.key.map(|key| &self.model.keys[key]);
        let narrowed_to = key.and_then(|key| key.packages.as_ref());
        let all = items.iter().all(|item| narrowed_to.is_none_or(|packages| packages.contains(&self.model.packages[item.package].id)));
        self.model.comes_in(viewer) && all && !key.is_some_and(|key| key.read_only)
    }

    pub(crate) async fn check_out(&mut self) -> Outcome {
        let full: Vec<Viewer> = self.viewers().into_iter().filter(|viewer| !self.model.users[viewer.user].cart.is_empty()).collect();
        // Imported datasets have no known ids before the workers caught up.
        let imports = self.model.waiting.iter().any(|waiting| matches!(waiting, Waiting::Import { .. }));
        let Some(viewer) = self.choices.one(&full).filter(|_| !imports) else { return Ok(()) };
        let format = FORMATS[self.choices.below(5).saturating_sub(2)];
        let expires_in: u64 = [900, 3_600][self.choices.below(2)];
        let body = json!({ "format": format, "expires_in": expires_in });
        let reply = self.change(viewer, "POST", "/cart/checkout", Some(&body)).await;
        self.log.push(format!("{viewer:?} checks out {body} -> {}", reply.status));
        self.scan(viewer, "exports", "/cart/checkout", &reply)?;
        let reads_only = viewer.key.is_some_and(|key| self.model.keys[key].read_only);
        if !self.model.comes_in(viewer) || reads_only {
            return if matches!(reply.status, 401 | 403) { Ok(()) } else { self.expect("a reading key's export", &reply, 403) };
        }
        let cart = self.model.users[viewer.user].cart.clone();
        let items: Vec<Item> = cart.into_iter().filter(|item| self.model.may(viewer, EXPORT, item.package)).collect();
        if items.is_empty() {
            return self.expect("an export of nothing visible", &reply, 409);
        }
        self.expect("an export", &reply, 202)?;
        let id = reply.json()["id"].as_str().unwrap_or_default().to_owned();
        let (state, holds) = (ExportState::Running, Default::default());
        self.model.exports.push(Export {
            id,
            user: viewer.user,
            format,
            items,
            state,
            expires_in,
            expires_at: None,
            holds,
            links: Vec::new(),
        });
        self.model.waiting.push(Waiting::Export(self.model.exports.len() - 1));
        Ok(())
    }

    /// Takes an export back, or tries it again.
    pub(crate) async fn end_export(&mut self) -> Outcome {
        let all: Vec<usize> = (0..self.model.exports.len()).collect();
        // There is more to be seen where links are known.
        let linked: Vec<usize> = all.iter().copied().filter(|export| !self.model.exports[*export].links.is_empty()).collect();
        let Some(number) = self.choices.one(if linked.is_empty() { &all } else { &linked }) else { return Ok(()) };
        let own: Vec<Viewer> = self.viewers().into_iter().filter(|viewer| viewer.user == self.model.exports[number].user).collect();
        let viewer = self.choices.one(&own).expect("whose export it is");
        let (path, again) = (format!("/cart/exports/{}", self.model.exports[number].id), self.choices.happens(20));
        let reply = match again {
            true => self.change(viewer, "POST", &format!("{path}/retry"), None).await,
            false => self.change(viewer, "DELETE", &path, None).await,
        };
        self.log.push(format!("{viewer:?} {} {path} -> {}", if again { "tries again" } else { "takes back" }, reply.status));
        self.scan(viewer, "exports", &path, &reply)?;
        if !self.may_change_holding(viewer, &self.model.exports[number].items) {
            return if matches!(reply.status, 401 | 403) { Ok(()) } else { self.expect("another's export", &reply, 403) };
        }
        match (again, self.model.exports[number].state) {
            (true, ExportState::Failed) => {
                self.expect("another try", &reply, 202)?;
                self.model.exports[number].state = ExportState::Running;
                self.model.waiting.push(Waiting::Export(number));
            }
            (true, _) => return self.expect("another try of what did not fail", &reply, 409),
            (false, _) => {
                self.expect("taking back", &reply, 200)?;
                self.model.exports[number].state = ExportState::Revoked;
            }
        }
        Ok(())
    }

    /// An imported dataset was found by its path.
    pub(crate) fn must_have_ids(&self) -> Outcome {
        let nameless = self.model.packages.iter().flat_map(|package| &package.datasets).find(|dataset| dataset.id.is_empty());
        nameless.map_or(Ok(()), |dataset| Err(Finding::new(Kind::Missing, "imports", format!("{} was not imported", dataset.path))))
    }
}
