//! Port `Groups`.

use async_trait::async_trait;
use domain::{
    PortErrorKind, PortResult,
    group::{Group, GroupName},
    id::UserId,
    ports::{GroupPage, Groups, MemberPage},
};
use rusqlite::{OptionalExtension, Transaction, params};

use super::{
    Users,
    directory::{PAGE, broken, exists, found},
    store::Work,
};

#[async_trait]
impl Groups for Users {
    async fn page(&self, after: Option<String>) -> PortResult<GroupPage> {
        let after = after.unwrap_or_default();
        self.store.run("groups.page", move |transaction| page(transaction, &after)).await
    }

    async fn create(&self, group: &Group) -> PortResult<()> {
        let Group { name, title, description } = group.clone();
        self.store
            .run("groups.create", move |transaction| {
                let inserted = transaction.execute(
                    "INSERT INTO user_group (name, title, description) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO NOTHING",
                    params![name.as_str(), title, description],
                )?;
                if inserted == 0 { Err(PortErrorKind::AlreadyExists.into()) } else { Ok(()) }
            })
            .await
    }

    async fn update(&self, group: &Group) -> PortResult<()> {
        let Group { name, title, description } = group.clone();
        self.store
            .run("groups.update", move |transaction| {
                found(transaction.execute(
                    "UPDATE user_group SET title = ?2, description = ?3 WHERE name = ?1",
                    params![name.as_str(), title, description],
                )?)
            })
            .await
    }

    async fn delete(&self, name: &GroupName) -> PortResult<()> {
        let name = name.clone();
        self.store
            .run("groups.delete", move |transaction| {
                found(transaction.execute("DELETE FROM user_group WHERE name = ?1", params![name.as_str()])?)
            })
            .await
    }

    async fn members(&self, name: &GroupName, after: Option<String>) -> PortResult<MemberPage> {
        let (name, after) = (name.clone(), after.unwrap_or_default());
        self.store.run("groups.members", move |transaction| members(transaction, name.as_str(), &after)).await
    }

    async fn set_membership(&self, name: &GroupName, user_id: &UserId, member: bool) -> PortResult<()> {
        let (name, user_id) = (name.clone(), user_id.to_string());
        self.store
            .run("groups.set_membership", move |transaction| {
                group_exists(transaction, name.as_str())?;
                exists(transaction, &user_id)?;
                let statement = if member {
                    "INSERT INTO membership (group_name, user_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
                } else {
                    "DELETE FROM membership WHERE group_name = ?1 AND user_id = ?2"
                };
                transaction.execute(statement, params![name.as_str(), user_id])?;
                Ok(())
            })
            .await
    }
}

fn group_exists(transaction: &Transaction<'_>, name: &str) -> Work<()> {
    transaction
        .query_row("SELECT 1 FROM user_group WHERE name = ?1", params![name], |_| Ok(()))
        .optional()?
        .ok_or_else(|| PortErrorKind::NotFound.into())
}

fn page(transaction: &Transaction<'_>, after: &str) -> Work<GroupPage> {
    let mut statement =
        transaction.prepare_cached("SELECT name, title, description FROM user_group WHERE name > ?1 ORDER BY name LIMIT ?2")?;
    let rows = statement.query_map(params![after, limit()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut rows: Vec<(String, String, String)> = rows.collect::<Result<_, _>>()?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(|(name, ..)| name.clone());
    let groups = rows
        .into_iter()
        .map(|(name, title, description)| Ok(Group { name: name.parse().map_err(broken)?, title, description }))
        .collect::<Work<Vec<_>>>()?;
    Ok(GroupPage { groups, next })
}

fn members(transaction: &Transaction<'_>, name: &str, after: &str) -> Work<MemberPage> {
    group_exists(transaction, name)?;
    let mut statement =
        transaction.prepare_cached("SELECT user_id FROM membership WHERE group_name = ?1 AND user_id > ?2 ORDER BY user_id LIMIT ?3")?;
    let rows = statement.query_map(params![name, after, limit()], |row| row.get(0))?;
    let mut rows: Vec<String> = rows.collect::<Result<_, _>>()?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).cloned();
    let members = rows.into_iter().map(|user_id| user_id.parse().map_err(broken)).collect::<Work<Vec<_>>>()?;
    Ok(MemberPage { members, next })
}

/// One row more than a page tells whether there is another page.
fn limit() -> i64 {
    i64::try_from(PAGE + 1).unwrap_or(i64::MAX)
}
