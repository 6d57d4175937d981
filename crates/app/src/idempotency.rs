//! Idempotent creation: a repeat of a request with the same `Idempotency-Key` answers the first result.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use domain::{
    PortErrorKind, PortResult, Timestamp,
    access::Action,
    id::UserId,
    ports::{Condition, Item, Key, Table, Write},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use ulid::Ulid;

use crate::{
    core::{Caller, Core},
    error::{AppError, AppResult, ErrorKind},
    paging::internal,
    store::{item_of, row_of},
};

/// A key is remembered for so long.
const LIFE: Duration = Duration::from_secs(24 * 3600);

/// An `Idempotency-Key` with the request it came with.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    user_id: UserId,
    item: String,
    request_hash: String,
}

#[derive(Serialize, Deserialize)]
struct IdempotencyRow<T> {
    user_id: UserId,
    item: String,
    request_hash: String,
    answer: T,
    expires_at: Timestamp,
    due_shard: String,
    due_at: Timestamp,
}

impl IdempotencyKey {
    /// The caller's key for `action`, sent with a request whose meaning is `request` (any stable text of it).
    ///
    /// # Errors
    /// 400 unless the key is 1 to 128 printable ASCII characters.
    pub fn new(caller: &Caller, action: Action, key: &str, request: &[u8]) -> AppResult<Self> {
        if !(1..=128).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
            return Err(AppError::bad_parameter("Idempotency-Key", "must be 1 to 128 printable ASCII characters"));
        }
        let hash = digest(&SHA256, format!("{action}\n{key}").as_bytes());
        Ok(Self {
            user_id: caller.principal.user_id.clone(),
            item: format!("idem#{}", hex::encode(hash)),
            request_hash: hex::encode(digest(&SHA256, request)),
        })
    }

    /// The id that position `position` of this key's request gets, whenever and however often it is made.
    #[must_use]
    pub fn derived_id(&self, now: Timestamp, position: usize) -> Ulid {
        let hash = digest(&SHA256, format!("{}\n{}\n{position}", self.user_id, self.item).as_bytes());
        let random = hash.as_ref().iter().take(10).fold(0_u128, |value, byte| (value << 8) | u128::from(*byte));
        // The millisecond part only sorts; two attempts of one key find the first one's ids by its row, not by time.
        Ulid::from_parts(u64::try_from(now.as_millis()).unwrap_or(0), random)
    }

    fn key(&self) -> Key {
        Key::new(self.user_id.to_string(), &self.item)
    }
}

impl Core {
    /// The first result under this key, if there was one.
    ///
    /// # Errors
    /// 409 if the key came with another request.
    pub async fn first_answer<T: DeserializeOwned>(&self, key: Option<&IdempotencyKey>) -> AppResult<Option<T>> {
        let Some(key) = key else { return Ok(None) };
        let found: Option<Item> = self.store.tables.get_many(Table::Cart, &[key.key()], true).await?.pop().flatten();
        let Some(row) = found.map(row_of::<IdempotencyRow<serde_json::Value>>).transpose()? else { return Ok(None) };
        if row.expires_at <= self.now() {
            return Ok(None);
        }
        if row.request_hash != key.request_hash {
            return Err(AppError::new(
                ErrorKind::Conflict,
                "idempotency_key_reused",
                "This Idempotency-Key was sent with another request. Use a new key for a new request.",
            ));
        }
        serde_json::from_value(row.answer).map(Some).map_err(internal)
    }

    /// The write that remembers `answer`; it belongs into the creation's own transaction.
    ///
    /// # Errors
    /// Only if the answer has no JSON form.
    pub fn remember<T: Serialize>(&self, key: &IdempotencyKey, answer: &T) -> PortResult<Write> {
        let now = self.now();
        let expires_at = now.plus(LIFE);
        let due = crate::store::Due::at(expires_at, &key.item);
        let row = IdempotencyRow {
            user_id: key.user_id.clone(),
            item: key.item.clone(),
            request_hash: key.request_hash.clone(),
            answer,
            expires_at,
            due_shard: due.due_shard,
            due_at: due.due_at,
        };
        let expired = Condition::Less("expires_at".to_owned(), now.to_string().into());
        Ok(Write::Put { table: Table::Cart, item: item_of(&row)?, condition: Some(Condition::Any(vec![Condition::Absent, expired])) })
    }

    /// Commits a creation with its idempotency row; if a twin of this request was faster, answers with its result.
    ///
    /// # Errors
    /// Those of the tables; 409 if the key came with another request.
    pub async fn create_once<T: Serialize + DeserializeOwned + Send + Sync>(
        &self,
        mut writes: Vec<Write>,
        key: Option<&IdempotencyKey>,
        answer: T,
    ) -> AppResult<T> {
        if let Some(key) = key {
            writes.push(self.remember(key, &answer)?);
        }
        match self.store.tables.transact(writes).await {
            Ok(()) => Ok(answer),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => match self.first_answer(key).await? {
                Some(first) => Ok(first),
                None if key.is_some() => Err(AppError::busy()),
                None => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }
}
