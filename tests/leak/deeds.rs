//! What people do in a world, allowed or not; each answer is held against what the oracle says.

use serde_json::{Value, json};

use crate::{
    finding::{Finding, Kind, Outcome},
    lake::{REGION, Reply},
    model::{Package, Shared},
    oracle::{DELETE, RESTORE, Right, Says, TAG, TRANSFER, UPDATE, Viewer},
    world::{PACKAGES, World},
};

impl World {
    /// One thing that somebody does.
    pub(crate) async fn deed(&mut self) -> Outcome {
        match self.choices.below(100) {
            0..6 => self.create_package().await,
            6..24 => self.share().await,
            24..30 => self.rename().await,
            30..37 => self.delete_package().await,
            37..43 => self.restore_package().await,
            43..48 => self.transfer().await,
            48..64 => self.furnish().await,
            64..72 => self.change_groups().await,
            72..76 => self.change_enabled().await,
            76..79 => self.change_role().await,
            79..81 => self.grant_key().await,
            81..84 => self.revoke_key().await,
            84..88 => self.check_out().await,
            88..97 => self.end_export().await,
            _ => self.wait(),
        }
    }

    /// Puts something somewhere.
    pub(crate) async fn furnish(&mut self) -> Outcome {
        match self.choices.below(10) {
            0..3 => self.upload().await,
            3 => self.tag().await,
            4 => self.import().await,
            5 => self.take_or_bring_back().await,
            6..9 => self.put_into_cart().await,
            _ => self.check_out().await,
        }
    }

    pub(crate) fn somebody(&self) -> Viewer {
        self.choices.one(&self.viewers()).expect("somebody")
    }

    /// Somebody and a package; more often its owner than chance would have it.
    pub(crate) fn somebody_and_a_package(&self) -> Option<(Viewer, usize)> {
        let package = self.choices.one(&(0..self.model.packages.len()).collect::<Vec<_>>())?;
        let owner = Viewer { user: self.model.packages[package].owner, key: None };
        Some((if self.choices.happens(60) { owner } else { self.somebody() }, package))
    }

    /// Tries something, and answers with the reply if it was to be allowed.
    pub(crate) async fn attempt(
        &mut self,
        (viewer, right, package): (Viewer, Right, usize),
        (method, path): (&'static str, &str),
        body: Option<&Value>,
    ) -> Outcome<Option<Reply>> {
        let reply = self.change(viewer, method, path, body).await;
        self.scan(viewer, "changes", path, &reply)?;
        self.log.push(format!("{viewer:?} {method} {path} {} -> {}", body.cloned().unwrap_or_default(), reply.status));
        let says = self.model.says(viewer, right, package);
        let refused = |statuses: &[u16], kind| {
            if statuses.contains(&reply.status) {
                return Ok(None);
            }
            let text = format!("{viewer:?} {method} {path}: {says:?}, but {} {}", reply.status, reply.text);
            Err(Finding::new(kind, "changes", text))
        };
        match says {
            _ if !self.model.comes_in(viewer) => refused(&[401, 403], Kind::Leak),
            Says::NotThere => refused(&[404], Kind::Leak),
            Says::No => refused(&[403], Kind::Leak),
            Says::Yes if matches!(reply.status, 401 | 403) => refused(&[], Kind::Missing),
            Says::Yes => Ok(Some(reply)),
        }
    }

    /// Something that was allowed is answered so.
    pub(crate) fn expect(&self, what: &str, reply: &Reply, status: u16) -> Outcome {
        if reply.status == status {
            return Ok(());
        }
        let kind = if reply.status < 400 { Kind::Leak } else { Kind::Missing };
        Err(Finding::new(kind, "changes", format!("{what}: {} instead of {status}: {}", reply.status, reply.text)))
    }

    fn some_sharing(&self) -> (Shared, Value) {
        let groups = self.some_groups();
        match self.choices.below(4) {
            0 => (Shared::Nobody, json!({ "visibility": "private" })),
            1 => (Shared::Everybody, json!({ "visibility": "everyone" })),
            _ if groups.is_empty() => (Shared::Nobody, json!({ "visibility": "private" })),
            _ => {
                let body = json!({ "visibility": "groups", "groups": groups });
                (Shared::Groups(groups.into_iter().collect()), body)
            }
        }
    }

    pub(crate) async fn create_package(&mut self) -> Outcome {
        let number = self.model.packages.len();
        if number == PACKAGES {
            return Ok(());
        }
        let viewer = self.somebody();
        let mark = format!("veilq{}", char::from(b'a' + u8::try_from(number).expect("few packages")));
        let (shared, mut body) = self.some_sharing();
        let name = format!("{mark} first");
        let tags = json!({ "note": format!("ward{mark}0"), REGION.0: REGION.1[self.choices.below(2)] });
        for (field, value) in [("name", json!(name)), ("description", json!(format!("All about {mark}"))), ("metadata", tags.clone())] {
            body[field] = value;
        }
        let reply = self.change(viewer, "POST", "/packages", Some(&body)).await;
        self.log.push(format!("{viewer:?} creates {mark} {shared:?} -> {}", reply.status));
        let key = viewer.key.map(|key| &self.model.keys[key]);
        let narrowed = key.is_some_and(|key| key.packages.is_some());
        match () {
            () if !self.model.comes_in(viewer) => {
                return if matches!(reply.status, 401 | 403) { Ok(()) } else { self.expect("a stranger's package", &reply, 403) };
            }
            () if narrowed => return self.expect("a narrowed key's package", &reply, 404),
            () if key.is_some_and(|key| key.read_only) => return self.expect("a reading key's package", &reply, 403),
            () => self.expect("a package", &reply, 201)?,
        }
        let id = reply.json()["id"].as_str().unwrap_or_default().to_owned();
        let tags = serde_json::from_value(tags).expect("texts");
        let mut package = Package {
            id,
            mark,
            name,
            owner: viewer.user,
            shared,
            tags,
            versions: 1,
            created_at: self.lake.now(),
            deleted_at: None,
            datasets: Vec::new(),
            imports: Vec::new(),
            told: Default::default(),
            lost_uploads: false,
        };
        package.tell("package.create");
        self.model.packages.push(package);
        Ok(())
    }

    async fn share(&mut self) -> Outcome {
        let Some((viewer, number)) = self.somebody_and_a_package() else { return Ok(()) };
        let (shared, body) = self.some_sharing();
        let path = format!("/packages/{}", self.model.packages[number].id);
        let Some(reply) = self.attempt((viewer, UPDATE, number), ("PATCH", &path), Some(&body)).await? else { return Ok(()) };
        self.expect("sharing", &reply, 200)?;
        let package = &mut self.model.packages[number];
        if package.shared != shared {
            package.shared = shared;
            package.tell("package.update");
        }
        Ok(())
    }

    async fn rename(&mut self) -> Outcome {
        let Some((viewer, number)) = self.somebody_and_a_package() else { return Ok(()) };
        let package = &self.model.packages[number];
        let (path, name) = (format!("/packages/{}", package.id), format!("{} renamed {}", package.mark, self.log.len()));
        let body = json!({ "name": name });
        let Some(reply) = self.attempt((viewer, UPDATE, number), ("PATCH", &path), Some(&body)).await? else { return Ok(()) };
        self.expect("a new name", &reply, 200)?;
        self.model.packages[number].name = name;
        self.model.packages[number].tell("package.update");
        Ok(())
    }

    async fn delete_package(&mut self) -> Outcome {
        let Some((viewer, number)) = self.somebody_and_a_package() else { return Ok(()) };
        let path = format!("/packages/{}", self.model.packages[number].id);
        let Some(reply) = self.attempt((viewer, DELETE, number), ("DELETE", &path), None).await? else { return Ok(()) };
        self.expect("a deletion", &reply, 204)?;
        let now = self.lake.now();
        let package = &mut self.model.packages[number];
        package.deleted_at = Some(now);
        package.lost_uploads = true;
        package.tell("package.delete");
        Ok(())
    }

    async fn restore_package(&mut self) -> Outcome {
        let Some((mut viewer, mut number)) = self.somebody_and_a_package() else { return Ok(()) };
        // There is more to be seen where there is something to restore.
        if let Some(deleted) = self.model.packages.iter().position(|package| package.deleted_at.is_some()) {
            (viewer, number) =
                (if viewer.key.is_none() { Viewer { user: self.model.packages[deleted].owner, key: None } } else { viewer }, deleted);
        }
        let path = format!("/packages/{}/restore", self.model.packages[number].id);
        let Some(reply) = self.attempt((viewer, RESTORE, number), ("POST", &path), None).await? else { return Ok(()) };
        let now = self.lake.now();
        let package = &self.model.packages[number];
        if package.deleted_at.is_none() {
            return self.expect("restoring what is not deleted", &reply, 409);
        }
        if !package.restorable(now) {
            return self.expect("restoring too late", &reply, 404);
        }
        self.expect("restoring", &reply, 200)?;
        self.model.packages[number].deleted_at = None;
        self.model.packages[number].tell("package.restore");
        Ok(())
    }

    async fn transfer(&mut self) -> Outcome {
        let Some((viewer, number)) = self.somebody_and_a_package() else { return Ok(()) };
        let heir = self.choices.below(self.model.users.len());
        let body = json!({ "owner": self.model.users[heir].id.as_str() });
        let path = format!("/packages/{}/owner", self.model.packages[number].id);
        let Some(reply) = self.attempt((viewer, TRANSFER, number), ("PUT", &path), Some(&body)).await? else { return Ok(()) };
        if !self.model.users[heir].enabled {
            return self.expect("a disabled heir", &reply, 422);
        }
        self.expect("a transfer", &reply, 200)?;
        self.model.packages[number].owner = heir;
        self.model.packages[number].tell("package.transfer");
        Ok(())
    }

    async fn tag(&mut self) -> Outcome {
        let Some((viewer, number)) = self.somebody_and_a_package() else { return Ok(()) };
        let package = &self.model.packages[number];
        let path = format!("/packages/{}/metadata", package.id);
        let ward = format!("ward{}{}", package.mark, self.log.len());
        let region = REGION.1[self.choices.below(2)];
        let body = json!({ "tags": { "note": ward, REGION.0: region } });
        let Some(reply) = self.attempt((viewer, TAG, number), ("PATCH", &path), Some(&body)).await? else { return Ok(()) };
        self.expect("tags", &reply, 200)?;
        let package = &mut self.model.packages[number];
        package.tags.insert("note".to_owned(), ward);
        package.tags.insert(REGION.0.to_owned(), region.to_owned());
        package.versions += 1;
        package.tell("metadata.write");
        Ok(())
    }
}
