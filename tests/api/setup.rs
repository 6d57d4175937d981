//! What tests need to stand before they ask: people, packages, bytes in the store, workers that have caught up.

use std::{collections::BTreeMap, time::Duration};

use app::{
    identity::{Identity, InviteUser, People},
    workers::{changes::Changes, housekeeping::Housekeeping, indexing::Indexing, logging::Logging, manifest::Manifests},
};
use aws_lc_rs::digest::{SHA256, digest};
use domain::{
    Principal,
    access::Action,
    api_key::ApiKey,
    audit::{Actor, Origin},
    job::Job,
    ports::{Condition, Entry, Handler, SignedRequest, Tables as _},
    principal::Role,
    user::PrincipalRecord,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use testkit::builders::{admin, now};

use crate::{BUCKET, World};

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

/// What a worker gets.
fn entries<T>(bodies: Vec<T>) -> Vec<Entry<T>> {
    bodies.into_iter().enumerate().map(|(number, body)| Entry { id: number.to_string(), body }).collect()
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
        self.tables.transact(writes).await.expect("a known person");
    }

    /// Invites a member into the directory; the directory chooses the user id.
    ///
    /// # Panics
    /// If the directory refuses it.
    pub async fn invited(&self, name: &str) -> Principal {
        let entered =
            InviteUser { email: format!("{name}@example.org"), name: name.to_owned(), role: Role::Member, groups: Default::default() };
        let people = People::new(self.core(), self.directory.clone(), self.directory.clone());
        let record = people.invite(&self.caller(&admin("root")), &entered).await.expect("an invitation");
        Principal { user_id: record.user_id, ..testkit::builders::member("somebody") }
    }

    /// Grants an API key, as an admin does.
    ///
    /// # Panics
    /// If the tables refuse it.
    pub async fn granted(&self, key: &ApiKey) {
        let stamp = self.core().stamp_of(Actor::of(&admin("root")), &Origin::default(), Action::KeyGrant, &[]);
        let write = self.store().put_api_key(key, &stamp, Condition::Absent).expect("a row");
        self.tables.write(write).await.expect("a granted key");
    }

    /// The use cases about API keys.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::new(self.core(), self.directory.clone())
    }

    /// This principal as the use cases know a caller.
    #[must_use]
    pub fn caller(&self, principal: &Principal) -> app::Caller {
        app::Caller {
            principal: principal.clone(),
            origin: Origin { request_id: "req_1".to_owned(), source_ip: Some("192.0.2.1".to_owned()) },
        }
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
        let url = upload["url"].as_str().expect("a URL");
        self.objects.send(&self.signed("PUT", url), bytes.to_vec()).await.expect("the store takes the bytes");
    }

    /// What is behind a signed URL.
    ///
    /// # Panics
    /// If the store refuses it.
    pub async fn fetch(&self, url: &str) -> Vec<u8> {
        self.objects.fetch(&self.signed("GET", url)).await.expect("the store hands it out").to_vec()
    }

    fn signed(&self, method: &'static str, url: &str) -> SignedRequest {
        SignedRequest { method, url: SecretString::from(url), headers: BTreeMap::new(), expires_at: now() }
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
        loop {
            let (changes, jobs) = (self.tables.take_changes(), self.jobs.take());
            if changes.is_empty() && jobs.is_empty() {
                return;
            }
            let outcome = Changes::new(self.jobs.clone()).handle(entries(changes)).await;
            assert!(outcome.failed.is_empty(), "changes that could not be told");
            let (audit, jobs): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| matches!(job, Job::Audit { .. }));
            let (index, jobs): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| matches!(job, Job::Index { .. }));
            let outcome = Logging::new(self.tables.clone(), self.audit_log.clone()).handle(entries(audit)).await;
            assert!(outcome.failed.is_empty(), "audit records that could not be logged");
            let outcome = Indexing::new(self.tables.clone(), self.index.clone()).handle(entries(index)).await;
            assert!(outcome.failed.is_empty(), "packages that could not be indexed");
            for job in jobs {
                self.follow(job).await;
            }
        }
    }

    async fn follow(&self, job: Job) {
        let manifests = Manifests::new(self.core(), self.objects.clone(), BUCKET, "https://lake.example.org");
        let (objects, ids) = (self.objects.clone(), self.ids.clone());
        let housekeeping = Housekeeping::new(self.tables.clone(), objects.clone(), objects, self.clock.clone(), ids, BUCKET);
        match job {
            Job::Export { user_id, export_id } => manifests.generate(&user_id, export_id).await.expect("manifests"),
            Job::RemoveExport { user_id, export_id } => housekeeping.remove_export(&user_id, export_id).await.expect("removed files"),
            Job::PackageDeleted { package_id } => housekeeping.package_deleted(package_id).await.expect("dropped uploads"),
            other => panic!("nothing here asks for {other:?}"),
        }
    }
}
