//! People and their rights: invite, enable, role, groups. Directory first, then the principal row in the same call.

use std::collections::BTreeSet;

use domain::{
    FieldError, Invalid, PortErrorKind,
    access::{Action, Resource},
    audit::{Actor, Origin},
    change::Stamp,
    group::{GROUPS_PER_USER, GroupName},
    id::UserId,
    ports::{DirectoryUser, Invitation},
    principal::Role,
    user::{PrincipalRecord, UserStatus},
};

use super::People;
use crate::{
    core::Caller,
    error::{AppError, AppResult, ErrorKind},
};

/// What an admin enters for a new person.
#[derive(Clone, Debug)]
pub struct InviteUser {
    /// E-mail address, the sign-in name.
    pub email: String,
    /// Display name, 1 to 100 characters.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Groups, which must exist.
    pub groups: BTreeSet<GroupName>,
}

impl People {
    /// Invites a person: may sign in from now on.
    ///
    /// # Errors
    /// 403 unless the caller is an admin; 409 if the e-mail is taken; 422 for what breaks a rule.
    pub async fn invite(&self, caller: &Caller, entered: &InviteUser) -> AppResult<PrincipalRecord> {
        self.core.authorise(caller, Action::UserManage, Resource::Application).await?;
        let invitation = self.validate(entered).await?;
        let stamp = self.core.stamp(caller, Action::UserManage, &["email", "name", "role", "groups", "enabled"]);
        self.make(&invitation, &entered.groups, &stamp).await
    }

    /// Makes the first administrator of an empty directory; nobody is signed in who could. One who was invited and never
    /// signed in is taken for the one that an earlier, interrupted call made.
    ///
    /// # Errors
    /// 409 if there is anybody already; 422 for what breaks a rule.
    pub async fn first_administrator(&self, email: &str, name: &str) -> AppResult<PrincipalRecord> {
        let entered = InviteUser { email: email.to_owned(), name: name.to_owned(), role: Role::Admin, groups: BTreeSet::new() };
        let invitation = self.validate(&entered).await?;
        let people = self.directory.page(None, None).await?.users;
        if let [only] = people.as_slice()
            && only.status == UserStatus::Invited
            && only.role == Some(Role::Admin)
            && only.email.eq_ignore_ascii_case(&invitation.email)
        {
            return self.sync_principal(&only.user_id).await;
        }
        if !people.is_empty() {
            return Err(AppError::new(ErrorKind::Conflict, "already_initialised", "There are people in the directory already."));
        }
        let stamp = self.core.stamp_of(Actor::system(), &Origin::default(), Action::UserManage, &["email", "name", "role", "enabled"]);
        self.make(&invitation, &entered.groups, &stamp).await
    }

    /// Lets a person in, or no longer: tokens and keys of a disabled person are refused within a minute.
    ///
    /// # Errors
    /// 403 unless the caller is an admin; 404 for an unknown person.
    pub async fn set_enabled(&self, caller: &Caller, user_id: &UserId, enabled: bool) -> AppResult<PrincipalRecord> {
        self.core.authorise(caller, Action::UserManage, Resource::Application).await?;
        self.directory.set_enabled(user_id, enabled).await.map_err(managed)?;
        let now = self.core.now();
        let stamp = self.core.stamp(caller, Action::UserManage, &["enabled"]);
        let adjust = |record: &mut PrincipalRecord| {
            if !enabled {
                record.tokens_valid_after = now;
            }
        };
        let record = self.project(user_id, Some(&stamp), adjust).await?;
        if !enabled {
            self.end_sessions(user_id).await?;
        }
        Ok(record)
    }

    /// Gives a person another role.
    ///
    /// # Errors
    /// 403 unless the caller is an admin; 404 for an unknown person.
    pub async fn set_role(&self, caller: &Caller, user_id: &UserId, role: Role) -> AppResult<PrincipalRecord> {
        self.core.authorise(caller, Action::UserManage, Resource::Application).await?;
        self.directory.update(user_id, None, Some(role)).await.map_err(managed)?;
        let stamp = self.core.stamp(caller, Action::UserManage, &["role"]);
        self.project(user_id, Some(&stamp), |_| {}).await
    }

    /// Makes a person a member of exactly these groups.
    ///
    /// # Errors
    /// 403 unless the caller is an admin; 404 for an unknown person; 422 for more than 50 groups or an unknown one.
    pub async fn set_groups(&self, caller: &Caller, user_id: &UserId, groups: &BTreeSet<GroupName>) -> AppResult<PrincipalRecord> {
        self.core.authorise(caller, Action::UserManage, Resource::Application).await?;
        let errors = self.check_groups(groups).await?;
        if !errors.is_empty() {
            return Err(AppError::invalid(errors));
        }
        let before = self.directory_user(user_id).await?.groups.into_iter().collect();
        let moved = self.move_between(user_id, &before, groups).await;
        // Also after a failure on the way: the row says what the directory says.
        let stamp = self.core.stamp(caller, Action::UserManage, &["groups"]);
        let record = self.project(user_id, Some(&stamp), |_| {}).await;
        moved.and(record)
    }

    async fn make(&self, invitation: &Invitation, groups: &BTreeSet<GroupName>, stamp: &Stamp) -> AppResult<PrincipalRecord> {
        let user = self.directory.invite(invitation).await.map_err(|error| {
            if error.is(PortErrorKind::AlreadyExists) {
                AppError::new(ErrorKind::Conflict, "email_taken", "Somebody with this e-mail address is in the directory already.")
            } else {
                managed(error)
            }
        })?;
        let moved = self.move_between(&user.user_id, &BTreeSet::new(), groups).await;
        let record = self.project(&user.user_id, Some(stamp), |_| {}).await;
        moved.and(record)
    }

    async fn move_between(&self, user_id: &UserId, before: &BTreeSet<GroupName>, after: &BTreeSet<GroupName>) -> AppResult<()> {
        // Out first: who may be in 50 groups at most never is in more.
        for group in before.difference(after) {
            self.groups.set_membership(group, user_id, false).await.map_err(managed)?;
        }
        for group in after.difference(before) {
            self.groups.set_membership(group, user_id, true).await.map_err(managed)?;
        }
        Ok(())
    }

    pub(super) async fn directory_user(&self, user_id: &UserId) -> AppResult<DirectoryUser> {
        self.directory.get(user_id).await.map_err(managed)
    }

    async fn validate(&self, entered: &InviteUser) -> AppResult<Invitation> {
        let mut errors = self.check_groups(&entered.groups).await?;
        let email = entered.email.trim();
        if !is_email(email) {
            errors.push(Invalid::new("is not an e-mail address").at("/email"));
        }
        let name = entered.name.trim();
        if !(1..=100).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            errors.push(Invalid::new("must be 1 to 100 characters without control characters").at("/name"));
        }
        if errors.is_empty() {
            Ok(Invitation { email: email.to_owned(), name: name.to_owned(), role: entered.role })
        } else {
            Err(AppError::invalid(errors))
        }
    }

    async fn check_groups(&self, groups: &BTreeSet<GroupName>) -> AppResult<Vec<FieldError>> {
        if groups.len() > GROUPS_PER_USER {
            return Ok(vec![Invalid::new(format!("are too many; at most {GROUPS_PER_USER} are allowed")).at("/groups")]);
        }
        let mut missing = groups.clone();
        let mut after = None;
        while !missing.is_empty() {
            let page = self.groups.page(after).await?;
            for group in page.groups {
                missing.remove(&group.name);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(missing.into_iter().map(|name| Invalid::new(format!("name a group that does not exist: {name}")).at("/groups")).collect())
    }
}

/// One `@` with something before it and a host behind it; whether mail arrives, only mail can tell.
fn is_email(text: &str) -> bool {
    text.len() <= 254
        && !text.chars().any(|character| character.is_whitespace() || character.is_control())
        && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

fn managed(error: domain::PortError) -> AppError {
    match error.kind() {
        PortErrorKind::NotFound => AppError::not_found("user"),
        PortErrorKind::Unsupported => AppError::new(
            ErrorKind::Conflict,
            "managed_by_directory",
            "People are managed in the directory that this data lake signs in with.",
        ),
        _ => error.into(),
    }
}
