//! The unhappy sign-ins, at the door of one machine.

use std::fs;

use app::store::Store;
use async_trait::async_trait;
use axum::http::{HeaderMap, StatusCode};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use client::credentials::KeyPair;
use datalake_tests_machine::{Lake, Person as Equipped};
use domain::{
    access::Action,
    audit::{Actor, Origin},
    change::Stamp,
    id::{AccessKeyId, ChangeId, UserId},
    ports::{Clock as _, Condition, Ids as _, Tables as _},
};
use embedded::tables::SqliteTables;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use runtime::system::{SystemClock, SystemIds};
use serde_json::{Value, json};
use tests_api::sign_ins::{Door, Knock, Person, Token, try_all};

struct Machine {
    lake: Lake,
    member: Equipped,
    disabled: Equipped,
    revoked: KeyPair,
}

fn pair(access_key_id: &str, secret: &str) -> KeyPair {
    KeyPair { access_key_id: access_key_id.to_owned(), secret_access_key: secret.to_owned().into() }
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("Base64")).expect("claims")
}

/// Changes rows behind the server's back, while it does not run: administration over HTTP comes later.
async fn close_doors(lake: &Lake, disabled: &UserId, revoked: &AccessKeyId) {
    let tables = std::sync::Arc::new(SqliteTables::open(lake.data_folder().join("tables.sqlite3")).expect("the tables"));
    let store = Store::new(tables.clone());
    let before = store.stored_principal(disabled).await.expect("read").expect("a row");
    let mut record = before.record.clone();
    record.enabled = false;
    tables.transact(store.put_principal(&record, Some(&before), None).expect("rows")).await.expect("written");
    let mut key = store.api_key(revoked).await.expect("read").expect("a row");
    key.active = false;
    let stamp = Stamp {
        id: ChangeId::new(SystemIds::default().new_id()),
        actor: Actor::system(),
        action: Action::KeyGrant,
        origin: Origin::default(),
        time: SystemClock.now(),
        fields: Vec::new(),
    };
    tables.write(store.put_api_key(&key, &stamp, Condition::Exists).expect("a row")).await.expect("written");
}

impl Machine {
    async fn start() -> Self {
        let mut lake = Lake::start().await.expect("a lake");
        let member = lake.invite_member("bob@example.org").await.expect("a member");
        let disabled = lake.invite_member("dora@example.org").await.expect("a member");
        lake.stop().await.expect("stopped");
        let other = lake.grant_key("bob@example.org").expect("a key");
        lake.serve().await.expect("serves");
        let path = format!("/profile/api-keys/{other}/secret");
        let answer = lake.post(&member, &path, &Value::Null).await.expect("an answer").expect(200).expect("a secret");
        let revoked = pair(&other, &answer.text("/secret_access_key").expect("a secret"));
        lake.stop().await.expect("stopped");
        let user_id = claims(&disabled.signed_in.tokens.access)["sub"].as_str().expect("sub").parse().expect("a user id");
        close_doors(&lake, &user_id, &other.parse().expect("a key id")).await;
        lake.serve().await.expect("serves");
        Self { lake, member, disabled, revoked }
    }

    fn of(&self, person: Person) -> &Equipped {
        match person {
            Person::Member => &self.member,
            Person::Disabled => &self.disabled,
        }
    }

    /// The claims, signed with the server's own key.
    fn sign(&self, good: &str, claims: &Value) -> String {
        let file = fs::read(self.lake.data_folder().join("sign-in-keys.json")).expect("the server's keys");
        let file: Value = serde_json::from_slice(&file).expect("keys");
        let key = EncodingKey::from_rsa_pem(file["keys"][0]["pem"].as_str().expect("a key").as_bytes()).expect("a key");
        let header = Header { kid: jsonwebtoken::decode_header(good).expect("a header").kid, ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &key).expect("signed")
    }
}

#[async_trait]
impl Door for Machine {
    fn address(&self) -> &str {
        self.lake.api()
    }

    async fn token(&self, person: Person, token: Token) -> String {
        let good = &self.of(person).signed_in.tokens.access;
        let mut claims = claims(good);
        let earlier = |claims: &Value, name: &str| json!(claims[name].as_i64().expect("a time") - 16 * 60 - 60);
        match token {
            Token::Good => return good.clone(),
            Token::Id => return self.of(person).signed_in.tokens.id.clone(),
            Token::Unsigned => {
                let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "typ": "JWT" }).to_string());
                return format!("{header}.{}.", good.split('.').nth(1).expect("claims"));
            }
            Token::Expired => {
                for name in ["iat", "exp"] {
                    claims[name] = earlier(&claims, name);
                }
            }
            Token::OtherIssuer => claims["iss"] = "https://elsewhere.example".into(),
            Token::OtherClient => claims["client_id"] = "another".into(),
        }
        self.sign(good, &claims)
    }

    async fn key(&self, person: Person, revoked: bool) -> KeyPair {
        if revoked {
            return self.revoked.clone();
        }
        let equipped = self.of(person);
        pair(&equipped.access_key_id, &equipped.secret_access_key)
    }

    async fn knock(&self, knock: Knock) -> (u16, HeaderMap, Value) {
        let mut request = self.lake.http().request(knock.method, knock.url);
        for (name, value) in &knock.headers {
            request = request.header(name, value);
        }
        let answer = request.body(knock.body).send().await.expect("an answer");
        let (status, headers): (StatusCode, HeaderMap) = (answer.status(), answer.headers().clone());
        (status.as_u16(), headers, answer.json().await.expect("JSON"))
    }
}

#[tokio::test]
async fn what_does_not_hold_is_refused_as_the_contract_says() {
    let machine = Machine::start().await;
    // What is forged below differs in one claim only.
    let good = &machine.member.signed_in.tokens.access;
    assert_eq!(claims(&machine.sign(good, &claims(good))), claims(good));
    try_all(&machine).await;
}
