//! The deployment's door, for the list of unhappy sign-ins.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use axum::http::HeaderMap;
use client::credentials::KeyPair;
use domain::{
    Principal,
    audit::{Actor, Origin},
    ports::Condition,
    principal::{KeyScope, Role},
};
use serde_json::Value;
use testkit::builders::member;
use tests_api::{
    Response,
    sign_ins::{Door, Knock, Person, Token},
};

use crate::{callers::Rows, home::Applied, issuer, lake::Lake};

fn principal(person: Person) -> Principal {
    member(match person {
        Person::Member => "ann",
        Person::Disabled => "dora",
    })
}

/// Has the deployment know the person, and let it in, if only for now.
async fn admit(lake: &Lake, rows: &Rows, person: Person) -> Result<()> {
    let principal = principal(person);
    lake.admit(rows, &principal.user_id, Some(Role::Member), &principal.groups).await?;
    forget(lake, person)
}

/// Has the deployment know the person as it is.
async fn enter(lake: &Lake, rows: &Rows, person: Person) -> Result<()> {
    admit(lake, rows, person).await?;
    if person == Person::Member {
        return Ok(());
    }
    let before = rows.core.store.stored_principal(&principal(person).user_id).await?;
    let mut record = before.as_ref().context("the row of somebody who was let in")?.record.clone();
    record.enabled = false;
    rows.tables.transact(rows.core.store.put_principal(&record, before.as_ref(), None)?).await?;
    forget(lake, person)
}

/// The authorizer remembers for a minute whether somebody is let in.
fn forget(lake: &Lake, person: Person) -> Result<()> {
    match person {
        Person::Member => Ok(()),
        Person::Disabled => lake.end(lake.function("authorizer")?),
    }
}

async fn token(lake: &Lake, rows: &Rows, person: Person, token: Token) -> Result<String> {
    enter(lake, rows, person).await?;
    let good = lake.token(&principal(person).user_id)?;
    Ok(match token {
        Token::Good => lake.issuer.sign(&good)?,
        // It lives 15 minutes; the authorizer forgives another clock one minute.
        Token::Expired => lake.issuer.sign(&issuer::Token { age: Duration::from_secs(15 * 60 + 61), ..good })?,
        Token::OtherIssuer => lake.issuer.sign(&issuer::Token { issuer: format!("{}x", good.issuer), ..good })?,
        Token::OtherClient => lake.issuer.sign(&issuer::Token { client_id: "another".to_owned(), ..good })?,
        Token::Unsigned => lake.issuer.unsigned(&good)?,
        Token::Id => lake.issuer.sign(&issuer::Token { token_use: "id", ..good })?,
    })
}

async fn revoke(rows: &Rows, pair: &KeyPair) -> Result<()> {
    let id = pair.access_key_id.parse()?;
    let Some(mut key) = rows.core.store.api_key(&id).await? else { anyhow::bail!("the key is gone") };
    key.active = false;
    let stamp = rows.core.stamp_of(Actor::system(), &Origin::default(), domain::access::Action::KeyGrant, &[]);
    Ok(rows.tables.write(rows.core.store.put_api_key(&key, &stamp, Condition::Exists)?).await?)
}

#[async_trait]
impl Door for Applied {
    fn address(&self) -> &str {
        self.lake.stack.api_url()
    }

    async fn token(&self, person: Person, flaw: Token) -> String {
        let (lake, rows) = (self.lake, self.rows.clone());
        lake.run(async move { token(lake, &rows, person, flaw).await }).await
    }

    async fn key(&self, person: Person, revoked: bool) -> KeyPair {
        let (lake, rows, keys) = (self.lake, self.rows.clone(), Arc::clone(&self.keys));
        let work = async move {
            admit(lake, &rows, person).await?;
            // One of its own: nothing that a process remembers of the other is to be told apart here.
            let scope = KeyScope { read_only: revoked, packages: None };
            let pair = lake.key(&rows, &keys, &principal(person), &scope).await?;
            if revoked {
                revoke(&rows, &pair).await?;
            }
            enter(lake, &rows, person).await?;
            Ok(pair)
        };
        self.lake.run(work).await
    }

    async fn knock(&self, knock: Knock) -> (u16, HeaderMap, Value) {
        let lake = self.lake;
        let work = async move {
            let mut request = lake.stack.http().request(knock.method, knock.url);
            for (name, value) in &knock.headers {
                request = request.header(name, value);
            }
            crate::home::read(request.body(knock.body)).await
        };
        let Response { status, headers, body } = self.lake.run(work).await;
        (status.as_u16(), headers, body)
    }
}
