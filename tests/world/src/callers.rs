//! Callers: the principal row that the authorizer reads, and what proves who it is.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::SystemTime,
};

use anyhow::{Context as _, Result};
use app::Core;
use aws_lc_rs::rand;
use client::{credentials::KeyPair, signing::sign_request};
use datalake_tests_stack::REGION;
use domain::{
    Principal,
    api_key::ApiKey,
    audit::{Actor, Origin},
    group::GroupName,
    id::{AccessKeyId, UserId},
    ports::{Clock as _, Condition, Table, Tables},
    principal::{KeyScope, Role},
    user::PrincipalRecord,
};
use runtime::{lambda::Setting, system::SystemClock};
use serde_json::json;
use tokio::sync::Mutex;
use url::Url;

use crate::{home::read, issuer::Token, lake::Lake};

/// Whom the principal of [`tests_api::Sender::Nobody`] is.
const NOBODY: &str = "somebody-without-a-role";

/// What a world writes rows with.
#[derive(Clone)]
pub(crate) struct Rows {
    pub(crate) tables: Arc<dyn Tables>,
    pub(crate) core: Core,
}

type Rights = (Option<Role>, BTreeSet<GroupName>);

/// Rights that processes of the authorizer may remember.
#[derive(Default)]
pub(crate) struct Callers {
    remembered: Mutex<HashMap<UserId, Rights>>,
}

/// Keys that a world gave to its callers, by user and scope.
pub(crate) type Keys = Mutex<Vec<(UserId, KeyScope, KeyPair)>>;

impl Lake {
    /// Has the deployment know the person with exactly these rights, and no authorizer remember others.
    pub(crate) async fn admit(&self, rows: &Rows, user_id: &UserId, role: Option<Role>, groups: &BTreeSet<GroupName>) -> Result<()> {
        // Requests at once enter their caller once.
        let mut remembered = self.callers.remembered.lock().await;
        let before = rows.core.store.stored_principal(user_id).await?;
        let rights = (role, groups.clone());
        let stands = before.as_ref().is_some_and(|stored| {
            let record = &stored.record;
            record.enabled && (record.role, record.groups.iter().cloned().collect()) == rights
        });
        if !stands {
            let known = before.as_ref().map(|stored| stored.record.clone());
            let record = PrincipalRecord {
                role,
                groups: groups.iter().cloned().collect(),
                enabled: true,
                ..known.unwrap_or_else(|| stranger(user_id))
            };
            let mut writes = rows.core.store.put_principal(&record, before.as_ref(), None)?;
            if before.is_none() {
                // Callers are no people to look up unless a test says so.
                writes.retain(|write| write.target().is_ok_and(|(table, key)| table == Table::Keys && key.partition != "people"));
            }
            rows.tables.transact(writes).await?;
        }
        if remembered.get(user_id).is_some_and(|known| *known != rights) {
            self.end(self.function("authorizer")?)?;
            remembered.clear();
        }
        remembered.insert(user_id.clone(), rights);
        Ok(())
    }

    /// `Authorization` with an access token.
    pub(crate) fn bearer(&self, user_id: &UserId) -> Result<String> {
        Ok(format!("Bearer {}", self.issuer.sign(&self.token(user_id)?)?))
    }

    /// What a good access token of the person says.
    pub(crate) fn token(&self, user_id: &UserId) -> Result<Token> {
        Ok(Token {
            issuer: self.told(Setting::Issuer)?.to_owned(),
            client_id: self.told.list(Setting::ClientIds).next().context("a client")?.to_owned(),
            token_use: "access",
            user_id: user_id.to_string(),
            age: std::time::Duration::ZERO,
        })
    }

    /// The key of the person with this scope; made when it is first asked for.
    pub(crate) async fn key(&self, rows: &Rows, keys: &Keys, principal: &Principal, scope: &KeyScope) -> Result<KeyPair> {
        let mut keys = keys.lock().await;
        if let Some((_, _, pair)) = keys.iter().find(|(user_id, known, _)| *user_id == principal.user_id && known == scope) {
            return Ok(pair.clone());
        }
        let pair = self.grant(rows, principal, scope).await?;
        keys.push((principal.user_id.clone(), scope.clone(), pair.clone()));
        Ok(pair)
    }

    /// Grants a key and has its user make a secret, as an administrator and the user would.
    async fn grant(&self, rows: &Rows, principal: &Principal, scope: &KeyScope) -> Result<KeyPair> {
        self.enter_into_the_pool(&principal.user_id).await?;
        let key = ApiKey {
            access_key_id: new_access_key_id()?,
            user_id: principal.user_id.clone(),
            active: true,
            scope: scope.clone(),
            salt: None,
            created_at: SystemClock.now(),
            last_used_at: None,
            expires_at: None,
        };
        let stamp = rows.core.stamp_of(Actor::system(), &Origin::default(), domain::access::Action::KeyGrant, &[]);
        rows.tables.write(rows.core.store.put_api_key(&key, &stamp, Condition::Absent)?).await?;
        // Only the profile function may seal it: not even who administers the account.
        let url = format!("{}/profile/api-keys/{}/secret", self.stack.api_url(), key.access_key_id);
        let made = read(self.stack.http().post(url).header("authorization", self.bearer(&principal.user_id)?)).await?;
        let secret_access_key = made.body["secret_access_key"].as_str().with_context(|| made.body.to_string())?.into();
        Ok(KeyPair { access_key_id: key.access_key_id.to_string(), secret_access_key })
    }

    /// The tests choose their users' ids (`tests/stack/emulator/chosen_ids.py`).
    async fn enter_into_the_pool(&self, user_id: &UserId) -> Result<()> {
        let pool = self.told(Setting::UserPoolId)?;
        let call = |operation: &'static str, input| async move {
            self.stack.account().json("cognito-idp", &format!("AWSCognitoIdentityProviderService.{operation}"), &input).await
        };
        if call("AdminGetUser", json!({ "UserPoolId": pool, "Username": user_id.as_str() })).await.is_ok() {
            return Ok(());
        }
        let email = format!("{user_id}@example.org");
        let attributes = json!([{ "Name": "sub", "Value": user_id.as_str() }, { "Name": "email", "Value": email }]);
        let input = json!({ "UserPoolId": pool, "Username": email, "UserAttributes": attributes, "MessageAction": "SUPPRESS" });
        call("AdminCreateUser", input).await.map(drop)
    }
}

/// The headers that sign a request now.
#[expect(clippy::disallowed_methods, reason = "the deployed authorizer compares a signature's time with the system's")]
pub(crate) fn signature(pair: &KeyPair, method: &str, url: &Url, body: &[u8]) -> Result<Vec<(String, String)>> {
    Ok(sign_request(pair, REGION, method, url, body, SystemTime::now())?)
}

pub(crate) fn nobody() -> Result<UserId> {
    Ok(NOBODY.parse()?)
}

fn stranger(user_id: &UserId) -> PrincipalRecord {
    PrincipalRecord {
        user_id: user_id.clone(),
        directory_name: user_id.to_string(),
        email: format!("{user_id}@example.org"),
        name: user_id.to_string(),
        role: None,
        groups: Vec::new(),
        enabled: true,
        tokens_valid_after: domain::Timestamp::EPOCH,
        last_sign_in: None,
        federated: false,
    }
}

/// No key id comes twice: the authorizer remembers keys.
fn new_access_key_id() -> Result<AccessKeyId> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut random = [0_u8; 16];
    rand::fill(&mut random)?;
    let name: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
    Ok(format!("{}{name}", AccessKeyId::PREFIX).parse()?)
}
