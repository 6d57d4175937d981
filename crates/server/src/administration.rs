//! What the operator does at the machine itself, while the server does not run.

use anyhow::Context as _;
use app::{Caller, identity::GrantKey};
use domain::{
    Principal,
    audit::Origin,
    id::AccessKeyId,
    ports::{Directory as _, DirectoryUser},
    principal::{KeyScope, Role, Via},
};
use runtime::configuration::Configuration;
use secrecy::SecretString;

use crate::home::Home;

/// The first administrator, as invited.
pub struct Invited {
    /// The sign-in name.
    pub email: String,
    /// Works once.
    pub one_time_password: SecretString,
}

/// An API key, as granted; its user makes the secret.
pub struct Granted {
    /// The public half.
    pub access_key_id: AccessKeyId,
}

/// Makes the first administrator of an empty data lake.
///
/// # Errors
/// If there is anybody already, or the data can't be opened.
pub async fn invite_administrator(configuration: &Configuration, email: &str, name: &str) -> anyhow::Result<Invited> {
    let home = Home::open(&configuration.data_dir).await?;
    let record = home.people.first_administrator(email, name).await.map_err(|error| anyhow::anyhow!("{}", error.message()))?;
    let one_time_password = home.users.set_one_time_password(&record.user_id).await.context("can't make a one-time password")?;
    Ok(Invited { email: record.email, one_time_password })
}

/// Grants an API key to the person with this e-mail address.
///
/// # Errors
/// If there is no such person, or the data can't be opened.
pub async fn grant_key(configuration: &Configuration, email: &str, read_only: bool) -> anyhow::Result<Granted> {
    let home = Home::open(&configuration.data_dir).await?;
    let user = find(&home, email).await?.with_context(|| format!("there is nobody with the e-mail address {email}"))?;
    let entered = GrantKey { user_id: user.user_id, scope: KeyScope { read_only, packages: None }, expires_at: None };
    let key = home.identity.grant_key(&operator()?, &entered).await.map_err(|error| anyhow::anyhow!("{}", error.message()))?;
    Ok(Granted { access_key_id: key.access_key_id })
}

/// Whoever may write into the data folder; the audit log names it so.
pub(crate) fn operator() -> anyhow::Result<Caller> {
    let user_id = "operator".parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    let principal = Principal { user_id, role: Role::Admin, groups: std::collections::BTreeSet::new(), via: Via::Session };
    Ok(Caller { principal, origin: Origin::default() })
}

async fn find(home: &Home, email: &str) -> anyhow::Result<Option<DirectoryUser>> {
    let mut after = None;
    loop {
        let page = home.users.page(Some(email), after).await.context("can't read the directory")?;
        let found = page.users.into_iter().find(|user| user.email.eq_ignore_ascii_case(email));
        match (found, page.next) {
            (None, Some(next)) => after = Some(next),
            (found, _) => return Ok(found),
        }
    }
}
