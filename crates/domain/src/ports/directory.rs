//! People and groups: the directory is the truth about people, its projection is the principal row.

use async_trait::async_trait;

use crate::{
    error::PortResult,
    group::{Group, GroupName},
    id::UserId,
    principal::Role,
    time::Timestamp,
    user::UserStatus,
};

/// A person to be invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// E-mail address, the sign-in name.
    pub email: String,
    /// Display name.
    pub name: String,
    /// Role.
    pub role: Role,
}

/// What the directory knows of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryUser {
    /// The person's id (`sub`).
    pub user_id: UserId,
    /// The directory's own name for the record.
    pub directory_name: String,
    /// E-mail address, folded to lower case for comparison.
    pub email: String,
    /// Display name.
    pub name: String,
    /// Role; `None` where the directory doesn't know: what it says at a sign-in decides then, and of the groups as well.
    pub role: Option<Role>,
    /// Groups, sorted.
    pub groups: Vec<GroupName>,
    /// Invited, active or disabled.
    pub status: UserStatus,
    /// When the record was made.
    pub created_at: Timestamp,
}

/// A page of people. It may be short, or empty: only the absence of `next` is the end.
#[derive(Clone, Debug, Default)]
pub struct DirectoryPage {
    /// The people.
    pub users: Vec<DirectoryUser>,
    /// Hand this back for the next page.
    pub next: Option<String>,
}

/// People who may sign in. With a federated directory the writing methods answer `Unsupported`.
///
/// Lists come in an order of the directory's own that does not change: who is there from the first page to the last
/// comes exactly once.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Makes a user with status `invited` and sends or returns nothing secret. `AlreadyExists` if the e-mail is taken.
    async fn invite(&self, invitation: &Invitation) -> PortResult<DirectoryUser>;

    /// People, at most 60 a page; with `prefix`, those whose name or e-mail begins with it, any case.
    async fn page(&self, prefix: Option<&str>, after: Option<String>) -> PortResult<DirectoryPage>;

    /// One person. `NotFound`.
    async fn get(&self, user_id: &UserId) -> PortResult<DirectoryUser>;

    /// Changes name and role. `NotFound`.
    async fn update(&self, user_id: &UserId, name: Option<&str>, role: Option<Role>) -> PortResult<()>;

    /// Lets a person in, or no longer. `NotFound`.
    async fn set_enabled(&self, user_id: &UserId, enabled: bool) -> PortResult<()>;

    /// Ends the person's sessions: refresh tokens stop working. `NotFound`.
    async fn sign_out(&self, user_id: &UserId) -> PortResult<()>;

    /// Removes the person. `NotFound`.
    async fn delete(&self, user_id: &UserId) -> PortResult<()>;
}

/// A page of groups. It may be short, or empty: only the absence of `next` is the end.
#[derive(Clone, Debug, Default)]
pub struct GroupPage {
    /// The groups.
    pub groups: Vec<Group>,
    /// Hand this back for the next page.
    pub next: Option<String>,
}

/// A page of a group's members. It may be short, or empty: only the absence of `next` is the end.
#[derive(Clone, Debug, Default)]
pub struct MemberPage {
    /// The members.
    pub members: Vec<UserId>,
    /// Hand this back for the next page.
    pub next: Option<String>,
}

/// Groups of people. Lists come as in [`Directory`]. With a federated directory the writing methods answer `Unsupported`.
#[async_trait]
pub trait Groups: Send + Sync {
    /// Groups, at most 60 a page; within a page by name.
    async fn page(&self, after: Option<String>) -> PortResult<GroupPage>;

    /// Makes a group. `AlreadyExists`.
    async fn create(&self, group: &Group) -> PortResult<()>;

    /// Changes title and description. `NotFound`.
    async fn update(&self, group: &Group) -> PortResult<()>;

    /// Removes the group and its memberships. `NotFound`.
    async fn delete(&self, name: &GroupName) -> PortResult<()>;

    /// Members of a group, at most 60 a page. `NotFound`.
    async fn members(&self, name: &GroupName, after: Option<String>) -> PortResult<MemberPage>;

    /// Makes the person a member, or no longer one; what is so already is no error. `NotFound` for person or group.
    async fn set_membership(&self, name: &GroupName, user_id: &UserId, member: bool) -> PortResult<()>;
}

/// The ciphertext that a user's secret access keys are derived from, kept with the user's directory record.
#[async_trait]
pub trait UserRecords: Send + Sync {
    /// The ciphertext, `None` if there is none yet. `NotFound` for an absent user.
    async fn get(&self, user_id: &UserId) -> PortResult<Option<Vec<u8>>>;

    /// Stores the ciphertext in place of what was there. `NotFound` for an absent user.
    async fn put(&self, user_id: &UserId, ciphertext: &[u8]) -> PortResult<()>;
}
