//! A home with a user, keys and a clock, and a client that signs as stock clients do.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use app::{Caller, Core, identity::Identity, identity::verdict::Verdict};
use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use datalake_function_authorizer::{Authorizer, Deps, RequestHead};
use domain::{
    PortError, PortErrorKind, PortResult, Timestamp,
    api_key::ApiKey,
    audit::Origin,
    id::AccessKeyId,
    ports::{Clock, Condition, Tables as _, TokenVerifier, UserRecords, VerifiedToken},
    principal::{KeyScope, Role},
    user::PrincipalRecord,
};
use secrecy::{ExposeSecret as _, SecretString};
use testkit::{
    FixedClock, MemoryCipher, MemoryJobs, MemoryTables, SequentialIds,
    builders::{access_key_id, api_key, group, member, now, user_id},
};

/// SHA-256 of nothing.
pub(crate) const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes))
}

pub(crate) fn header<'a>(head: &'a RequestHead, name: &str) -> &'a str {
    head.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str()).expect("the header is there")
}

/// The same request with another value of a header.
pub(crate) fn set_header(head: &RequestHead, name: &str, value: &str) -> RequestHead {
    let mut head = head.clone();
    for (found, old) in &mut head.headers {
        if found == name {
            value.clone_into(old);
        }
    }
    head
}

/// How a client signs.
pub(crate) struct Signing {
    pub(crate) region: &'static str,
    pub(crate) service: &'static str,
    pub(crate) secret: Option<&'static str>,
    /// Further headers to sign; one that is there twice is signed as it is sent, twice.
    pub(crate) headers: &'static [(&'static str, &'static str)],
}

impl Default for Signing {
    fn default() -> Self {
        Self { region: "us-east-1", service: "datalake", secret: None, headers: &[] }
    }
}

/// Verifies `good-token` only.
pub(crate) struct Tokens {
    answer: Mutex<Option<VerifiedToken>>,
}

impl Tokens {
    pub(crate) fn answer(&self, token: VerifiedToken) {
        *self.answer.lock().expect("no panic while locked") = Some(token);
    }

    pub(crate) fn go_away(&self) {
        *self.answer.lock().expect("no panic while locked") = None;
    }
}

#[async_trait]
impl TokenVerifier for Tokens {
    async fn verify(&self, token: &SecretString) -> PortResult<VerifiedToken> {
        let answer = self.answer.lock().expect("no panic while locked").clone();
        let answer = answer.ok_or_else(|| PortError::new(PortErrorKind::Unavailable, "tokens.verify"))?;
        if token.expose_secret() == "good-token" {
            Ok(answer)
        } else {
            Err(PortError::new(PortErrorKind::PermissionDenied, "tokens.verify"))
        }
    }
}

/// Users' records: one for everybody.
#[derive(Default)]
struct Records(Mutex<Option<Vec<u8>>>);

#[async_trait]
impl UserRecords for Records {
    async fn get(&self, _: &domain::id::UserId) -> PortResult<Option<Vec<u8>>> {
        Ok(self.0.lock().expect("no panic while locked").clone())
    }

    async fn put(&self, _: &domain::id::UserId, ciphertext: &[u8]) -> PortResult<()> {
        *self.0.lock().expect("no panic while locked") = Some(ciphertext.to_vec());
        Ok(())
    }
}

/// `ann`, a member of `team`.
pub(crate) struct Home {
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) tables: Arc<MemoryTables>,
    pub(crate) tokens: Arc<Tokens>,
    core: Core,
    identity: Identity,
    authorizer: Authorizer,
}

impl Home {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(FixedClock::default());
        let tables = Arc::new(MemoryTables::new());
        let (cipher, ids, records) = (Arc::new(MemoryCipher::default()), Arc::new(SequentialIds::default()), Arc::new(Records::default()));
        let token = VerifiedToken { user_id: user_id("ann"), issued_at: now(), expires_at: now().plus(Duration::from_secs(3600)) };
        let tokens = Arc::new(Tokens { answer: Mutex::new(Some(token)) });
        let core = Core::new(tables.clone(), Arc::new(MemoryJobs::default()), cipher.clone(), clock.clone(), ids.clone());
        let deps = Deps { tables: tables.clone(), records: records.clone(), cipher, tokens: tokens.clone(), clock: clock.clone(), ids };
        let home = Self { authorizer: Authorizer::new(deps), identity: Identity::new(core.clone(), records), core, clock, tables, tokens };
        home.put(PrincipalRecord {
            user_id: user_id("ann"),
            directory_name: "ann".to_owned(),
            email: "ann@example.org".to_owned(),
            name: "Ann".to_owned(),
            role: Some(Role::Member),
            groups: vec![group("team")],
            enabled: true,
            tokens_valid_after: Timestamp::EPOCH,
            last_sign_in: None,
            federated: false,
        })
        .await;
        home
    }

    /// With a key 1 that is not narrowed.
    pub(crate) async fn with_key() -> Self {
        let home = Self::new().await;
        home.grant(1, "ann", KeyScope::default()).await;
        home
    }

    /// As where each read of a key's row is a call over the network.
    pub(crate) fn remembering_keys(self) -> Self {
        Self { authorizer: self.authorizer.remembering_keys(), ..self }
    }

    /// Gives a key another secret.
    pub(crate) async fn rotate(&self, number: u64, user: &str) {
        let caller = Caller { principal: member(user), origin: Origin::default() };
        self.identity.rotate_secret(&caller, &access_key_id(number)).await.expect("an own key");
    }

    pub(crate) async fn verdict(&self, head: &RequestHead) -> Verdict {
        self.authorizer.verdict(head).await
    }

    /// A key whose user has made a secret.
    pub(crate) async fn grant(&self, number: u64, user: &str, scope: KeyScope) {
        let key = ApiKey { scope, salt: None, ..api_key(number, user) };
        self.write_key(&key, Condition::Absent).await;
        self.rotate(number, user).await;
    }

    pub(crate) async fn expire(&self, number: u64) {
        let key = self.core.store.api_key(&access_key_id(number)).await.expect("tables answer").expect("the key is there");
        let key = ApiKey { expires_at: Some(self.clock.now()), ..key };
        self.write_key(&key, Condition::Exists).await;
    }

    async fn write_key(&self, key: &ApiKey, condition: Condition) {
        let stamp = self.core.stamp_of(domain::audit::Actor::system(), &Origin::default(), domain::access::Action::KeyGrant, &[]);
        let write = self.core.store.put_api_key(key, &stamp, condition).expect("a row");
        self.tables.write(write).await.expect("tables answer");
    }

    /// Changes the principal row.
    pub(crate) async fn change(&self, user: &str, change: impl FnOnce(&mut PrincipalRecord)) {
        let mut record = self.core.store.principal(&user_id(user)).await.expect("tables answer").expect("the row is there");
        change(&mut record);
        self.put(record).await;
    }

    async fn put(&self, record: PrincipalRecord) {
        let before = self.core.store.stored_principal(&record.user_id).await.expect("tables answer");
        let writes = self.core.store.put_principal(&record, before.as_ref(), None).expect("a row");
        self.tables.transact(writes).await.expect("tables answer");
    }

    pub(crate) fn bearer(&self, token: &str) -> RequestHead {
        RequestHead {
            method: "GET".to_owned(),
            path: "/packages".to_owned(),
            headers: vec![("authorization".to_owned(), format!("Bearer {token}"))],
            ..RequestHead::default()
        }
    }

    /// Signs with a key's own secret.
    pub(crate) async fn sign(&self, key: u64, method: &str, path: &str, query: &str, body: Option<&[u8]>) -> RequestHead {
        self.sign_as(key, &Signing::default(), method, path, query, body).await
    }

    /// Signs as stock clients do; with `body` its hash is a signed header.
    pub(crate) async fn sign_as(
        &self,
        key: u64,
        signing: &Signing,
        method: &str,
        path: &str,
        query: &str,
        body: Option<&[u8]>,
    ) -> RequestHead {
        let id = access_key_id(key);
        let secret = match signing.secret {
            Some(secret) => secret.to_owned(),
            None => self.secret(&id).await,
        };
        let address =
            if query.is_empty() { format!("http://localhost:8080{path}") } else { format!("http://localhost:8080{path}?{query}") };
        let mut settings = SigningSettings::default();
        if body.is_some() {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let identity = Credentials::new(id.as_str(), secret, None, None, "test").into();
        let seconds = u64::try_from(self.clock.now().as_seconds()).expect("after the epoch");
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(signing.region)
            .name(signing.service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .settings(settings)
            .build()
            .expect("all is given");
        let request = SignableRequest::new(method, address, signing.headers.iter().copied(), SignableBody::Bytes(body.unwrap_or_default()))
            .expect("an address");
        let (instructions, _) = sign(request, &parameters.into()).expect("can be signed").into_parts();
        let signed = instructions.headers().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        let mut headers: Vec<(String, String)> = signed.collect();
        headers.extend(signing.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        headers.push(("host".to_owned(), "localhost:8080".to_owned()));
        if let Some(body) = body.filter(|body| !body.is_empty()) {
            headers.push(("content-length".to_owned(), body.len().to_string()));
        }
        let source_ip = Some("198.51.100.7".to_owned());
        RequestHead { method: method.to_owned(), path: path.to_owned(), query: query.to_owned(), headers, source_ip }
    }

    pub(crate) async fn secret(&self, id: &AccessKeyId) -> String {
        let key = self.identity.signing_key(id).await.expect("tables answer").expect("the key has a secret");
        key.secret.expose_secret().to_owned()
    }
}

/// What was traced, at every level, by whoever.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// From now on, of all tests of this process: what a thread of its own would record depends on which test was first
    /// to reach a line, because tracing remembers whether anybody wanted it.
    pub(crate) fn record_everything(&self) {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(move || log.clone());
        tracing::subscriber::set_global_default(subscriber.finish()).expect("only one test records");
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no panic while locked")).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic while locked").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
