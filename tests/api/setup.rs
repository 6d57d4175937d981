//! What tests need to stand before they ask: people, packages, bytes in the store, workers that have caught up.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use domain::{
    Principal,
    access::Action,
    api_key::ApiKey,
    audit::{Actor, Origin},
    ports::Condition,
    user::PrincipalRecord,
};
use serde_json::{Value, json};
use testkit::builders::{admin, now};

use crate::World;

/// SHA-256 in lower-case hex.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

/// So many seconds.
#[must_use]
pub const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Where a request came from, as the use cases are told.
pub(crate) fn origin() -> Origin {
    Origin { request_id: "req_1".to_owned(), source_ip: Some("192.0.2.1".to_owned()) }
}

impl World {
    /// Lets the data lake know a caller by this name.
    ///
    /// # Panics
    /// If the tables refuse it.
    pub async fn person(&self, principal: &Principal, name: &str) {
        let record = PrincipalRecord {
            user_id: principal.user_id.clone(),
            directory_name: principal.user_id.to_string(),
            email: format!("{}@example.org", principal.user_id),
            name: name.to_owned(),
            role: Some(principal.role),
            groups: principal.groups.iter().cloned().collect(),
            enabled: true,
            tokens_valid_after: now(),
            last_sign_in: None,
            federated: false,
        };
        let before = self.store().stored_principal(&principal.user_id).await.expect("the row before");
        let writes = self.store().put_principal(&record, before.as_ref(), None).expect("rows");
        self.tables().transact(writes).await.expect("a known person");
    }

    /// Invites a member into the directory; the directory chooses the user id.
    ///
    /// # Panics
    /// If the directory refuses it.
    pub async fn invited(&self, name: &str) -> Principal {
        self.home.invited(name).await
    }

    /// Grants an API key, as an admin does.
    ///
    /// # Panics
    /// If the tables refuse it.
    pub async fn granted(&self, key: &ApiKey) {
        let stamp = self.core().stamp_of(Actor::of(&admin("root")), &Origin::default(), Action::KeyGrant, &[]);
        let write = self.store().put_api_key(key, &stamp, Condition::Absent).expect("a row");
        self.tables().write(write).await.expect("a granted key");
    }

    /// This principal as the use cases know a caller.
    #[must_use]
    pub fn caller(&self, principal: &Principal) -> app::Caller {
        app::Caller { principal: principal.clone(), origin: origin() }
    }

    /// Makes a package and answers with its id.
    ///
    /// # Panics
    /// If it is not made.
    pub async fn package(&self, owner: &Principal, body: Value) -> String {
        let answer = self.post("/packages").by(owner).json(&body).send().await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.text("/id")
    }

    /// Registers a file of these bytes; answers with the dataset's id and what to send.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn registered(&self, owner: &Principal, package: &str, path: &str, bytes: &[u8]) -> (String, Value) {
        let content_type = if path.ends_with(".csv") { "text/csv" } else { "text/plain" };
        let entry = json!({ "name": path, "size": bytes.len(), "content_type": content_type, "sha256": sha256(bytes) });
        let answer = self.post(format!("/packages/{package}/datasets")).by(owner).json(&json!({ "datasets": [entry] })).send().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        (answer.text("/results/0/dataset/id"), answer.body["results"][0]["upload"].clone())
    }

    /// Does what a registration or a signed part asks for.
    ///
    /// # Panics
    /// If the store refuses the bytes.
    pub async fn send(&self, upload: &Value, bytes: &[u8]) {
        self.home.transfer(upload, bytes.to_vec()).await;
    }

    /// What is behind a signed URL.
    ///
    /// # Panics
    /// If the store refuses it.
    pub async fn fetch(&self, url: &str) -> Vec<u8> {
        self.home.transfer(&json!({ "method": "GET", "url": url }), Vec::new()).await
    }

    /// Bucket and key that a signed URL is about, with a slash between.
    #[must_use]
    pub fn place(&self, url: &str) -> String {
        self.home.place(url)
    }

    /// Keys of the data bucket.
    pub async fn keys(&self) -> Vec<String> {
        self.home.keys().await
    }

    /// Registers, sends and completes a file; answers with the dataset's id.
    ///
    /// # Panics
    /// If one of these is refused.
    pub async fn uploaded(&self, owner: &Principal, package: &str, path: &str, bytes: &[u8]) -> String {
        let (dataset, upload) = self.registered(owner, package, path, bytes).await;
        self.send(&upload, bytes).await;
        let answer = self.post(format!("/packages/{package}/datasets/{dataset}/complete")).by(owner).send().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        dataset
    }

    /// Puts a package into the caller's cart; answers with the item's id.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn in_cart(&self, caller: &Principal, package: &str) -> String {
        let answer = self.post("/cart/items").by(caller).json(&json!({ "package_id": package })).send().await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.text("/id")
    }

    /// Checks the cart out and has the manifests written; answers with the export's id.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn exported(&self, caller: &Principal, format: &str) -> String {
        let answer = self.post("/cart/checkout").by(caller).json(&json!({ "format": format })).send().await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        self.drain().await;
        answer.text("/id")
    }

    /// Lets the workers do what follows from all changes so far, until nothing follows any more.
    ///
    /// # Panics
    /// If a worker fails.
    pub async fn drain(&self) {
        self.home.drain().await;
    }
}
