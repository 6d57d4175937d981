//! Port `Directory`.

use async_trait::async_trait;
use domain::{
    PortErrorKind, PortResult, Timestamp,
    group::GroupName,
    id::UserId,
    ports::{Directory, DirectoryPage, DirectoryUser, Invitation},
    principal::Role,
    user::UserStatus,
};
use rusqlite::{OptionalExtension, Row, Transaction, named_params, params};

use super::{Users, fold, sessions, store::Work};
use crate::sqlite::Failure;

/// At most so many rows a page.
pub(super) const PAGE: usize = 60;

const COLUMNS: &str = "sequence, user_id, email, name, role, enabled, activated, created_at";

#[async_trait]
impl Directory for Users {
    async fn invite(&self, invitation: &Invitation) -> PortResult<DirectoryUser> {
        let Invitation { email, name, role } = invitation.clone();
        let (user_id, now) = (self.ids.new_id().to_string().to_lowercase(), self.clock.now());
        self.store
            .run("directory.invite", move |transaction| {
                let inserted = transaction.execute(
                    "INSERT INTO user (user_id, email, name, folded_name, role, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                     ON CONFLICT (email) DO NOTHING",
                    params![user_id, fold(&email), name, fold(&name), role.name(), now.as_millis()],
                )?;
                if inserted == 0 {
                    return Err(PortErrorKind::AlreadyExists.into());
                }
                find(transaction, &user_id)
            })
            .await
    }

    async fn page(&self, prefix: Option<&str>, after: Option<String>) -> PortResult<DirectoryPage> {
        let prefix = prefix.map(fold).unwrap_or_default();
        self.store
            .run("directory.page", move |transaction| {
                let after: i64 = match after {
                    None => 0,
                    Some(cursor) => cursor.parse().map_err(|_| PortErrorKind::InvalidArgument)?,
                };
                page(transaction, &prefix, after)
            })
            .await
    }

    async fn get(&self, user_id: &UserId) -> PortResult<DirectoryUser> {
        let user_id = user_id.to_string();
        self.store.run("directory.get", move |transaction| find(transaction, &user_id)).await
    }

    async fn update(&self, user_id: &UserId, name: Option<&str>, role: Option<Role>) -> PortResult<()> {
        let (user_id, name) = (user_id.to_string(), name.map(str::to_owned));
        self.store
            .run("directory.update", move |transaction| {
                let changed = transaction.execute(
                    "UPDATE user SET name = coalesce(?2, name), folded_name = coalesce(?3, folded_name), role = coalesce(?4, role)
                     WHERE user_id = ?1",
                    params![user_id, name, name.as_deref().map(fold), role.map(Role::name)],
                )?;
                found(changed)
            })
            .await
    }

    async fn set_enabled(&self, user_id: &UserId, enabled: bool) -> PortResult<()> {
        let user_id = user_id.to_string();
        self.store
            .run("directory.set_enabled", move |transaction| {
                found(transaction.execute("UPDATE user SET enabled = ?2 WHERE user_id = ?1", params![user_id, enabled])?)?;
                if !enabled {
                    sessions::end_all(transaction, &user_id)?;
                }
                Ok(())
            })
            .await
    }

    async fn sign_out(&self, user_id: &UserId) -> PortResult<()> {
        let user_id = user_id.to_string();
        self.store
            .run("directory.sign_out", move |transaction| {
                exists(transaction, &user_id)?;
                sessions::end_all(transaction, &user_id)
            })
            .await
    }

    async fn delete(&self, user_id: &UserId) -> PortResult<()> {
        let user_id = user_id.to_string();
        self.store
            .run("directory.delete", move |transaction| {
                found(transaction.execute("DELETE FROM user WHERE user_id = ?1", params![user_id])?)
            })
            .await
    }
}

/// `NotFound` if a statement that names one row changed none.
pub(super) fn found(changed: usize) -> Work<()> {
    if changed == 0 { Err(PortErrorKind::NotFound.into()) } else { Ok(()) }
}

/// `NotFound` if there is no such user.
pub(super) fn exists(transaction: &Transaction<'_>, user_id: &str) -> Work<()> {
    transaction
        .query_row("SELECT 1 FROM user WHERE user_id = ?1", params![user_id], |_| Ok(()))
        .optional()?
        .ok_or_else(|| PortErrorKind::NotFound.into())
}

/// One person.
pub(super) fn find(transaction: &Transaction<'_>, user_id: &str) -> Work<DirectoryUser> {
    let row = transaction
        .query_row(&format!("SELECT {COLUMNS} FROM user WHERE user_id = ?1"), params![user_id], UserRow::read)
        .optional()?
        .ok_or(PortErrorKind::NotFound)?;
    row.into_user(transaction)
}

fn page(transaction: &Transaction<'_>, prefix: &str, after: i64) -> Work<DirectoryPage> {
    // One row more than a page tells whether there is another page.
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM user
         WHERE sequence > :after
           AND (substr(folded_name, 1, length(:prefix)) = :prefix OR substr(email, 1, length(:prefix)) = :prefix)
         ORDER BY sequence LIMIT :limit"
    ))?;
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let rows = statement.query_map(named_params! {":after": after, ":prefix": prefix, ":limit": limit}, UserRow::read)?;
    let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(|row| row.sequence.to_string());
    let users = rows.into_iter().map(|row| row.into_user(transaction)).collect::<Work<Vec<_>>>()?;
    Ok(DirectoryPage { users, next })
}

struct UserRow {
    sequence: i64,
    user_id: String,
    email: String,
    name: String,
    role: String,
    enabled: bool,
    activated: bool,
    created_at: i64,
}

impl UserRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            sequence: row.get(0)?,
            user_id: row.get(1)?,
            email: row.get(2)?,
            name: row.get(3)?,
            role: row.get(4)?,
            enabled: row.get(5)?,
            activated: row.get(6)?,
            created_at: row.get(7)?,
        })
    }

    fn into_user(self, transaction: &Transaction<'_>) -> Work<DirectoryUser> {
        Ok(DirectoryUser {
            groups: groups_of(transaction, &self.user_id)?,
            directory_name: self.user_id.clone(),
            user_id: self.user_id.parse().map_err(broken)?,
            email: self.email,
            name: self.name,
            role: Some(if self.role == Role::Admin.name() { Role::Admin } else { Role::Member }),
            status: match (self.enabled, self.activated) {
                (false, _) => UserStatus::Disabled,
                (true, false) => UserStatus::Invited,
                (true, true) => UserStatus::Active,
            },
            created_at: time(self.created_at)?,
        })
    }
}

fn groups_of(transaction: &Transaction<'_>, user_id: &str) -> Work<Vec<GroupName>> {
    let mut statement = transaction.prepare_cached("SELECT group_name FROM membership WHERE user_id = ?1 ORDER BY group_name")?;
    let names = statement.query_map(params![user_id], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    names.into_iter().map(|name| name.parse().map_err(broken)).collect()
}

/// A row that this program can't have written.
pub(super) fn broken(error: domain::Invalid) -> Failure {
    Failure::Broken(Box::new(error))
}

/// A time out of a row.
pub(super) fn time(millis: i64) -> Work<Timestamp> {
    Timestamp::from_millis(millis).ok_or_else(|| Failure::Broken(format!("{millis} is not a time").into()))
}
