//! Port `UserRecords`: an attribute that only the product reads and writes.

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{PortError, PortErrorKind, PortResult, id::UserId, ports::UserRecords};

use super::{
    CognitoDirectory, failed,
    user::{attribute, new_attribute},
};
use crate::user_attributes::SECRET;

/// At most so many characters an attribute.
const ATTRIBUTE_LIMIT: usize = 2_048;

#[async_trait]
impl UserRecords for CognitoDirectory {
    async fn get(&self, user_id: &UserId) -> PortResult<Option<Vec<u8>>> {
        const OPERATION: &str = "user_records.get";
        let user = self.user(user_id, OPERATION).await?;
        let text = attribute(user.attributes(), SECRET).filter(|text| !text.is_empty());
        let decoded = text.map(|text| STANDARD.decode(text)).transpose();
        // The error names a byte of the ciphertext; nobody needs to read it.
        decoded.map_err(|_| PortError::new(PortErrorKind::Unexpected, OPERATION).because("the record is no Base64"))
    }

    async fn put(&self, user_id: &UserId, ciphertext: &[u8]) -> PortResult<()> {
        const OPERATION: &str = "user_records.put";
        let text = STANDARD.encode(ciphertext);
        if text.len() > ATTRIBUTE_LIMIT {
            return Err(PortError::new(PortErrorKind::InvalidArgument, OPERATION).with("bytes", ciphertext.len()));
        }
        let username = self.username(user_id, OPERATION).await?;
        let request = self.client.admin_update_user_attributes().user_pool_id(&self.pool).username(username);
        let sent = request.user_attributes(new_attribute(SECRET, text, OPERATION)?).send().await;
        sent.map(drop).map_err(|error| failed(&error, OPERATION))
    }
}
