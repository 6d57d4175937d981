//! Users as Cognito tells them.

use aws_sdk_cognitoidentityprovider::{
    primitives::DateTime,
    types::{AttributeType, UserStatusType, UserType},
};
use domain::{PortError, PortErrorKind, PortResult, Timestamp, group::GroupName, ports::DirectoryUser, principal::Role, user::UserStatus};

use crate::user_attributes::SUB;

/// What Cognito knows of a user's rights; `None` where it doesn't know.
pub(super) type Rights = Option<(Role, Vec<GroupName>)>;

/// The value of an attribute.
pub(super) fn attribute<'a>(attributes: &'a [AttributeType], name: &str) -> Option<&'a str> {
    attributes.iter().find(|attribute| attribute.name() == name).and_then(AttributeType::value)
}

/// An attribute to be written.
pub(super) fn new_attribute(name: &str, value: impl Into<String>, operation: &'static str) -> PortResult<AttributeType> {
    let built = AttributeType::builder().name(name).value(value).build();
    built.map_err(|error| PortError::new(PortErrorKind::Unexpected, operation).because(error))
}

/// A user as the port tells it. `Unexpected` for one without an id, which Cognito doesn't make.
pub(super) fn directory_user(user: &UserType, rights: Rights, operation: &'static str) -> PortResult<DirectoryUser> {
    let broken = |what: &'static str| PortError::new(PortErrorKind::Unexpected, operation).because(what);
    let value = |name: &str| attribute(user.attributes(), name).unwrap_or_default();
    let directory_name = user.username().ok_or_else(|| broken("a user without a name"))?.to_owned();
    let (role, mut groups) = rights.map_or((None, Vec::new()), |(role, groups)| (Some(role), groups));
    groups.sort_unstable();
    Ok(DirectoryUser {
        user_id: value(SUB).parse().map_err(|_| broken("a user without an id"))?,
        email: value("email").to_lowercase(),
        name: display_name(&value, &directory_name),
        directory_name,
        role,
        groups,
        status: status(user),
        created_at: user.user_create_date().and_then(time).unwrap_or(Timestamp::EPOCH),
    })
}

/// What there is of a name.
fn display_name<'a>(value: &impl Fn(&str) -> &'a str, directory_name: &str) -> String {
    let full = format!("{} {}", value("given_name"), value("family_name"));
    let candidates = [value("name"), full.trim(), value("email"), directory_name];
    candidates.into_iter().find(|candidate| !candidate.is_empty()).unwrap_or_default().to_owned()
}

fn status(user: &UserType) -> UserStatus {
    match user.user_status() {
        _ if !user.enabled() => UserStatus::Disabled,
        Some(UserStatusType::ForceChangePassword | UserStatusType::Unconfirmed) => UserStatus::Invited,
        _ => UserStatus::Active,
    }
}

fn time(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_millis(time.to_millis().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(attributes: &[(&str, &str)]) -> UserType {
        let attributes = attributes.iter().map(|(name, value)| new_attribute(name, *value, "directory.get").expect("built")).collect();
        UserType::builder().username("keycloak_ann").set_attributes(Some(attributes)).enabled(true).build()
    }

    #[test]
    fn somebody_without_a_name_is_shown_by_what_there_is() {
        let cases: [(&[(&str, &str)], &str); 4] = [
            (&[("name", "Ann Ash"), ("email", "a@example.org")], "Ann Ash"),
            (&[("given_name", "Ann"), ("email", "a@example.org")], "Ann"),
            (&[("email", "a@example.org")], "a@example.org"),
            (&[], "keycloak_ann"),
        ];
        for (attributes, name) in cases {
            let mut attributes = attributes.to_vec();
            attributes.push(("sub", "id-1"));
            assert_eq!(directory_user(&user(&attributes), None, "directory.get").expect("a user").name, name);
        }
    }

    #[test]
    fn a_users_standing_follows_from_two_of_cognitos_words() {
        let standing = |enabled, word: &str| status(&UserType::builder().enabled(enabled).user_status(word.into()).build());
        assert_eq!(standing(true, "FORCE_CHANGE_PASSWORD"), UserStatus::Invited);
        assert_eq!(standing(true, "CONFIRMED"), UserStatus::Active);
        assert_eq!(standing(true, "EXTERNAL_PROVIDER"), UserStatus::Active);
        assert_eq!(standing(false, "CONFIRMED"), UserStatus::Disabled);
        assert_eq!(standing(false, "FORCE_CHANGE_PASSWORD"), UserStatus::Disabled);
    }

    #[test]
    fn a_user_without_an_id_is_none() {
        assert!(directory_user(&user(&[]), None, "directory.get").is_err_and(|error| error.is(PortErrorKind::Unexpected)));
    }
}
