//! Port `UserRecords`.

use async_trait::async_trait;
use domain::{PortErrorKind, PortResult, id::UserId, ports::UserRecords};
use rusqlite::{OptionalExtension, params};

use super::{Users, directory::found};

#[async_trait]
impl UserRecords for Users {
    async fn get(&self, user_id: &UserId) -> PortResult<Option<Vec<u8>>> {
        let user_id = user_id.to_string();
        self.store
            .run("user_records.get", move |transaction| {
                transaction
                    .query_row("SELECT secret_record FROM user WHERE user_id = ?1", params![user_id], |row| row.get(0))
                    .optional()?
                    .ok_or_else(|| PortErrorKind::NotFound.into())
            })
            .await
    }

    async fn put(&self, user_id: &UserId, ciphertext: &[u8]) -> PortResult<()> {
        let (user_id, ciphertext) = (user_id.to_string(), ciphertext.to_vec());
        self.store
            .run("user_records.put", move |transaction| {
                found(transaction.execute("UPDATE user SET secret_record = ?2 WHERE user_id = ?1", params![user_id, ciphertext])?)
            })
            .await
    }
}
