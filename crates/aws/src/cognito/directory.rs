//! Port `Directory`.

use async_trait::async_trait;
use aws_sdk_cognitoidentityprovider::types::{DeliveryMediumType, UserType};
use domain::{
    PortError, PortErrorKind, PortResult,
    group::GroupName,
    id::UserId,
    ports::{Directory, DirectoryPage, DirectoryUser, Invitation},
    principal::Role,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    CognitoDirectory, DirectoryKind, PAGE, failed, once, unless_refused,
    user::{Rights, attribute, directory_user, new_attribute},
};
use crate::user_attributes::SUB;

/// So many users' groups are asked for at a time: Cognito allows an account some dozens of such calls a second.
const AT_A_TIME: usize = 5;

impl CognitoDirectory {
    /// One user as Cognito tells it. `NotFound`.
    pub(super) async fn user(&self, user_id: &UserId, operation: &'static str) -> PortResult<UserType> {
        if self.kind == DirectoryKind::Federated {
            return self.look_up(user_id, operation).await;
        }
        let request = self.client.admin_get_user().user_pool_id(&self.pool).username(user_id.as_str());
        let answer = request.send().await.map_err(|error| failed(&error, operation))?;
        // By any other name it would be somebody else.
        if attribute(answer.user_attributes(), SUB) != Some(user_id.as_str()) {
            return Err(PortError::new(PortErrorKind::NotFound, operation));
        }
        let user = UserType::builder().username(answer.username).enabled(answer.enabled);
        let user = user.set_user_status(answer.user_status).set_user_create_date(answer.user_create_date);
        Ok(user.set_attributes(answer.user_attributes).build())
    }

    /// Role and groups; `None` where an identity provider tells them, at the sign-in.
    async fn rights(&self, username: &str, operation: &'static str) -> PortResult<Rights> {
        if self.kind == DirectoryKind::Federated {
            return Ok(None);
        }
        let (mut role, mut groups, mut after) = (Role::Member, Vec::<GroupName>::new(), None);
        loop {
            let request = self.client.admin_list_groups_for_user().user_pool_id(&self.pool).username(username);
            let answer = request.limit(PAGE).set_next_token(after).send().await.map_err(|error| failed(&error, operation))?;
            for group in answer.groups.unwrap_or_default() {
                let name = group.group_name.unwrap_or_default();
                if name == self.administrators {
                    role = Role::Admin;
                }
                groups.extend(self.shared_group(&name));
            }
            after = answer.next_token;
            if after.is_none() {
                return Ok(Some((role, groups)));
            }
        }
    }

    /// A user of a page; `None` if gone meanwhile.
    async fn listed(&self, user: &UserType, operation: &'static str) -> PortResult<Option<DirectoryUser>> {
        match self.rights(user.username().unwrap_or_default(), operation).await {
            Ok(rights) => directory_user(user, rights, operation).map(Some),
            Err(error) if error.is(PortErrorKind::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn set_role(&self, user_id: &UserId, role: Role, operation: &'static str) -> PortResult<()> {
        let (pool, user, group) = (&self.pool, user_id.as_str(), &self.administrators);
        // A group that isn't there is a defect of the deployment, as a missing pool is.
        match role {
            Role::Admin => {
                let request = self.client.admin_add_user_to_group().user_pool_id(pool).username(user).group_name(group);
                request.send().await.map(drop).map_err(|error| failed(&error, operation))
            }
            Role::Member => {
                let request = self.client.admin_remove_user_from_group().user_pool_id(pool).username(user).group_name(group);
                request.send().await.map(drop).map_err(|error| failed(&error, operation))
            }
        }
    }
}

#[async_trait]
impl Directory for CognitoDirectory {
    /// Cognito sends the invitation. The role comes second: somebody left without it has less, and can be given it.
    async fn invite(&self, invitation: &Invitation) -> PortResult<DirectoryUser> {
        const OPERATION: &str = "directory.invite";
        self.writable(OPERATION)?;
        let email = invitation.email.trim().to_lowercase();
        let request = self
            .client
            .admin_create_user()
            .user_pool_id(&self.pool)
            .username(&email)
            .user_attributes(new_attribute("email", &email, OPERATION)?)
            .user_attributes(new_attribute("email_verified", "true", OPERATION)?)
            .user_attributes(new_attribute("name", &invitation.name, OPERATION)?)
            .desired_delivery_mediums(DeliveryMediumType::Email);
        let made = unless_refused(|| async {
            let request = request.clone().customize().config_override(once());
            request.send().await.map_err(|error| failed(&error, OPERATION))
        });
        let user = made.await?.user.ok_or_else(|| PortError::new(PortErrorKind::Unexpected, OPERATION))?;
        let user = directory_user(&user, Some((invitation.role, Vec::new())), OPERATION)?;
        if invitation.role == Role::Admin {
            self.set_role(&user.user_id, Role::Admin, OPERATION).await?;
        }
        Ok(user)
    }

    /// One page of Cognito's is one of ours: what doesn't match is left out of it, because Cognito's own filter looks at
    /// one attribute and says nothing about case.
    async fn page(&self, prefix: Option<&str>, after: Option<String>) -> PortResult<DirectoryPage> {
        const OPERATION: &str = "directory.page";
        let request = self.client.list_users().user_pool_id(&self.pool).limit(PAGE).set_pagination_token(after);
        let answer = request.send().await.map_err(|error| failed(&error, OPERATION))?;
        let prefix = prefix.unwrap_or_default().trim().to_lowercase();
        let begins = |user: &UserType| {
            let begins = |name| attribute(user.attributes(), name).unwrap_or_default().to_lowercase().starts_with(&prefix);
            prefix.is_empty() || begins("email") || begins("name")
        };
        let users = answer.users.unwrap_or_default().into_iter().filter(begins);
        let listed = stream::iter(users).map(|user| async move { self.listed(&user, OPERATION).await }).buffered(AT_A_TIME);
        let users = listed.try_filter_map(|user| async { Ok(user) }).try_collect().await?;
        Ok(DirectoryPage { users, next: answer.pagination_token })
    }

    async fn get(&self, user_id: &UserId) -> PortResult<DirectoryUser> {
        const OPERATION: &str = "directory.get";
        let user = self.user(user_id, OPERATION).await?;
        let rights = self.rights(user.username().unwrap_or_default(), OPERATION).await?;
        directory_user(&user, rights, OPERATION)
    }

    async fn update(&self, user_id: &UserId, name: Option<&str>, role: Option<Role>) -> PortResult<()> {
        const OPERATION: &str = "directory.update";
        self.writable(OPERATION)?;
        if let Some(name) = name {
            let request = self.client.admin_update_user_attributes().user_pool_id(&self.pool).username(user_id.as_str());
            let request = request.user_attributes(new_attribute("name", name, OPERATION)?);
            request.send().await.map_err(|error| failed(&error, OPERATION))?;
        }
        match role {
            Some(role) => self.set_role(user_id, role, OPERATION).await,
            None if name.is_none() => self.user(user_id, OPERATION).await.map(drop),
            None => Ok(()),
        }
    }

    async fn set_enabled(&self, user_id: &UserId, enabled: bool) -> PortResult<()> {
        const OPERATION: &str = "directory.set_enabled";
        self.writable(OPERATION)?;
        let (pool, user) = (&self.pool, user_id.as_str());
        if enabled {
            let request = self.client.admin_enable_user().user_pool_id(pool).username(user);
            request.send().await.map(drop).map_err(|error| failed(&error, OPERATION))
        } else {
            let request = self.client.admin_disable_user().user_pool_id(pool).username(user);
            request.send().await.map(drop).map_err(|error| failed(&error, OPERATION))
        }
    }

    async fn sign_out(&self, user_id: &UserId) -> PortResult<()> {
        const OPERATION: &str = "directory.sign_out";
        self.writable(OPERATION)?;
        let request = self.client.admin_user_global_sign_out().user_pool_id(&self.pool).username(user_id.as_str());
        request.send().await.map(drop).map_err(|error| failed(&error, OPERATION))
    }

    async fn delete(&self, user_id: &UserId) -> PortResult<()> {
        const OPERATION: &str = "directory.delete";
        self.writable(OPERATION)?;
        let request = self.client.admin_delete_user().user_pool_id(&self.pool).username(user_id.as_str());
        unless_refused(|| async {
            let request = request.clone().customize().config_override(once());
            request.send().await.map(drop).map_err(|error| failed(&error, OPERATION))
        })
        .await
    }
}
