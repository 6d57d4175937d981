//! Port `Groups`.

use async_trait::async_trait;
use aws_sdk_cognitoidentityprovider::types::GroupType;
use domain::{
    PortError, PortErrorKind, PortResult,
    group::{Group, GroupName},
    id::UserId,
    ports::{GroupPage, Groups, MemberPage},
};
use serde::{Deserialize, Serialize};

use super::{CognitoDirectory, PAGE, failed, failed_group, once, unless_refused, user::attribute};
use crate::user_attributes::SUB;

/// What the one text that a group has in Cognito holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    title: String,
    description: String,
}

impl CognitoDirectory {
    /// The group as the port tells it; `None` for one that is none of ours.
    fn group(&self, group: &GroupType) -> Option<Group> {
        let name = self.shared_group(group.group_name().unwrap_or_default())?;
        let text = group.description().unwrap_or_default();
        // One that was made by hand has a description like any other.
        let by_hand = |_| Texts { title: name.to_string(), description: text.to_owned() };
        let Texts { title, description } = serde_json::from_str(text).unwrap_or_else(by_hand);
        Some(Group { name, title, description })
    }

    /// `NotFound` for a name that is not one of ours.
    fn ours(&self, name: &GroupName, operation: &'static str) -> PortResult<()> {
        self.shared_group(name.as_str()).map(drop).ok_or_else(|| PortError::new(PortErrorKind::NotFound, operation))
    }
}

fn texts(group: &Group, operation: &'static str) -> PortResult<String> {
    let texts = Texts { title: group.title.clone(), description: group.description.clone() };
    serde_json::to_string(&texts).map_err(|error| PortError::new(PortErrorKind::Unexpected, operation).because(error))
}

#[async_trait]
impl Groups for CognitoDirectory {
    async fn page(&self, after: Option<String>) -> PortResult<GroupPage> {
        let request = self.client.list_groups().user_pool_id(&self.pool).limit(PAGE).set_next_token(after);
        let answer = request.send().await.map_err(|error| failed(&error, "groups.page"))?;
        let mut groups: Vec<Group> = answer.groups().iter().filter_map(|group| self.group(group)).collect();
        groups.sort_unstable_by(|left, right| left.name.cmp(&right.name));
        Ok(GroupPage { groups, next: answer.next_token })
    }

    /// A name that Cognito or the product needs itself is taken.
    async fn create(&self, group: &Group) -> PortResult<()> {
        const OPERATION: &str = "groups.create";
        self.writable(OPERATION)?;
        self.ours(&group.name, OPERATION).map_err(|_| PortError::new(PortErrorKind::AlreadyExists, OPERATION))?;
        let request = self.client.create_group().user_pool_id(&self.pool).group_name(group.name.as_str());
        let request = request.description(texts(group, OPERATION)?);
        unless_refused(|| async {
            let request = request.clone().customize().config_override(once());
            request.send().await.map(drop).map_err(|error| failed(&error, OPERATION))
        })
        .await
    }

    async fn update(&self, group: &Group) -> PortResult<()> {
        const OPERATION: &str = "groups.update";
        self.writable(OPERATION)?;
        self.ours(&group.name, OPERATION)?;
        let request = self.client.update_group().user_pool_id(&self.pool).group_name(group.name.as_str());
        let sent = request.description(texts(group, OPERATION)?).send().await;
        sent.map(drop).map_err(|error| failed_group(&error, OPERATION))
    }

    /// Cognito ends the memberships with the group.
    async fn delete(&self, name: &GroupName) -> PortResult<()> {
        const OPERATION: &str = "groups.delete";
        self.writable(OPERATION)?;
        self.ours(name, OPERATION)?;
        let request = self.client.delete_group().user_pool_id(&self.pool).group_name(name.as_str());
        unless_refused(|| async {
            let request = request.clone().customize().config_override(once());
            request.send().await.map(drop).map_err(|error| failed_group(&error, OPERATION))
        })
        .await
    }

    async fn members(&self, name: &GroupName, after: Option<String>) -> PortResult<MemberPage> {
        const OPERATION: &str = "groups.members";
        self.ours(name, OPERATION)?;
        let request = self.client.list_users_in_group().user_pool_id(&self.pool).group_name(name.as_str());
        let sent = request.limit(PAGE).set_next_token(after).send().await;
        let answer = sent.map_err(|error| failed_group(&error, OPERATION))?;
        let id = |attributes| attribute(attributes, SUB).and_then(|sub| sub.parse().ok());
        let broken = || PortError::new(PortErrorKind::Unexpected, OPERATION).because("a user without an id");
        let members: PortResult<Vec<UserId>> = answer.users().iter().map(|user| id(user.attributes()).ok_or_else(broken)).collect();
        Ok(MemberPage { members: members?, next: answer.next_token })
    }

    async fn set_membership(&self, name: &GroupName, user_id: &UserId, member: bool) -> PortResult<()> {
        const OPERATION: &str = "groups.set_membership";
        self.writable(OPERATION)?;
        self.ours(name, OPERATION)?;
        let (pool, user, group) = (&self.pool, user_id.as_str(), name.as_str());
        if member {
            let request = self.client.admin_add_user_to_group().user_pool_id(pool).username(user).group_name(group);
            request.send().await.map(drop).map_err(|error| failed_group(&error, OPERATION))
        } else {
            let request = self.client.admin_remove_user_from_group().user_pool_id(pool).username(user).group_name(group);
            request.send().await.map(drop).map_err(|error| failed_group(&error, OPERATION))
        }
    }
}
