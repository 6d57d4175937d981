//! A world in which every operation of the contract has something to work on.

use datalake_tests_api::World;
use domain::Principal;
use serde_json::{Value, json};
use testkit::builders::{PrincipalExt as _, admin, api_key, member};
use web::operations::{Class, Operation};

/// A world with one of everything, all Ann's.
pub(crate) struct Known {
    pub(crate) world: World,
    pub(crate) ann: Principal,
    /// An administrator.
    pub(crate) root: Principal,
    pub(crate) package: String,
    pub(crate) dataset: String,
    /// Registered; its bytes have not arrived.
    pub(crate) pending: String,
    /// Registered as an upload in parts.
    pub(crate) parts: String,
    pub(crate) item: String,
    /// Ready, of grant links.
    pub(crate) export: String,
    pub(crate) token: String,
    pub(crate) entry: String,
    pub(crate) access_key_id: String,
    /// Done; its one entry failed.
    pub(crate) import: String,
}

impl Known {
    pub(crate) async fn new() -> Self {
        Self::in_world(World::new()).await
    }

    pub(crate) async fn in_world(world: World) -> Self {
        let ann = member("ann").in_groups(&["makers", "team"]);
        world.person(&ann, "Ann").await;
        let body = json!({ "name": "Flights", "description": "Delays by day", "metadata": { "year": "2001" } });
        let package = world.package(&ann, body).await;
        let dataset = world.uploaded(&ann, &package, "2001/January.csv", b"day,delay\n1,20\n").await;
        world.in_cart(&ann, &package).await;
        let export = world.exported(&ann, "grant").await;
        let (token, entry) = grant(&world, &ann, &export).await;
        let item = world.in_cart(&ann, &package).await;
        let (pending, _) = world.registered(&ann, &package, "pending.csv", b"1").await;
        let large = json!({ "datasets": [{ "name": "large.parquet", "size": 100 * 1024 * 1024 }] });
        let answer = world.post(format!("/packages/{package}/datasets")).by(&ann).json(&large).send().await;
        let parts = answer.text("/results/0/dataset/id");
        let nowhere = json!({ "entries": [{ "url": "s3://elsewhere/a.csv" }] });
        let import = world.post(format!("/packages/{package}/imports")).by(&ann).json(&nowhere).send().await.text("/id");
        let key = api_key(1, "ann");
        world.granted(&key).await;
        world.drain().await;
        let access_key_id = key.access_key_id.to_string();
        Self { world, ann, root: admin("root"), package, dataset, pending, parts, item, export, token, entry, access_key_id, import }
    }

    /// Who may do it.
    pub(crate) fn caller(&self, operation: &Operation) -> &Principal {
        if operation.classes.contains(&Class::Admin) { &self.root } else { &self.ann }
    }

    /// The operation's address with everything that is there.
    pub(crate) fn path(&self, operation: &Operation) -> String {
        let dataset = match operation.id {
            "sign_parts" | "list_parts" => &self.parts,
            "complete_dataset" => &self.pending,
            _ => &self.dataset,
        };
        fill(
            operation.path,
            &[
                ("{id}", &self.package),
                ("{package_id}", &self.package),
                ("{dataset}", dataset),
                ("{version}", "1"),
                ("{item}", &self.item),
                ("{export}", &self.export),
                ("{token}", &self.token),
                ("{entry}", &self.entry),
                ("{access_key_id}", &self.access_key_id),
                ("{import}", &self.import),
            ],
        )
    }

    /// The same address, but what its last id names is not there.
    pub(crate) fn absent_path(&self, operation: &Operation) -> String {
        let absent = [
            ("{dataset}", testkit::builders::dataset_id(999).to_string()),
            ("{package_id}", testkit::builders::package_id(999).to_string()),
            ("{version}", "99".to_owned()),
            ("{item}", domain::ItemId::new(testkit::builders::ulid(999)).to_string()),
            ("{import}", domain::ImportId::new(testkit::builders::ulid(999)).to_string()),
            ("{export}", testkit::builders::export_id(999).to_string()),
            ("{token}", "A".repeat(self.token.len())),
            ("{access_key_id}", testkit::builders::access_key_id(999).to_string()),
        ];
        let path = absent.iter().fold(operation.path.to_owned(), |path, (name, value)| path.replace(name, value));
        let package = if path == operation.path { testkit::builders::package_id(999).to_string() } else { self.package.clone() };
        fill(&path, &[("{id}", &package), ("{entry}", &self.entry)])
    }

    /// A body that the operation takes, if it takes one.
    pub(crate) fn body(&self, operation: &Operation) -> Option<Value> {
        let sha256 = datalake_tests_api::sha256(b"");
        Some(match operation.id {
            "create_package" => json!({ "name": "Trains" }),
            "change_package" => json!({ "name": "Flights of 2001" }),
            "transfer_package" => json!({ "owner": "ann" }),
            "replace_metadata" | "merge_metadata" => json!({ "tags": { "year": "2002" } }),
            "register_datasets" => json!({ "datasets": [{ "name": "b.csv", "size": 0, "sha256": sha256 }] }),
            "complete_datasets" => json!({ "ids": [self.pending] }),
            "sign_parts" => json!({ "parts": [{ "number": 1, "size": 16 * 1024 * 1024, "sha256": sha256 }] }),
            "start_import" => json!({ "entries": [{ "url": "s3://elsewhere/b.csv" }] }),
            "add_cart_item" => json!({ "package_id": self.package }),
            "checkout" => json!({ "format": "grant" }),
            _ => return None,
        })
    }

    /// A body that breaks a rule, for each operation that takes a body.
    pub(crate) fn broken_body(&self, operation: &Operation) -> Value {
        match operation.id {
            "create_package" => json!({ "name": "x".repeat(101) }),
            "change_package" => json!({ "visibility": "groups" }),
            "transfer_package" => json!({ "owner": "nobody" }),
            "replace_metadata" | "merge_metadata" => json!({ "tags": { "": "nameless" } }),
            "register_datasets" => json!({ "datasets": [] }),
            "complete_datasets" => json!({ "ids": [] }),
            "sign_parts" => json!({ "parts": [] }),
            "start_import" => json!({ "version": 1 }),
            "add_cart_item" => json!({ "package_id": "Flights" }),
            "checkout" => json!({ "format": "carrier-pigeon" }),
            other => panic!("{other} takes a body: say here which one breaks a rule"),
        }
    }
}

fn fill(path: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value))
}

/// Token and number of an export's first grant link, as its manifest tells them.
pub(crate) async fn grant(world: &World, exporter: &Principal, export: &str) -> (String, String) {
    let read = world.get(format!("/cart/exports/{export}")).by(exporter).send().await;
    let links = read.body["manifests"].as_array().expect("links of manifests").clone();
    let link = links.iter().find(|link| link["package_id"].is_string()).expect("a package's manifest");
    let manifest = world.fetch(link["url"].as_str().expect("a URL")).await;
    let manifest: Value = serde_json::from_slice(&manifest).expect("a manifest");
    let grant = manifest["entries"][0]["grant"].as_str().expect("a grant link");
    let mut pieces = grant.rsplit('/');
    let entry = pieces.next().expect("a number").to_owned();
    (pieces.next().expect("a token").to_owned(), entry)
}
