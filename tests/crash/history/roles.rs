//! What each of the clients does.

use std::time::Duration;

use anyhow::{Context as _, bail};
use datalake_tests_machine::{Answer, sha256, wait_at_most};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    clients::Client,
    record::{Tags, Told, WRITER, What},
};
use crate::asking::{number, post_once, send};

/// So often a client tries before it gives up.
const ATTEMPTS: u32 = 40;

/// By its number each client has one role.
pub(super) async fn act(mut client: Client, round: u32) -> anyhow::Result<()> {
    match client.number {
        0..40 => client.merge_tags().await,
        40..70 => client.replace_tags().await,
        70..100 => client.describe().await,
        100..120 => client.create(&format!("Made {round} {}", client.number / 4)).await,
        120..160 => client.upload(&format!("{round}/{}.csv", client.number / 4), client.number % 8 < 4).await,
        160..199 => client.check_out(&format!("checkout {round} {}", client.number / 4)).await,
        _ => client.delete_and_restore().await,
    }
    .with_context(|| format!("client {}", client.number))
}

impl Client {
    async fn ask(&self, method: Method, path: &str, if_match: Option<u64>, body: &Value) -> anyhow::Result<Answer> {
        let headers: Vec<(&str, String)> = if_match.iter().map(|version| ("if-match", format!("\"{version}\""))).collect();
        let path = format!("/packages/{}{path}", self.scene.package);
        send(&self.scene.lake, &self.scene.ann, method, &path, &headers, body.clone()).await
    }

    /// Something of the package, unless it is deleted just now.
    async fn read(&self, path: &str) -> anyhow::Result<Option<Value>> {
        let answer = self.ask(Method::GET, path, None, &Value::Null).await?;
        match answer.status.as_u16() {
            200 => Ok(Some(answer.body)),
            404 | 429 | 503 => Ok(None),
            status => bail!("{path} is answered {status}: {}", answer.body),
        }
    }

    async fn merge_tags(&mut self) -> anyhow::Result<()> {
        for _ in 0..2 {
            for _ in 0..ATTEMPTS {
                let id = self.next_id();
                let tags: Tags = [(WRITER.to_owned(), id.clone()), (format!("m{}", self.number), id.clone())].into();
                let body = json!({ "tags": tags });
                let scene = std::sync::Arc::clone(&self.scene);
                let path = format!("/packages/{}/metadata", scene.package);
                let sending = scene.lake.patch(&scene.ann, &path, &body);
                if let Told::Done(_) = self.tell(id, What::Merge(tags), sending, version).await? {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn replace_tags(&mut self) -> anyhow::Result<()> {
        for _ in 0..ATTEMPTS {
            let Some(now) = self.read("/metadata").await? else {
                self.tell_apart().await;
                continue;
            };
            let (id, base) = (self.next_id(), number(&now, "version")?);
            let mut tags: Tags = serde_json::from_value(now["tags"].clone())?;
            tags.insert(WRITER.to_owned(), id.clone());
            tags.insert(format!("r{}", self.number), id.clone());
            let what = What::Replace { base, tags: tags.clone() };
            let told = self.change(id, what, Method::PUT, "/metadata", Some(base), json!({ "tags": tags }), version).await?;
            if let Told::Done(_) = told {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn describe(&mut self) -> anyhow::Result<()> {
        for _ in 0..ATTEMPTS {
            let Some(now) = self.read("").await? else {
                self.tell_apart().await;
                continue;
            };
            let (id, base) = (self.next_id(), number(&now, "version")?);
            let body = json!({ "description": id });
            if let Told::Done(_) = self.change(id, What::Describe { base }, Method::PATCH, "", Some(base), body, version).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A package under a key that others use as well, more than once.
    async fn create(&mut self, name: &str) -> anyhow::Result<()> {
        let body = json!({ "name": name });
        for _ in 0..2 {
            let what = || What::Create { key: name.to_owned(), name: name.to_owned() };
            self.once("/packages", name, what, &body, "/id").await?;
        }
        Ok(())
    }

    /// A file that others send as well, under the same key.
    async fn upload(&mut self, name: &str, and_remove: bool) -> anyhow::Result<()> {
        let bytes = format!("name\n{name}\n").into_bytes();
        let entry = json!({ "name": name, "size": bytes.len(), "content_type": "text/csv", "sha256": sha256(&bytes) });
        let path = format!("/packages/{}/datasets", self.scene.package);
        let body = json!({ "datasets": [entry] });
        let what = || What::Register { key: name.to_owned(), name: name.to_owned() };
        for _ in 0..ATTEMPTS {
            let first = self.once(&path, name, what, &body, "/results/0/dataset/id").await?;
            let again = self.once(&path, name, what, &body, "/results/0/dataset/id").await?;
            let Some((dataset, answer)) = again.or(first) else { return Ok(()) };
            let sent = self.scene.lake.send_signed(&answer["results"][0]["upload"], &bytes).await?;
            if !matches!(sent.status.as_u16(), 200 | 409 | 412) {
                bail!("the store answers {}", sent.status);
            }
            let complete = || What::Complete { dataset: dataset.clone() };
            // Dropped by a deletion of the package before it was complete: it has to be registered again.
            if self.insist(complete, Method::POST, &dataset, "/complete").await? == Some(404) {
                continue;
            }
            self.insist(complete, Method::POST, &dataset, "/complete").await?;
            if and_remove {
                self.insist(|| What::Remove { dataset: dataset.clone() }, Method::DELETE, &dataset, "").await?;
            }
            return Ok(());
        }
        Ok(())
    }

    /// An export under a key that others use as well, more than once.
    async fn check_out(&mut self, key: &str) -> anyhow::Result<()> {
        let scene = std::sync::Arc::clone(&self.scene);
        let person = if self.number % 8 < 4 { &scene.ann } else { &scene.bob };
        let mut made = 0;
        for _ in 0..ATTEMPTS {
            // The export before may have emptied the cart.
            let added = scene.lake.post(person, "/cart/items", &json!({ "package_id": scene.package })).await?;
            if !matches!(added.status.as_u16(), 200 | 201 | 404 | 503) {
                bail!("the cart answers {} {}", added.status, added.body);
            }
            let (id, what) = (self.next_id(), What::CheckOut { key: key.to_owned() });
            let body = json!({ "format": "signed-url" });
            let sending = post_once(&scene.lake, person, "/cart/checkout", key, body);
            if let Told::Made(_) = self.tell(id, what, sending, |answer| Ok(Told::Made(answer.text("/id")?))).await? {
                made += 1;
                if made == 2 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The package goes and comes back while the others are at it.
    async fn delete_and_restore(&mut self) -> anyhow::Result<()> {
        for _ in 0..3 {
            self.after_others(25).await;
            for _ in 0..ATTEMPTS {
                let Some(now) = self.read("").await? else { break };
                let (id, base) = (self.next_id(), number(&now, "version")?);
                let what = What::Delete { base };
                let told = self.change(id, what, Method::DELETE, "", Some(base), Value::Null, |_| Ok(Told::Done(None))).await?;
                if let Told::Done(_) = told {
                    break;
                }
            }
            self.after_others(15).await;
            while self.read("").await?.is_none() {
                let id = self.next_id();
                self.change(id, What::Restore, Method::POST, "/restore", None, Value::Null, version).await?;
            }
        }
        Ok(())
    }

    /// Until the others have done so much more, or nothing more happens.
    async fn after_others(&self, more: usize) {
        let goal = self.scene.recorder.len() + more;
        // Whether they did or not, it goes on.
        let _ = wait_at_most(Duration::from_secs(2), "others do something", async || Ok((self.scene.recorder.len() >= goal).then_some(())))
            .await;
    }

    async fn tell_apart(&mut self) {
        tokio::time::sleep(Duration::from_millis(self.dice.below(60))).await;
    }

    #[expect(clippy::too_many_arguments, reason = "a request has so many parts")]
    async fn change(
        &mut self,
        id: String,
        what: What,
        method: Method,
        path: &str,
        if_match: Option<u64>,
        body: Value,
        done: fn(&Answer) -> anyhow::Result<Told>,
    ) -> anyhow::Result<Told> {
        let scene = std::sync::Arc::clone(&self.scene);
        let headers: Vec<(&str, String)> = if_match.iter().map(|version| ("if-match", format!("\"{version}\""))).collect();
        let path = format!("/packages/{}{path}", scene.package);
        self.tell(id, what, send(&scene.lake, &scene.ann, method, &path, &headers, body), done).await
    }

    /// Until it is done, or refused for a reason other than that the package is deleted just now: that status.
    async fn insist(&mut self, what: impl Fn() -> What, method: Method, dataset: &str, action: &str) -> anyhow::Result<Option<u16>> {
        let path = format!("/datasets/{dataset}{action}");
        for _ in 0..ATTEMPTS {
            let id = self.next_id();
            match self.change(id, what(), method.clone(), &path, None, Value::Null, |_| Ok(Told::Done(None))).await? {
                Told::Unknown => {}
                Told::Refused(404) if self.read("").await?.is_none() => {}
                Told::Refused(404) if self.read(&format!("/datasets/{dataset}")).await?.is_some_and(|now| now["state"] != "removed") => {}
                Told::Refused(status) => return Ok(Some(status)),
                Told::Done(_) | Told::Made(_) => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Something new under a key; its id and the whole answer.
    async fn once(
        &mut self,
        path: &str,
        key: &str,
        what: impl Fn() -> What,
        body: &Value,
        id_at: &str,
    ) -> anyhow::Result<Option<(String, Value)>> {
        let scene = std::sync::Arc::clone(&self.scene);
        for _ in 0..ATTEMPTS {
            let id = self.next_id();
            let mut whole = Value::Null;
            let told = self
                .tell(id, what(), post_once(&scene.lake, &scene.ann, path, key, body.clone()), |answer| {
                    whole = answer.body.clone();
                    // An entry of a batch may be told to come again.
                    Ok(answer.text(id_at).map_or(Told::Unknown, Told::Made))
                })
                .await?;
            if let Told::Made(id) = told {
                return Ok(Some((id, whole)));
            }
        }
        Ok(None)
    }
}

fn version(answer: &Answer) -> anyhow::Result<Told> {
    Ok(Told::Done(Some(number(&answer.body, "version")?)))
}
