//! People and groups in an Amazon Cognito user pool.
//!
//! Of the pool it is expected that e-mail addresses are its user names (`username_attributes`), or, where it is
//! federated, that its people come from an identity provider. Then a user's name is:
//!
//! - for somebody who was invited, a UUID that equals `sub`; Cognito takes `sub` wherever it asks for a name ("this value
//!   must be the `sub` of a local user", <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminGetUser.html>);
//! - for somebody of an identity provider, `{provider}_{name there}`, and `sub` is no name: such people are looked up by
//!   `ListUsers` with a filter, whose answer holds all that is asked for.
//!
//! Cognito has no roles: members of one group, by default [`ADMINISTRATORS`], are administrators. That group, and those
//! that Cognito makes for identity providers (`{pool}_{provider}`), are no [`Groups`](domain::ports::Groups).
//!
//! A group has one text in Cognito, its description: it holds title and description as JSON.
//!
//! `ListUsers`, `ListGroups` and `ListUsersInGroup` say nothing about order; their tokens go on where a page ended.

mod directory;
mod groups;
mod records;
mod user;

use std::{error::Error, str::FromStr, sync::Arc};

use aws_sdk_cognitoidentityprovider::{
    Client,
    config::{Builder, retry::RetryConfig},
    error::{ProvideErrorMetadata, SdkError},
    types::UserType,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use domain::{Invalid, PortError, PortErrorKind, PortResult, group::GroupName, id::UserId};

use self::user::attribute;
use crate::{account::Account, failure, retry::pause, user_attributes::SUB};

/// The group whose members are administrators, where a deployment names no other.
pub const ADMINISTRATORS: &str = "admins";

/// At most so many entries a page of Cognito's.
const PAGE: i32 = 60;
/// How often something is tried that the SDK must not repeat by itself.
const ATTEMPTS: u32 = 4;

/// Who owns the people of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryKind {
    /// The product: people are invited, and put into groups, by administrators.
    Managed,
    /// An identity provider: people come with what it says of them, and nothing of that is written here.
    Federated,
}

/// As a deployment says it: `cognito` or `federated`.
impl FromStr for DirectoryKind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "cognito" => Ok(Self::Managed),
            "federated" => Ok(Self::Federated),
            _ => Err(Invalid::new("is neither cognito nor federated")),
        }
    }
}

/// The ports `Directory`, `Groups` and `UserRecords` over a user pool.
#[derive(Clone, Debug)]
pub struct CognitoDirectory {
    client: Client,
    pool: String,
    kind: DirectoryKind,
    administrators: String,
}

impl Account {
    /// The people of a user pool; `kind`, and the group of administrators, as a deployment says it.
    ///
    /// # Errors
    /// `InvalidArgument` for an unknown kind.
    pub fn directory(&self, user_pool_id: &str, kind: &str, administrators: Option<&str>) -> PortResult<Arc<CognitoDirectory>> {
        let unknown = |error: Invalid| PortError::new(PortErrorKind::InvalidArgument, "account.directory").because(error);
        let kind = kind.parse().map_err(unknown)?;
        let directory = CognitoDirectory::new(CognitoDirectory::client(self), user_pool_id, kind);
        Ok(Arc::new(directory.administrators(administrators.unwrap_or(ADMINISTRATORS))))
    }
}

impl CognitoDirectory {
    /// Over a client made by [`Self::client`].
    #[must_use]
    pub fn new(client: Client, user_pool_id: impl Into<String>, kind: DirectoryKind) -> Self {
        Self { client, pool: user_pool_id.into(), kind, administrators: ADMINISTRATORS.to_owned() }
    }

    /// A client of this account.
    #[must_use]
    pub fn client(account: &Account) -> Client {
        Client::new(account.config())
    }

    /// Names the group whose members are administrators.
    #[must_use]
    pub fn administrators(mut self, group: impl Into<String>) -> Self {
        self.administrators = group.into();
        self
    }

    /// Whether a group of the pool is one that people share packages with.
    fn shared_group(&self, name: &str) -> Option<GroupName> {
        let of_a_provider = name.strip_prefix(&self.pool).is_some_and(|rest| rest.starts_with('_'));
        if of_a_provider || name == self.administrators { None } else { name.parse().ok() }
    }

    /// `Unsupported` where the people are an identity provider's.
    fn writable(&self, operation: &'static str) -> PortResult<()> {
        match self.kind {
            DirectoryKind::Managed => Ok(()),
            DirectoryKind::Federated => Err(PortError::new(PortErrorKind::Unsupported, operation)),
        }
    }

    /// The user with this id, by a look-up. `NotFound`.
    async fn look_up(&self, user_id: &UserId, operation: &'static str) -> PortResult<UserType> {
        let request = self.client.list_users().user_pool_id(&self.pool).limit(1).filter(filter(SUB, user_id.as_str()));
        let answer = request.send().await.map_err(|error| failed(&error, operation))?;
        // Not only by the filter: who else is found must not be taken for this one.
        let found = answer.users.unwrap_or_default().into_iter().find(|user| attribute(user.attributes(), SUB) == Some(user_id.as_str()));
        found.ok_or_else(|| PortError::new(PortErrorKind::NotFound, operation))
    }

    /// What Cognito calls the user with this id. `NotFound`.
    async fn username(&self, user_id: &UserId, operation: &'static str) -> PortResult<String> {
        match self.kind {
            DirectoryKind::Managed => Ok(user_id.to_string()),
            DirectoryKind::Federated => {
                let username = self.look_up(user_id, operation).await?.username;
                username.ok_or_else(|| PortError::new(PortErrorKind::Unexpected, operation).because("a user without a name"))
            }
        }
    }
}

/// An exact match. Quotation marks within are escaped, as the filter's grammar asks for.
fn filter(attribute: &str, value: &str) -> String {
    format!("{attribute} = \"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What the port reports of a failed call about people.
fn failed<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>, operation: &'static str) -> PortError {
    failure::failed(error, operation, kind_of)
}

/// What the port reports of a failed call that names a group.
fn failed_group<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>, operation: &'static str) -> PortError {
    failure::failed(error, operation, |code, status| match code {
        "ResourceNotFoundException" => PortErrorKind::NotFound,
        _ => kind_of(code, status),
    })
}

fn kind_of(code: &str, status: u16) -> PortErrorKind {
    match code {
        "UserNotFoundException" => PortErrorKind::NotFound,
        "UsernameExistsException" | "AliasExistsException" | "GroupExistsException" => PortErrorKind::AlreadyExists,
        // The invitation's mail could not be sent.
        "CodeDeliveryFailureException" => PortErrorKind::Unavailable,
        // The pool itself: a defect of the deployment, not an answer.
        "ResourceNotFoundException" => PortErrorKind::Unexpected,
        _ => failure::kind_of(code, status),
    }
}

/// Says that the SDK must not repeat a request: who asks again after an answer got lost would learn that the name is
/// taken, or that the user is gone, by the own first try.
fn once() -> Builder {
    Builder::new().retry_config(RetryConfig::disabled())
}

/// Tries again what was refused for its rate: surely nothing happened.
async fn unless_refused<T, F: Future<Output = PortResult<T>>>(attempt: impl Fn() -> F) -> PortResult<T> {
    let mut tries = 1;
    loop {
        match attempt().await {
            Err(error) if error.is(PortErrorKind::RateLimited) && tries < ATTEMPTS => pause(tries).await,
            other => return other,
        }
        tries += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_keeps_what_is_quoted_within_its_quotes() {
        assert_eq!(filter("sub", "a-1"), r#"sub = "a-1""#);
        assert_eq!(filter("sub", r#"a" or "b\"#), r#"sub = "a\" or \"b\\""#);
    }

    #[test]
    fn codes_have_kinds() {
        let cases = [
            ("UserNotFoundException", PortErrorKind::NotFound),
            ("UsernameExistsException", PortErrorKind::AlreadyExists),
            ("GroupExistsException", PortErrorKind::AlreadyExists),
            ("TooManyRequestsException", PortErrorKind::RateLimited),
            ("NotAuthorizedException", PortErrorKind::PermissionDenied),
            ("InvalidParameterException", PortErrorKind::InvalidArgument),
            ("InternalErrorException", PortErrorKind::Unavailable),
            ("ResourceNotFoundException", PortErrorKind::Unexpected),
        ];
        for (code, kind) in cases {
            assert_eq!(kind_of(code, 400), kind, "{code}");
        }
    }

    #[tokio::test]
    async fn what_was_refused_for_its_rate_is_tried_again_and_nothing_else() {
        for (kind, tries) in [(PortErrorKind::RateLimited, ATTEMPTS), (PortErrorKind::Unavailable, 1)] {
            let counted = std::sync::atomic::AtomicU32::new(0);
            let attempt = || async {
                counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Err::<(), _>(PortError::new(kind, "directory.invite"))
            };
            assert!(unless_refused(attempt).await.is_err_and(|error| error.is(kind)));
            assert_eq!(counted.into_inner(), tries, "{kind:?}");
        }
    }
}
