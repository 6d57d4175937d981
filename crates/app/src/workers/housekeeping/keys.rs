//! API keys that ended.

use domain::{
    PortResult, Timestamp,
    access::Action,
    change::STAMP_ATTRIBUTE,
    id::AccessKeyId,
    ports::{Item, Table},
};

use super::Housekeeping;
use crate::store::DueRow;

impl Housekeeping {
    /// Makes an expired key inactive, so that lists say what already holds: it is refused from its end on.
    pub(super) async fn due_key(&self, row: &DueRow, now: Timestamp) -> PortResult<()> {
        let Ok(id) = row.key.partition.parse::<AccessKeyId>() else { return Ok(()) };
        let Some(key) = self.store.api_key(&id).await? else { return Ok(()) };
        let mut set = Item::new();
        if key.active && key.expires_at.is_some_and(|end| end <= now) {
            set.insert("active".to_owned(), false.into());
            let stamp = serde_json::to_value(self.stamp(Action::KeyGrant, &["active"])).unwrap_or_default();
            set.insert(STAMP_ATTRIBUTE.to_owned(), stamp);
        }
        self.store.settle_due(Table::Keys, row, set).await
    }
}
