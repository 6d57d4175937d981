//! What tests do with a data lake before they ask something.

use anyhow::{Context as _, bail};
use aws_lc_rs::digest;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{Answer, Lake, Person, wait_until};

impl Lake {
    /// Makes a package that everyone sees, and answers with its id.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn create_package(&self, owner: &Person, name: &str) -> anyhow::Result<String> {
        let body = json!({ "name": name, "description": "Made by a test.", "visibility": "everyone" });
        self.post(owner, "/packages", &body).await?.expect(201)?.text("/id")
    }

    /// Registers a file: the dataset's id, and the signed request that uploads it.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn register(
        &self,
        owner: &Person,
        package: &str,
        name: &str,
        content_type: &str,
        bytes: &[u8],
    ) -> anyhow::Result<(String, Value)> {
        let entry = json!({ "name": name, "size": bytes.len(), "content_type": content_type, "sha256": sha256(bytes) });
        let answer = self.post(owner, &format!("/packages/{package}/datasets"), &json!({ "datasets": [entry] })).await?.expect(200)?;
        Ok((answer.text("/results/0/dataset/id")?, answer.body["results"][0]["upload"].clone()))
    }

    /// Sends a signed request with these bytes as its body.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn send_signed(&self, signed: &Value, bytes: &[u8]) -> anyhow::Result<Answer> {
        let url = signed["url"].as_str().context("a URL")?;
        let method: Method = signed["method"].as_str().context("a method")?.parse()?;
        let mut request = self.http().request(method, url).body(bytes.to_vec());
        for (name, value) in signed["headers"].as_object().into_iter().flatten() {
            request = request.header(name, value.as_str().context("a header's value")?);
        }
        Answer::read(request.send().await?).await
    }

    /// Uploads a file of at most 64 MiB and answers with the dataset, which is available then.
    ///
    /// # Errors
    /// If a step is refused.
    pub async fn upload(&self, owner: &Person, package: &str, name: &str, content_type: &str, bytes: &[u8]) -> anyhow::Result<Value> {
        let (dataset, signed) = self.register(owner, package, name, content_type, bytes).await?;
        self.send_signed(&signed, bytes).await?.expect(200)?;
        let path = format!("/packages/{package}/datasets/{dataset}/complete");
        Ok(self.post(owner, &path, &Value::Null).await?.expect(200)?.body)
    }

    /// Puts one package into an emptied cart, checks out, and answers with the export once it is ready.
    ///
    /// # Errors
    /// If a step is refused, or the export fails.
    pub async fn export(&self, person: &Person, package: &str, format: &str) -> anyhow::Result<Value> {
        self.delete(person, "/cart").await?.expect(204)?;
        self.post(person, "/cart/items", &json!({ "package_id": package })).await?.expect(201)?;
        let id = self.post(person, "/cart/checkout", &json!({ "format": format })).await?.expect(202)?.text("/id")?;
        wait_until("the export is ready", async || {
            let answer = self.get(person, &format!("/cart/exports/{id}")).await?.expect(200)?;
            match answer.text("/state")?.as_str() {
                "ready" => Ok(Some(answer.body)),
                "failed" => bail!("the export failed: {}", answer.body["failure"]),
                _ => Ok(None),
            }
        })
        .await
    }

    /// The manifest of an export of one package.
    ///
    /// # Errors
    /// If it can't be had.
    pub async fn manifest(&self, export: &Value) -> anyhow::Result<Value> {
        let manifests = export["manifests"].as_array().context("manifests")?;
        let link = manifests.iter().find(|link| link["package_id"].is_string()).context("a package's manifest")?;
        let answer = self.fetch(link["url"].as_str().context("a URL")?).await?.expect(200)?;
        Ok(answer.body)
    }
}

/// SHA-256 in lower-case hex.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}
