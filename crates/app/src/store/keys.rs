//! Rows of API keys, principal rows (`user#{id}`), and people to look up (`people`).

use domain::{
    PortError, PortErrorKind, PortResult, Timestamp,
    api_key::ApiKey,
    change::{STAMP_ATTRIBUTE, Stamp},
    id::{AccessKeyId, UserId},
    ports::{Condition, Index, Item, Key, Order, Page, PageKey, Query, Range, Table, Update, Write},
    principal::KeyScope,
    user::PrincipalRecord,
};
use serde::{Deserialize, Serialize};

use super::{Due, Store, item_of, row_of};

const KEY_ITEM: &str = "key";
const PRINCIPAL_ITEM: &str = "principal";
const PEOPLE: &str = "people";

#[derive(Serialize, Deserialize)]
struct KeyRow {
    access_key_id: AccessKeyId,
    item: String,
    user_id: UserId,
    active: bool,
    scope: KeyScope,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_used_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    due: Option<Due>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<Stamp>,
}

#[derive(Serialize, Deserialize)]
struct PrincipalRow {
    /// `user#{id}`: the attribute is the table's partition key.
    access_key_id: String,
    item: String,
    record: PrincipalRecord,
    /// Raised by every write, so that no writer overwrites what it has not seen.
    revision: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<Stamp>,
}

/// A principal row as it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPrincipal {
    /// What it says.
    pub record: PrincipalRecord,
    /// Raised by every write.
    pub revision: u64,
}

#[derive(Serialize, Deserialize)]
struct PersonRow {
    access_key_id: String,
    item: String,
    person: Person,
}

/// Somebody to look up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The user.
    pub user_id: UserId,
    /// The display name.
    pub name: String,
}

impl From<KeyRow> for ApiKey {
    fn from(row: KeyRow) -> Self {
        Self {
            access_key_id: row.access_key_id,
            user_id: row.user_id,
            active: row.active,
            scope: row.scope,
            salt: row.salt,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        }
    }
}

fn stored_principal(item: Item) -> PortResult<StoredPrincipal> {
    row_of::<PrincipalRow>(item).map(|row| StoredPrincipal { record: row.record, revision: row.revision })
}

fn principal_key(user_id: &UserId) -> Key {
    Key::new(format!("user#{user_id}"), PRINCIPAL_ITEM)
}

fn person_item(name: &str, user_id: &UserId) -> String {
    // A sort key has 1,024 bytes; a name longer than this is found by its beginning all the same.
    let folded: String = crate::search::analysis::fold(name).chars().take(200).collect();
    format!("{folded}#{user_id}")
}

impl Store {
    /// The principal row of a user.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn principal(&self, user_id: &UserId) -> PortResult<Option<PrincipalRecord>> {
        Ok(self.stored_principal(user_id).await?.map(|stored| stored.record))
    }

    /// The principal row of a user with its revision.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn stored_principal(&self, user_id: &UserId) -> PortResult<Option<StoredPrincipal>> {
        let mut found = self.tables.get_many(Table::Keys, &[principal_key(user_id)], true).await?;
        found.pop().flatten().map(stored_principal).transpose()
    }

    /// Principal rows by user, in the order asked for.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn principals(&self, user_ids: &[UserId]) -> PortResult<Vec<Option<PrincipalRecord>>> {
        let keys: Vec<Key> = user_ids.iter().map(principal_key).collect();
        let found = self.tables.get_many(Table::Keys, &keys, true).await?;
        found.into_iter().map(|item| item.map(|item| stored_principal(item).map(|stored| stored.record)).transpose()).collect()
    }

    /// The writes of a principal row and of the row by which the person is looked up, if `before` still is what stands
    /// there: whoever wrote meanwhile may have ended all sessions.
    ///
    /// # Errors
    /// Only if a row has no JSON form.
    pub fn put_principal(
        &self,
        record: &PrincipalRecord,
        before: Option<&StoredPrincipal>,
        stamp: Option<&Stamp>,
    ) -> PortResult<Vec<Write>> {
        let Key { partition, sort } = principal_key(&record.user_id);
        let revision = before.map_or(0, |before| before.revision) + 1;
        let row = PrincipalRow { access_key_id: partition, item: sort, record: record.clone(), revision, changed: stamp.cloned() };
        let condition = before.map_or(Condition::Absent, |before| Condition::Equals("revision".to_owned(), before.revision.into()));
        let mut writes = vec![Write::Put { table: Table::Keys, item: item_of(&row)?, condition: Some(condition) }];
        let new = record.enabled.then(|| person_item(&record.name, &record.user_id));
        if let Some(old) = before.map(|before| person_item(&before.record.name, &record.user_id))
            && new.as_ref() != Some(&old)
        {
            writes.push(Write::Delete { table: Table::Keys, key: Key::new(PEOPLE, old), condition: None });
        }
        if let Some(item) = new {
            let person = Person { user_id: record.user_id.clone(), name: record.name.clone() };
            let row = PersonRow { access_key_id: PEOPLE.to_owned(), item, person };
            writes.push(Write::Put { table: Table::Keys, item: item_of(&row)?, condition: None });
        }
        Ok(writes)
    }

    /// A page of enabled people whose folded name begins with `prefix`, by name.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn people(&self, prefix: &str, limit: u32, after: Option<PageKey>) -> PortResult<(Vec<Person>, Option<PageKey>)> {
        let prefix = crate::search::analysis::fold(prefix);
        let query = Query {
            table: Table::Keys,
            index: None,
            partition: PEOPLE.to_owned(),
            range: if prefix.is_empty() { Range::All } else { Range::Prefix(prefix) },
            order: Order::Ascending,
            limit,
            after,
            consistent: true,
        };
        let Page { items, next } = self.tables.query(query).await?;
        let people: PortResult<Vec<Person>> = items.into_iter().map(|item| row_of::<PersonRow>(item).map(|row| row.person)).collect();
        Ok((people?, next))
    }

    /// An API key.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn api_key(&self, id: &AccessKeyId) -> PortResult<Option<ApiKey>> {
        let mut found = self.tables.get_many(Table::Keys, &[Key::new(id.as_str(), KEY_ITEM)], true).await?;
        found.pop().flatten().map(|item| row_of::<KeyRow>(item).map(ApiKey::from)).transpose()
    }

    /// A page of a user's API keys, in order of creation.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn api_keys_of(&self, user_id: &UserId, limit: u32, after: Option<PageKey>) -> PortResult<(Vec<ApiKey>, Option<PageKey>)> {
        let query = Query {
            table: Table::Keys,
            index: Some(Index::User),
            partition: user_id.to_string(),
            range: Range::All,
            order: Order::Ascending,
            limit,
            after,
            consistent: false,
        };
        let Page { items, next } = self.tables.query(query).await?;
        let keys: PortResult<Vec<ApiKey>> = items.into_iter().map(|item| row_of::<KeyRow>(item).map(ApiKey::from)).collect();
        Ok((keys?, next))
    }

    /// The write of a whole API key.
    ///
    /// # Errors
    /// Only if the row has no JSON form.
    pub fn put_api_key(&self, key: &ApiKey, stamp: &Stamp, condition: Condition) -> PortResult<Write> {
        let row = KeyRow {
            access_key_id: key.access_key_id.clone(),
            item: KEY_ITEM.to_owned(),
            user_id: key.user_id.clone(),
            active: key.active,
            scope: key.scope.clone(),
            salt: key.salt.clone(),
            created_at: key.created_at,
            last_used_at: key.last_used_at,
            expires_at: key.expires_at,
            due: key.expires_at.map(|time| Due::at(time, key.access_key_id.as_str())),
            changed: Some(stamp.clone()),
        };
        Ok(Write::Put { table: Table::Keys, item: item_of(&row)?, condition: Some(condition) })
    }

    /// The write that gives an active key a new salt, if `key` still has the one that was read.
    ///
    /// # Errors
    /// Only if the stamp has no JSON form.
    pub fn put_salt(&self, key: &ApiKey, salt: &str, stamp: &Stamp) -> PortResult<Write> {
        let unchanged = match &key.salt {
            Some(salt) => Condition::Equals("salt".to_owned(), salt.as_str().into()),
            None => Condition::Lacks("salt".to_owned()),
        };
        let active = Condition::Equals("active".to_owned(), true.into());
        let stamp =
            serde_json::to_value(stamp).map_err(|error| PortError::new(PortErrorKind::Unexpected, "store.put_salt").because(error))?;
        let set = [("salt".to_owned(), salt.into()), (STAMP_ATTRIBUTE.to_owned(), stamp)].into();
        Ok(Write::Update {
            table: Table::Keys,
            key: Key::new(key.access_key_id.as_str(), KEY_ITEM),
            update: Update { set, ..Update::default() },
            condition: Some(Condition::All(vec![Condition::Exists, active, unchanged])),
        })
    }

    /// Notes that a key was used; not a change that anybody is told of.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn note_key_use(&self, id: &AccessKeyId, now: Timestamp) -> PortResult<()> {
        let update = Update { set: [("last_used_at".to_owned(), now.to_string().into())].into(), ..Update::default() };
        let key = Key::new(id.as_str(), KEY_ITEM);
        self.tables.write(Write::Update { table: Table::Keys, key, update, condition: Some(Condition::Exists) }).await
    }
}
