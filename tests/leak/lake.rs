//! A data lake in memory: the real routers behind the real authorizer, over ports that a flaw may stand before.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use app::{
    Caller, Core,
    governance::Governance,
    identity::{Identity, People},
    imports::{Locations, NewLocation},
    profile::Deployment,
};
use async_trait::async_trait;
use axum::{Router, body::Body};
use client::{credentials::KeyPair, signing::sign_request};
use domain::{
    PortError, PortErrorKind, PortResult, Timestamp,
    audit::Origin,
    governance::{TagRule, TagType},
    group::Group,
    id::UserId,
    ports::{Clock as _, Groups as _, ObjectAddress, Objects as _, SignedRequest, TokenVerifier, VerifiedToken},
};
use function_authorizer::{Authorizer, RequestHead};
use http_body_util::BodyExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use testkit::{
    builders::{BUCKET, admin, now},
    memory_objects::{once, options_of},
};
use tests_api::{API_URL, FunctionTables, Ports};
use tower::ServiceExt as _;
use url::Url;

use crate::flaws::{Flaw, Function};

/// A bucket with a location in it.
pub(crate) const OUTSIDE: &str = "outside-lake";
/// The location.
pub(crate) const FOLDER: &str = "raw/";
/// The governed tag, and its values.
pub(crate) const REGION: (&str, [&str; 2]) = ("region", ["north", "south"]);
/// Groups of every world.
pub(crate) const GROUPS: [&str; 3] = ["alpha", "beta", "gamma"];
/// What a caller's principal row is remembered for, and a second.
pub(crate) const BEYOND_CACHES: Duration = Duration::from_secs(61);

/// Who sends a request.
#[derive(Clone)]
pub(crate) enum Proof {
    Nothing,
    /// An access token of this person, issued then.
    Token(UserId, Timestamp),
    /// A signature with this key.
    Key(KeyPair),
}

/// A request.
pub(crate) struct Sent<'a> {
    pub(crate) method: &'static str,
    /// Path and query.
    pub(crate) path: &'a str,
    pub(crate) body: Option<(&'static str, Vec<u8>)>,
    pub(crate) if_match: Option<&'static str>,
}

/// An answer as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }
}

/// The data lake.
pub(crate) struct Lake {
    pub(crate) ports: Ports,
    pub(crate) core: Core,
    pub(crate) people: People,
    pub(crate) identity: Identity,
    authorizer: Authorizer,
    router: Router,
}

impl Lake {
    /// With groups, a governed tag and a location.
    pub(crate) async fn new(flaw: &dyn Flaw, remembering_keys: bool) -> Self {
        let ports = Ports::new(|search| flaw.index(search));
        let tables = FunctionTables {
            packages: flaw.tables(Function::Packages, ports.tables.clone()),
            search: ports.tables.clone(),
            cart: flaw.tables(Function::Cart, ports.tables.clone()),
            profile: ports.tables.clone(),
        };
        let (router, _) = ports.router(tables, Deployment::at(API_URL));
        let authorizer = Authorizer::new(function_authorizer::Deps {
            tables: flaw.tables(Function::Authorizer, ports.tables.clone()),
            records: ports.directory.clone(),
            cipher: ports.cipher.clone(),
            tokens: Arc::new(Tokens),
            clock: ports.clock.clone(),
            ids: ports.ids.clone(),
        });
        let (core, directory) = (ports.core(), ports.directory.clone());
        let lake = Self {
            identity: Identity::new(core.clone(), directory.clone()),
            people: People::new(core.clone(), directory.clone(), directory),
            authorizer: if remembering_keys { authorizer.remembering_keys() } else { authorizer },
            router: flaw.router(router, ports.tables.clone()),
            core,
            ports,
        };
        lake.furnish().await;
        lake
    }

    async fn furnish(&self) {
        for name in GROUPS {
            let group = Group { name: name.parse().expect("a group's name"), title: name.to_owned(), description: String::new() };
            self.ports.directory.create(&group).await.expect("a group");
        }
        let rule = TagRule {
            id: "region".to_owned(),
            tag: REGION.0.to_owned(),
            required: false,
            tag_type: TagType::Enum { values: REGION.1.map(str::to_owned).to_vec() },
            limits: Default::default(),
            description: String::new(),
        };
        Governance::new(self.core.clone()).save(&administrator(), rule).await.expect("a rule");
        let raw = NewLocation { bucket: OUTSIDE.to_owned(), prefix: FOLDER.to_owned(), description: String::new() };
        Locations::new(self.core.clone(), self.ports.objects.clone(), BUCKET).register(&administrator(), &raw).await.expect("a location");
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// Stores an object where it can be imported from.
    pub(crate) async fn outside(&self, key: &str, content: &[u8]) {
        let address = ObjectAddress { bucket: OUTSIDE.to_owned(), key: key.to_owned() };
        self.ports.objects.put(&address, &options_of(content, "text/csv"), once(content.to_vec())).await.expect("stored");
    }

    /// Does what an answer asks an uploader for.
    pub(crate) async fn upload(&self, upload: &Value, content: &[u8]) {
        let request = signed("PUT", upload["url"].as_str().unwrap_or_default());
        self.ports.objects.send(&request, content.to_vec()).await.expect("the store takes the bytes");
    }

    /// What is behind a signed URL.
    pub(crate) async fn fetch(&self, url: &str) -> PortResult<Vec<u8>> {
        Ok(self.ports.objects.fetch(&signed("GET", url)).await?.to_vec())
    }

    /// Sends a request the whole way: authorizer, then router.
    pub(crate) async fn send(&self, proof: &Proof, sent: Sent<'_>) -> Reply {
        let (path, query) = sent.path.split_once('?').unwrap_or((sent.path, ""));
        let (content_type, body) = sent.body.unwrap_or_default();
        let mut headers = vec![("host".to_owned(), "lake.example.org".to_owned())];
        if !body.is_empty() {
            headers.push(("content-type".to_owned(), content_type.to_owned()));
            headers.push(("content-length".to_owned(), body.len().to_string()));
        }
        headers.extend(sent.if_match.map(|version| ("if-match".to_owned(), version.to_owned())));
        match proof {
            Proof::Nothing => {}
            Proof::Token(user, issued) => headers.push(("authorization".to_owned(), format!("Bearer {user}|{}", issued.as_millis()))),
            Proof::Key(pair) => {
                let url = Url::parse(&format!("{API_URL}{}", sent.path)).expect("an address");
                let millis = u64::try_from(self.now().as_millis()).expect("after the epoch");
                let time = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
                headers.extend(sign_request(pair, "us-east-1", sent.method, &url, &body, time).expect("signed"));
            }
        }
        let head = RequestHead {
            method: sent.method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers.clone(),
            source_ip: None,
        };
        let verdict = self.authorizer.verdict(&head).await;
        let mut request = axum::http::Request::builder().method(sent.method).uri(sent.path);
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        let mut request = request.body(Body::from(body)).expect("a request");
        request.extensions_mut().insert(origin());
        request.extensions_mut().insert(verdict);
        let (head, body) = self.router.clone().oneshot(request).await.expect("the router answers").into_parts();
        let bytes = body.collect().await.expect("the body").to_bytes();
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
        Reply { status: head.status.as_u16(), headers, text: text(&bytes) }
    }
}

/// Every request has the same id: answers differ by nothing else.
fn origin() -> Origin {
    Origin { request_id: "req_1".to_owned(), source_ip: None }
}

/// Who administers from outside of the world, as the program does at its installation.
pub(crate) fn administrator() -> Caller {
    Caller { principal: admin("root"), origin: origin() }
}

fn signed(method: &'static str, url: &str) -> SignedRequest {
    SignedRequest { method, url: SecretString::from(url), headers: BTreeMap::new(), expires_at: now() }
}

/// Takes `user|milliseconds` for a token whose signature was verified.
struct Tokens;

#[async_trait]
impl TokenVerifier for Tokens {
    async fn verify(&self, token: &SecretString) -> PortResult<VerifiedToken> {
        let refused = || PortError::new(PortErrorKind::PermissionDenied, "tokens.verify");
        let (user, millis) = token.expose_secret().split_once('|').ok_or_else(refused)?;
        let issued_at = millis.parse().ok().and_then(Timestamp::from_millis).ok_or_else(refused)?;
        let user_id = user.parse().map_err(|_| refused())?;
        Ok(VerifiedToken { user_id, issued_at, expires_at: issued_at.plus(Duration::from_secs(3600)) })
    }
}
