//! Settings, rules about tags, and the cursors' key.

use domain::{
    PortErrorKind, PortResult,
    change::{STAMP_ATTRIBUTE, Stamp},
    governance::TagRule,
    ports::{Condition, Key, Order, PageKey, Query, Range, Table, Write},
    settings::Settings,
};
use serde::{Deserialize, Serialize};

use super::{Store, item_of, row_of};

#[derive(Serialize, Deserialize)]
struct ValueRow<T> {
    kind: String,
    id: String,
    value: T,
}

impl Store {
    /// The application's settings; defaults where none were saved.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn settings(&self) -> PortResult<Settings> {
        Ok(self.setting("settings", "application").await?.unwrap_or_default())
    }

    /// All rules about tags, by id.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn tag_rules(&self) -> PortResult<Vec<TagRule>> {
        let mut rules = Vec::new();
        let mut after: Option<PageKey> = None;
        loop {
            let page = self.tables.query(Query {
                table: Table::Settings,
                index: None,
                partition: "rule".to_owned(),
                range: Range::All,
                order: Order::Ascending,
                limit: 1000,
                after: after.take(),
                consistent: true,
            });
            let page = page.await?;
            for item in page.items {
                rules.push(row_of::<ValueRow<TagRule>>(item)?.value);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(rules),
            }
        }
    }

    /// Saves a rule about a tag in place of the one with its id.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn save_tag_rule(&self, rule: &TagRule) -> PortResult<()> {
        self.save_setting("rule", &rule.id, rule, None).await
    }

    /// The write of such a rule, told by `stamp`.
    ///
    /// # Errors
    /// Only if the row has no JSON form.
    pub fn put_tag_rule(&self, rule: &TagRule, stamp: &Stamp) -> PortResult<Write> {
        let mut item = item_of(&ValueRow { kind: "rule".to_owned(), id: rule.id.clone(), value: rule })?;
        item.insert(STAMP_ATTRIBUTE.to_owned(), serde_json::to_value(stamp).unwrap_or_default());
        Ok(Write::Put { table: Table::Settings, item, condition: None })
    }

    /// Saves the application's settings.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn save_settings(&self, settings: &Settings) -> PortResult<()> {
        self.save_setting("settings", "application", settings, None).await
    }

    /// The ciphertext (base64) of a secret that the product made for itself.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn own_secret(&self, name: &str) -> PortResult<Option<String>> {
        self.setting("secret", name).await
    }

    /// Keeps the ciphertext of such a secret, if none is there yet; answers with the one that is there then.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn keep_own_secret(&self, name: &str, ciphertext: &str) -> PortResult<String> {
        match self.save_setting("secret", name, &ciphertext, Some(Condition::Absent)).await {
            Err(error) if !error.is(PortErrorKind::PreconditionFailed) => Err(error),
            _ => Ok(self.own_secret(name).await?.unwrap_or_else(|| ciphertext.to_owned())),
        }
    }

    pub(super) async fn setting<T: for<'a> Deserialize<'a>>(&self, kind: &str, id: &str) -> PortResult<Option<T>> {
        let mut found = self.tables.get_many(Table::Settings, &[Key::new(kind, id)], true).await?;
        found.pop().flatten().map(|item| row_of::<ValueRow<T>>(item).map(|row| row.value)).transpose()
    }

    pub(super) async fn save_setting<T: Serialize>(&self, kind: &str, id: &str, value: &T, condition: Option<Condition>) -> PortResult<()> {
        let row = ValueRow { kind: kind.to_owned(), id: id.to_owned(), value };
        self.tables.write(Write::Put { table: Table::Settings, item: item_of(&row)?, condition }).await
    }
}
