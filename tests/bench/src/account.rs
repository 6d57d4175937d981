//! Stands in for an AWS account, and for the search cluster beside it: answers at once, from rows that never change.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    issuer::{self, CLIENT, ISSUER, Issued},
    listen::listen,
};
use anyhow::{Result, ensure};
use app::store::Store;
use aws::TableNames;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header::CONTENT_TYPE},
};
use domain::{
    Timestamp,
    access::Action,
    audit::{Actor, Origin},
    change::Stamp,
    id::ChangeId,
    ports::{Item, Table, Tables},
    principal::Role,
    user::PrincipalRecord,
};
use serde_json::{Map, Value, json};
use testkit::{
    MemoryTables,
    builders::{member, metadata_version, now, package, package_id, ulid, user_id},
};

/// Who asks.
pub(crate) const USER: &str = "ann";
/// The deployment's prefix.
pub(crate) const PREFIX: &str = "data-lake";
const ARN: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// The account.
#[derive(Debug)]
pub(crate) struct Account {
    address: SocketAddr,
    issued: Issued,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Rows by table and key.
    rows: BTreeMap<(String, String), Value>,
    keys: String,
    unknown: Mutex<BTreeSet<String>>,
}

impl Account {
    /// Starts it, with a user and a package of theirs.
    pub(crate) async fn start() -> Result<Self> {
        let issued = issuer::issue(USER)?;
        let tables = MemoryTables::new();
        fill(&tables).await?;
        let shared = Arc::new(Shared { rows: by_key(&tables), keys: issued.keys.clone(), unknown: Mutex::default() });
        let (listener, address) = listen().await?;
        let router = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, issued, shared })
    }

    /// The user's access token.
    pub(crate) fn token(&self) -> &str {
        &self.issued.token
    }

    /// What Lambda and Terraform tell a function. Each reads what it needs.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, String)> {
        let here = format!("http://{}", self.address);
        let queue = |name: &str| format!("{here}/123456789012/{name}");
        [
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "bench".to_owned()),
            ("AWS_SESSION_TOKEN", "bench".to_owned()),
            ("AWS_ENDPOINT_URL", here.clone()),
            ("DATALAKE_PREFIX", PREFIX.to_owned()),
            ("DATALAKE_BUCKET", "data-lake-data".to_owned()),
            ("DATALAKE_KEY_ARN", ARN.to_owned()),
            ("DATALAKE_USER_SECRETS_KEY_ARN", ARN.to_owned()),
            ("DATALAKE_SIGNER_ROLE_ARN", "arn:aws:iam::123456789012:role/data-lake-signer".to_owned()),
            ("DATALAKE_AUDIT_QUEUE_URL", queue("data-lake-audit.fifo")),
            ("DATALAKE_SEARCH_QUEUE_URL", queue("data-lake-search")),
            ("DATALAKE_MANIFEST_QUEUE_URL", queue("data-lake-manifest")),
            ("DATALAKE_HOUSEKEEPING_QUEUE_URL", queue("data-lake-housekeeping")),
            ("DATALAKE_SEARCH_ENDPOINT", format!("{here}/cluster")),
            ("DATALAKE_USER_POOL_ID", "eu-west-1_EXAMPLE01".to_owned()),
            ("DATALAKE_DIRECTORY", "cognito".to_owned()),
            ("DATALAKE_ISSUER", ISSUER.to_owned()),
            ("DATALAKE_JWKS_URL", format!("{here}/jwks.json")),
            ("DATALAKE_CLIENT_IDS", CLIENT.to_owned()),
            ("DATALAKE_GROUP_MAP", "{}".to_owned()),
            ("DATALAKE_ADMIN_GROUP", "admins".to_owned()),
            ("DATALAKE_AUDIT_BUCKET", "data-lake-audit".to_owned()),
            ("DATALAKE_AUDIT_KEY_ARN", ARN.to_owned()),
            ("DATALAKE_AUDIT_LOG_GROUP", "datalake/audit-log".to_owned()),
            ("DATALAKE_API_URL", "https://abcdef123.execute-api.eu-west-1.amazonaws.com".to_owned()),
            ("DATALAKE_LOG_LEVEL", "info".to_owned()),
        ]
        .into_iter()
    }

    /// Fails if a function asked something that no answer is known to: its figures would be those of a failure.
    pub(crate) fn nothing_unknown(&self) -> Result<()> {
        let unknown = self.shared.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(unknown.is_empty(), "functions called what the bench has no answer to: {unknown:?}");
        Ok(())
    }
}

/// Writes the user, and a package of theirs.
pub(crate) async fn fill(tables: &dyn Tables) -> Result<()> {
    let store = Store::new(Arc::new(MemoryTables::new()));
    let stamp = Stamp {
        id: ChangeId::new(ulid(1)),
        actor: Actor::of(&member(USER)),
        action: Action::PackageCreate,
        origin: Origin { request_id: "bench".to_owned(), source_ip: None },
        time: now(),
        fields: Vec::new(),
    };
    let person = PrincipalRecord {
        user_id: user_id(USER),
        directory_name: USER.to_owned(),
        email: "ann@example.org".to_owned(),
        name: "Ann Ash".to_owned(),
        role: Some(Role::Member),
        groups: Vec::new(),
        enabled: true,
        tokens_valid_after: Timestamp::EPOCH,
        last_sign_in: None,
        federated: false,
    };
    let mut writes = store.put_principal(&person, None, None)?;
    let version = metadata_version(&[("year", "2001"), ("source", "BTS"), ("level", "open")]);
    writes.extend(store.put_package_and_tags(&package(1, USER), Some(&version.tags), &stamp)?);
    writes.push(store.put_metadata(package_id(1), &version)?);
    tables.transact(writes).await?;
    Ok(())
}

fn by_key(tables: &MemoryTables) -> BTreeMap<(String, String), Value> {
    let names = TableNames::with_prefix(PREFIX);
    let rows = |table: Table| tables.rows(table).into_iter().map(move |item| (table, item));
    Table::ALL
        .into_iter()
        .flat_map(rows)
        .map(|(table, item)| {
            let item = attributes(&item);
            let schema = table.schema();
            let key = json!({ schema.partition: item[schema.partition], schema.sort: item[schema.sort] });
            ((names.of(table).to_owned(), key.to_string()), item)
        })
        .collect()
}

/// A row as DynamoDB shows it.
fn attributes(item: &Item) -> Value {
    item.iter().map(|(name, value)| (name.clone(), attribute(value))).collect::<Map<String, Value>>().into()
}

fn attribute(value: &Value) -> Value {
    match value {
        Value::Null => json!({ "NULL": true }),
        Value::Bool(value) => json!({ "BOOL": value }),
        Value::Number(value) => json!({ "N": value.to_string() }),
        Value::String(value) => json!({ "S": value }),
        Value::Array(values) => json!({ "L": values.iter().map(attribute).collect::<Vec<_>>() }),
        Value::Object(values) => {
            json!({ "M": values.iter().map(|(name, value)| (name.clone(), attribute(value))).collect::<Map<String, Value>>() })
        }
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let mut kind = HeaderMap::new();
    let json = if target.is_empty() { "application/json" } else { "application/x-amz-json-1.0" };
    kind.insert(CONTENT_TYPE, axum::http::HeaderValue::from_static(json));
    if method == Method::HEAD {
        // The alias of an index that is being built: there is none.
        return (StatusCode::NOT_FOUND, kind, String::new());
    }
    let known = if uri.path() == "/jwks.json" {
        Some(shared.keys.clone())
    } else if uri.path().starts_with("/cluster/") {
        cluster(uri.path(), &body).map(|answer| answer.to_string())
    } else {
        let operation = target.rsplit_once('.').map_or(target, |(_, operation)| operation);
        service(&shared, operation, &serde_json::from_slice(&body).unwrap_or_default()).map(|answer| answer.to_string())
    };
    if let Some(answer) = known {
        return (StatusCode::OK, kind, answer);
    }
    shared.unknown.lock().unwrap_or_else(PoisonError::into_inner).insert(format!("{method} {} {target}", uri.path()));
    (StatusCode::NOT_IMPLEMENTED, kind, "{}".to_owned())
}

/// What DynamoDB, SQS, KMS, CloudWatch Logs and Cognito answer.
fn service(shared: &Shared, operation: &str, request: &Value) -> Option<Value> {
    Some(match operation {
        "GetItem" => shared.row(request["TableName"].as_str()?, &request["Key"]).map_or(json!({}), |item| json!({ "Item": item })),
        "BatchGetItem" => {
            let tables = request["RequestItems"].as_object()?.iter();
            let found = tables.map(|(table, wanted)| {
                let keys = wanted["Keys"].as_array().into_iter().flatten();
                (table.clone(), keys.filter_map(|key| shared.row(table, key)).collect())
            });
            json!({ "Responses": found.collect::<Map<String, Value>>(), "UnprocessedKeys": {} })
        }
        "Query" | "Scan" => json!({ "Items": [], "Count": 0, "ScannedCount": 0 }),
        "BatchWriteItem" => json!({ "UnprocessedItems": {} }),
        "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems" | "PutLogEvents" => json!({}),
        "SendMessage" => sent(&Value::Null),
        "SendMessageBatch" => {
            let entries = request["Entries"].as_array()?.iter();
            json!({ "Successful": entries.map(|entry| sent(&entry["Id"])).collect::<Vec<_>>(), "Failed": [] })
        }
        "Encrypt" => json!({ "CiphertextBlob": request["Plaintext"], "KeyId": ARN }),
        "Decrypt" => json!({ "Plaintext": request["CiphertextBlob"], "KeyId": ARN }),
        "ListUsers" => json!({ "Users": [] }),
        _ => return None,
    })
}

fn sent(id: &Value) -> Value {
    json!({ "Id": id, "MessageId": "5fea7756-0ea4-451a-a703-a558b933e274", "MD5OfMessageBody": "fafb00f5732ab283681e124bf8747ed1" })
}

/// What the search cluster answers.
fn cluster(path: &str, body: &[u8]) -> Option<Value> {
    if path.ends_with("/_search") {
        return Some(json!({ "took": 1, "timed_out": false, "hits": { "total": { "value": 0, "relation": "eq" }, "hits": [] } }));
    }
    if path.ends_with("/_bulk") {
        let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        let item = json!({ "index": { "status": 201 } });
        return Some(json!({ "took": 1, "errors": false, "items": vec![item; lines / 2] }));
    }
    None
}

impl Shared {
    fn row(&self, table: &str, key: &Value) -> Option<Value> {
        self.rows.get(&(table.to_owned(), key.to_string())).cloned()
    }
}
