//! The directory's ports in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use domain::{
    PortError, PortErrorKind, PortResult,
    group::{Group, GroupName},
    id::UserId,
    ports::{Clock, Directory, DirectoryPage, DirectoryUser, GroupPage, Groups, Ids, Invitation, MemberPage, UserRecords},
    principal::Role,
    user::UserStatus,
};

use crate::locked;

const PAGE: usize = 60;

/// People, groups and secret records in memory. Everybody who was invited and let in counts as `invited` until [`MemoryDirectory::activate`].
pub struct MemoryDirectory {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    created: u64,
    users: BTreeMap<u64, Person>,
    groups: BTreeMap<GroupName, Group>,
    memberships: BTreeSet<(GroupName, UserId)>,
}

struct Person {
    user: DirectoryUser,
    enabled: bool,
    active: bool,
    sign_outs: usize,
    record: Option<Vec<u8>>,
}

impl MemoryDirectory {
    /// An empty directory.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { clock, ids, state: Mutex::default() }
    }

    /// Makes the person one who has signed in.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn activate(&self, user_id: &UserId) -> PortResult<()> {
        locked(&self.state).person(user_id, "directory.activate")?.active = true;
        Ok(())
    }

    /// How often the person was signed out.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn sign_outs(&self, user_id: &UserId) -> PortResult<usize> {
        Ok(locked(&self.state).person(user_id, "directory.sign_outs")?.sign_outs)
    }
}

impl State {
    fn person(&mut self, user_id: &UserId, operation: &'static str) -> PortResult<&mut Person> {
        self.users
            .values_mut()
            .find(|person| person.user.user_id == *user_id)
            .ok_or_else(|| PortError::new(PortErrorKind::NotFound, operation))
    }

    fn group(&mut self, name: &GroupName, operation: &'static str) -> PortResult<&mut Group> {
        self.groups.get_mut(name).ok_or_else(|| PortError::new(PortErrorKind::NotFound, operation))
    }

    fn show(&self, person: &Person) -> DirectoryUser {
        let mut user = person.user.clone();
        user.status = match (person.enabled, person.active) {
            (false, _) => UserStatus::Disabled,
            (true, true) => UserStatus::Active,
            (true, false) => UserStatus::Invited,
        };
        let mine = self.memberships.iter().filter(|(_, member)| *member == user.user_id);
        user.groups = mine.map(|(name, _)| name.clone()).collect();
        user
    }
}

fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Takes a page off `rows` and says where the next one begins.
fn paged<T>(mut rows: Vec<T>, cursor: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(cursor);
    (rows, next)
}

#[async_trait]
impl Directory for MemoryDirectory {
    async fn invite(&self, invitation: &Invitation) -> PortResult<DirectoryUser> {
        let email = fold(&invitation.email);
        let user_id: UserId = self
            .ids
            .new_id()
            .to_string()
            .to_lowercase()
            .parse()
            .map_err(|error: domain::Invalid| PortError::new(PortErrorKind::Unexpected, "directory.invite").because(error))?;
        let mut state = locked(&self.state);
        if state.users.values().any(|person| person.user.email == email) {
            return Err(PortError::new(PortErrorKind::AlreadyExists, "directory.invite"));
        }
        state.created += 1;
        let user = DirectoryUser {
            directory_name: user_id.to_string(),
            user_id,
            email,
            name: invitation.name.clone(),
            role: Some(invitation.role),
            groups: Vec::new(),
            status: UserStatus::Invited,
            created_at: self.clock.now(),
        };
        let sequence = state.created;
        state.users.insert(sequence, Person { user: user.clone(), enabled: true, active: false, sign_outs: 0, record: None });
        Ok(user)
    }

    async fn page(&self, prefix: Option<&str>, after: Option<String>) -> PortResult<DirectoryPage> {
        let after: u64 = match after {
            None => 0,
            Some(cursor) => cursor.parse().map_err(|_| PortError::new(PortErrorKind::InvalidArgument, "directory.page"))?,
        };
        let prefix = prefix.map(fold).unwrap_or_default();
        let state = locked(&self.state);
        let matches = |user: &DirectoryUser| fold(&user.name).starts_with(&prefix) || user.email.starts_with(&prefix);
        let later = state.users.range(after + 1..).filter(|(_, person)| matches(&person.user));
        let rows = later.take(PAGE + 1).map(|(sequence, person)| (*sequence, state.show(person))).collect();
        let (rows, next) = paged(rows, |(sequence, _)| sequence.to_string());
        Ok(DirectoryPage { users: rows.into_iter().map(|(_, user)| user).collect(), next })
    }

    async fn get(&self, user_id: &UserId) -> PortResult<DirectoryUser> {
        let mut state = locked(&self.state);
        state.person(user_id, "directory.get")?;
        let found = state.users.values().find(|person| person.user.user_id == *user_id);
        found.map(|person| state.show(person)).ok_or_else(|| PortError::new(PortErrorKind::NotFound, "directory.get"))
    }

    async fn update(&self, user_id: &UserId, name: Option<&str>, role: Option<Role>) -> PortResult<()> {
        let mut state = locked(&self.state);
        let person = state.person(user_id, "directory.update")?;
        if let Some(name) = name {
            name.clone_into(&mut person.user.name);
        }
        person.user.role = role.or(person.user.role);
        Ok(())
    }

    async fn set_enabled(&self, user_id: &UserId, enabled: bool) -> PortResult<()> {
        locked(&self.state).person(user_id, "directory.set_enabled")?.enabled = enabled;
        Ok(())
    }

    async fn sign_out(&self, user_id: &UserId) -> PortResult<()> {
        locked(&self.state).person(user_id, "directory.sign_out")?.sign_outs += 1;
        Ok(())
    }

    async fn delete(&self, user_id: &UserId) -> PortResult<()> {
        let mut state = locked(&self.state);
        state.person(user_id, "directory.delete")?;
        state.users.retain(|_, person| person.user.user_id != *user_id);
        state.memberships.retain(|(_, member)| member != user_id);
        Ok(())
    }
}

#[async_trait]
impl Groups for MemoryDirectory {
    async fn page(&self, after: Option<String>) -> PortResult<GroupPage> {
        let after = after.unwrap_or_default();
        let state = locked(&self.state);
        let later = state.groups.values().filter(|group| group.name.as_str() > after.as_str());
        let (groups, next) = paged(later.take(PAGE + 1).cloned().collect(), |group| group.name.to_string());
        Ok(GroupPage { groups, next })
    }

    async fn create(&self, group: &Group) -> PortResult<()> {
        let mut state = locked(&self.state);
        if state.groups.contains_key(&group.name) {
            return Err(PortError::new(PortErrorKind::AlreadyExists, "groups.create"));
        }
        state.groups.insert(group.name.clone(), group.clone());
        Ok(())
    }

    async fn update(&self, group: &Group) -> PortResult<()> {
        *locked(&self.state).group(&group.name, "groups.update")? = group.clone();
        Ok(())
    }

    async fn delete(&self, name: &GroupName) -> PortResult<()> {
        let mut state = locked(&self.state);
        state.group(name, "groups.delete")?;
        state.groups.remove(name);
        state.memberships.retain(|(group, _)| group != name);
        Ok(())
    }

    async fn members(&self, name: &GroupName, after: Option<String>) -> PortResult<MemberPage> {
        let after = after.unwrap_or_default();
        let mut state = locked(&self.state);
        state.group(name, "groups.members")?;
        let later = state.memberships.iter().filter(|(group, member)| group == name && member.as_str() > after.as_str());
        let (members, next) = paged(later.take(PAGE + 1).map(|(_, member)| member.clone()).collect(), UserId::to_string);
        Ok(MemberPage { members, next })
    }

    async fn set_membership(&self, name: &GroupName, user_id: &UserId, member: bool) -> PortResult<()> {
        let mut state = locked(&self.state);
        state.group(name, "groups.set_membership")?;
        state.person(user_id, "groups.set_membership")?;
        if member {
            state.memberships.insert((name.clone(), user_id.clone()));
        } else {
            state.memberships.remove(&(name.clone(), user_id.clone()));
        }
        Ok(())
    }
}

#[async_trait]
impl UserRecords for MemoryDirectory {
    async fn get(&self, user_id: &UserId) -> PortResult<Option<Vec<u8>>> {
        Ok(locked(&self.state).person(user_id, "user_records.get")?.record.clone())
    }

    async fn put(&self, user_id: &UserId, ciphertext: &[u8]) -> PortResult<()> {
        locked(&self.state).person(user_id, "user_records.put")?.record = Some(ciphertext.to_vec());
        Ok(())
    }
}
