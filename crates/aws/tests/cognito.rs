//! The contract of people, groups and secret records, held by a user pool: at ministack, and as a second opinion at moto.
//!
//! Deviations of ministack 1.5.33 from Cognito:
//!
//! - it has no `UpdateGroup`
//!   (<https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateGroup.html>): what needs it
//!   runs at moto alone;
//! - a filter of `ListUsers` that it can't read, for one a value with an escaped quotation mark, finds everybody
//!   (<https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html>): the adapter
//!   holds the id that was found against the one that was asked for.

#![cfg(feature = "cognito")]

use std::sync::Arc;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_cognitoidentityprovider::{
    Client,
    config::Region,
    types::{AttributeDataType, AttributeType, SchemaAttributeType, StringAttributeConstraintsType, UsernameAttributeType},
};
use datalake_aws::{
    account::Account,
    cognito::{ADMINISTRATORS, CognitoDirectory, DirectoryKind},
};
use domain::{
    PortErrorKind, PortResult,
    group::Group,
    id::UserId,
    ports::{Directory, Groups, Invitation, UserRecords},
    principal::Role,
    user::UserStatus,
};
use testkit::directory::DirectoryHome;

mod suite {
    use super::*;

    testkit::directory_suite!(
        home(test_servers::ministack()).await, unless = crate::left_out;
        home(test_servers::moto()).await => a_group_is_made_changed_and_removed, groups_that_are_absent_or_taken_are_reported
    );
}

mod second_opinion {
    use super::*;

    testkit::directory_suite!(
        home(test_servers::moto()).await, unless = crate::left_out;
        home(test_servers::ministack()).await =>
    );
}

fn left_out() -> bool {
    test_servers::left_out("ministack")
}

async fn home(server: &test_servers::Server) -> DirectoryHome {
    let Pool { people, groups, records, .. } = Pool::new(&server.url(), DirectoryKind::Managed).await;
    DirectoryHome { directory: people, groups, records, guard: Box::new(()) }
}

/// A pool as the deployment makes it.
struct Pool {
    client: Client,
    id: String,
    people: Arc<dyn Directory>,
    groups: Arc<dyn Groups>,
    records: Arc<dyn UserRecords>,
}

async fn configuration(url: &str) -> SdkConfig {
    let credentials = Credentials::from_keys("test", "test", None);
    let config = aws_config::defaults(BehaviorVersion::latest()).region(Region::new("eu-west-1")).credentials_provider(credentials);
    config.endpoint_url(url).load().await
}

impl Pool {
    async fn new(url: &str, kind: DirectoryKind) -> Self {
        let client = CognitoDirectory::client(&Account::of(&configuration(url).await));
        let secret = SchemaAttributeType::builder()
            .name("secret_access_key")
            .attribute_data_type(AttributeDataType::String)
            .mutable(true)
            .string_attribute_constraints(StringAttributeConstraintsType::builder().min_length("0").max_length("2048").build());
        let mut request = client.create_user_pool().pool_name("people").schema(secret.build());
        if kind == DirectoryKind::Managed {
            request = request.username_attributes(UsernameAttributeType::Email);
        }
        let pool = request.send().await.expect("a pool").user_pool.expect("told");
        let id = pool.id.expect("an id");
        client.create_group().user_pool_id(&id).group_name(ADMINISTRATORS).send().await.expect("a group");
        let directory = Arc::new(CognitoDirectory::new(client.clone(), &id, kind));
        Self { client, id, people: directory.clone(), groups: directory.clone(), records: directory }
    }

    async fn at_ministack(kind: DirectoryKind) -> Option<Self> {
        if left_out() { None } else { Some(Self::new(&test_servers::ministack().url(), kind).await) }
    }

    async fn group(&self, name: &str, description: &str) {
        let request = self.client.create_group().user_pool_id(&self.id).group_name(name).description(description);
        request.send().await.expect("a group");
    }

    /// Somebody as an identity provider's sign-in leaves behind: the user's name says nothing of `sub`.
    async fn arrive(&self, username: &str, email: &str) -> UserId {
        let attribute = AttributeType::builder().name("email").value(email).build().expect("built");
        let request = self.client.admin_create_user().user_pool_id(&self.id).username(username).user_attributes(attribute);
        let user = request.send().await.expect("made").user.expect("told");
        let sub = user.attributes().iter().find(|attribute| attribute.name() == "sub").and_then(AttributeType::value);
        sub.expect("everybody has one").parse().expect("an id")
    }

    async fn is_in(&self, user_id: &UserId, group: &str) -> bool {
        let answer = self.client.list_users_in_group().user_pool_id(&self.id).group_name(group).send().await.expect("a page");
        let id = |attribute: &AttributeType| attribute.name() == "sub" && attribute.value() == Some(user_id.as_str());
        answer.users().iter().any(|user| user.attributes().iter().any(id))
    }
}

fn invitation(role: Role) -> Invitation {
    Invitation { email: "Ann@Example.org".to_owned(), name: "Ann Ash".to_owned(), role }
}

fn group(name: &str) -> Group {
    Group { name: name.parse().expect("a name"), title: "Title".to_owned(), description: "two\nlines".to_owned() }
}

fn assert_kind<T: std::fmt::Debug>(result: PortResult<T>, kind: PortErrorKind) {
    assert_eq!(result.expect_err("should have failed").kind(), kind);
}

#[tokio::test]
async fn administrators_are_the_members_of_one_group_which_is_no_group_to_share_with() {
    let Some(pool) = Pool::at_ministack(DirectoryKind::Managed).await else { return };
    let ann = pool.people.invite(&invitation(Role::Admin)).await.expect("invited").user_id;
    assert!(pool.is_in(&ann, ADMINISTRATORS).await);
    pool.people.update(&ann, None, Some(Role::Member)).await.expect("demoted");
    assert!(!pool.is_in(&ann, ADMINISTRATORS).await);
    pool.people.update(&ann, None, Some(Role::Admin)).await.expect("promoted");
    assert!(pool.people.get(&ann).await.expect("there").groups.is_empty());

    let administrators = group(ADMINISTRATORS);
    assert!(pool.groups.page(None).await.expect("a page").groups.is_empty());
    assert_kind(pool.groups.create(&administrators).await, PortErrorKind::AlreadyExists);
    assert_kind(pool.groups.update(&administrators).await, PortErrorKind::NotFound);
    assert_kind(pool.groups.delete(&administrators.name).await, PortErrorKind::NotFound);
    assert_kind(pool.groups.members(&administrators.name, None).await, PortErrorKind::NotFound);
    assert_kind(pool.groups.set_membership(&administrators.name, &ann, false).await, PortErrorKind::NotFound);
    assert!(pool.is_in(&ann, ADMINISTRATORS).await);
}

#[tokio::test]
async fn a_deployment_may_name_the_administrators_group() {
    let Some(pool) = Pool::at_ministack(DirectoryKind::Managed).await else { return };
    pool.group("chiefs", "").await;
    let directory = CognitoDirectory::new(pool.client.clone(), &pool.id, DirectoryKind::Managed).administrators("chiefs");
    let people: Arc<dyn Directory> = Arc::new(directory);
    let ann = people.invite(&invitation(Role::Admin)).await.expect("invited").user_id;
    assert!(pool.is_in(&ann, "chiefs").await && !pool.is_in(&ann, ADMINISTRATORS).await);
    assert_eq!(people.get(&ann).await.expect("there").role, Some(Role::Admin));
}

#[tokio::test]
async fn groups_that_cognito_or_a_person_made_by_hand() {
    let Some(pool) = Pool::at_ministack(DirectoryKind::Managed).await else { return };
    pool.group(&format!("{}_Keycloak", pool.id), "Autogenerated group").await;
    pool.group("with spaces & signs", "no name of ours").await;
    pool.group("rivers", "All about water").await;
    let listed = pool.groups.page(None).await.expect("a page").groups;
    let rivers = Group { title: "rivers".to_owned(), description: "All about water".to_owned(), ..group("rivers") };
    assert_eq!(listed, [rivers]);
}

#[tokio::test]
async fn a_groups_texts_stand_in_its_description_as_json() {
    let Some(pool) = Pool::at_ministack(DirectoryKind::Managed).await else { return };
    pool.groups.create(&group("rivers")).await.expect("made");
    let told = pool.client.get_group().user_pool_id(&pool.id).group_name("rivers").send().await.expect("there").group.expect("told");
    assert_eq!(told.description(), Some(r#"{"title":"Title","description":"two\nlines"}"#));
    assert_eq!(pool.groups.page(None).await.expect("a page").groups, [group("rivers")]);
}

#[tokio::test]
async fn people_of_an_identity_provider_are_found_by_id_and_only_their_record_is_written() {
    let Some(pool) = Pool::at_ministack(DirectoryKind::Federated).await else { return };
    let bob = pool.arrive("keycloak_bob", "Bob@example.org").await;
    let ann = pool.arrive("keycloak_ann", "ann@example.org").await;
    let found = pool.people.get(&ann).await.expect("there");
    assert_eq!((found.user_id, found.directory_name.as_str(), found.email.as_str()), (ann.clone(), "keycloak_ann", "ann@example.org"));
    assert_eq!((found.role, found.groups.len()), (None, 0), "what the provider says of rights, it says at the sign-in");
    assert_eq!(pool.people.page(Some("BOB"), None).await.expect("a page").users[0].user_id, bob);

    pool.records.put(&ann, b"sealed").await.expect("written");
    assert_eq!(pool.records.get(&ann).await.expect("read").as_deref(), Some(&b"sealed"[..]));
    assert_eq!(pool.records.get(&bob).await.expect("read"), None);

    let rivers = group("rivers");
    assert_kind(pool.people.invite(&invitation(Role::Member)).await, PortErrorKind::Unsupported);
    assert_kind(pool.people.update(&ann, Some("Other"), None).await, PortErrorKind::Unsupported);
    assert_kind(pool.people.set_enabled(&ann, false).await, PortErrorKind::Unsupported);
    assert_kind(pool.people.sign_out(&ann).await, PortErrorKind::Unsupported);
    assert_kind(pool.people.delete(&ann).await, PortErrorKind::Unsupported);
    assert_kind(pool.groups.create(&rivers).await, PortErrorKind::Unsupported);
    assert_kind(pool.groups.update(&rivers).await, PortErrorKind::Unsupported);
    assert_kind(pool.groups.delete(&rivers.name).await, PortErrorKind::Unsupported);
    assert_kind(pool.groups.set_membership(&rivers.name, &ann, true).await, PortErrorKind::Unsupported);
}

#[tokio::test]
async fn nobody_is_taken_for_somebody_else() {
    let Some(pool) = Pool::at_ministack(DirectoryKind::Federated).await else { return };
    pool.arrive("keycloak_ann", "ann@example.org").await;
    let absent: UserId = "keycloak_ann".parse().expect("an id");
    assert_kind(pool.people.get(&absent).await, PortErrorKind::NotFound);
    assert_kind(pool.records.get(&absent).await, PortErrorKind::NotFound);
    assert_kind(pool.records.put(&absent, b"sealed").await, PortErrorKind::NotFound);
    let managed = CognitoDirectory::new(pool.client.clone(), &pool.id, DirectoryKind::Managed);
    assert_kind(Directory::get(&managed, &absent).await, PortErrorKind::NotFound);
    assert_kind(UserRecords::get(&managed, &absent).await, PortErrorKind::NotFound);
}

#[tokio::test]
async fn somebody_who_was_invited_goes_by_the_address_in_lower_case_and_is_active_once_signed_in() {
    let Some(pool) = Pool::at_ministack(DirectoryKind::Managed).await else { return };
    let made = pool.people.invite(&invitation(Role::Member)).await.expect("invited");
    assert_eq!(made.directory_name, made.user_id.as_str(), "Cognito names those who are invited by their id");
    let request = pool.client.admin_set_user_password().user_pool_id(&pool.id).username("ann@example.org");
    request.password("Correct-Horse-7").permanent(true).send().await.expect("set");
    assert_eq!(pool.people.get(&made.user_id).await.expect("there").status, UserStatus::Active);
}

#[tokio::test]
async fn a_record_that_no_attribute_holds_is_refused() {
    let Some(pool) = Pool::at_ministack(DirectoryKind::Managed).await else { return };
    let ann = pool.people.invite(&invitation(Role::Member)).await.expect("invited").user_id;
    assert_kind(pool.records.put(&ann, &[0; 1_537]).await, PortErrorKind::InvalidArgument);
    assert_eq!(pool.records.get(&ann).await.expect("read"), None);
}

#[tokio::test]
async fn a_pool_that_is_not_there_is_a_defect_of_the_deployment_and_a_server_that_is_not_there_is_not() {
    let Some(pool) = Pool::at_ministack(DirectoryKind::Managed).await else { return };
    let id: UserId = "somebody".parse().expect("an id");
    let elsewhere = CognitoDirectory::new(pool.client.clone(), "eu-west-1_nowhere00", DirectoryKind::Managed);
    assert_kind(Directory::get(&elsewhere, &id).await, PortErrorKind::Unexpected);
    let port = test_servers::free_port().expect("a port");
    let client = CognitoDirectory::client(&Account::of(&configuration(&format!("http://127.0.0.1:{port}")).await));
    let unreachable = CognitoDirectory::new(client, &pool.id, DirectoryKind::Managed);
    assert_kind(Directory::get(&unreachable, &id).await, PortErrorKind::Unavailable);
}

#[test]
fn a_deployment_says_whose_the_people_are() {
    assert_eq!("cognito".parse(), Ok(DirectoryKind::Managed));
    assert_eq!("federated".parse(), Ok(DirectoryKind::Federated));
    assert!("ldap".parse::<DirectoryKind>().is_err());
}
