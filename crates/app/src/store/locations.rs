//! Rows of locations. One that was removed keeps its row, so that the change feed tells who removed it.

use domain::{
    LocationId, PortErrorKind, PortResult, Timestamp,
    change::Stamp,
    location::Location,
    ports::{Condition, Key, Order, PageKey, Query, Range, Table, Write},
};
use serde::{Deserialize, Serialize};

use super::{Store, item_of, row_of};

const KIND: &str = "location";

#[derive(Serialize, Deserialize)]
struct LocationRow {
    kind: String,
    id: String,
    value: Location,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    removed_at: Option<Timestamp>,
    changed: Stamp,
}

impl Store {
    /// All locations, oldest first.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn locations(&self) -> PortResult<Vec<Location>> {
        let mut locations = Vec::new();
        let mut after: Option<PageKey> = None;
        loop {
            let page = self.tables.query(Query {
                table: Table::Settings,
                index: None,
                partition: KIND.to_owned(),
                range: Range::All,
                order: Order::Ascending,
                limit: 1000,
                after: after.take(),
                consistent: true,
            });
            let page = page.await?;
            for item in page.items {
                let row = row_of::<LocationRow>(item)?;
                locations.extend(row.removed_at.is_none().then_some(row.value));
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(locations),
            }
        }
    }

    /// A location that is registered.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn location(&self, id: LocationId) -> PortResult<Option<Location>> {
        let found = self.tables.get_many(Table::Settings, &[Key::new(KIND, id.to_string())], true).await?.pop().flatten();
        let row = found.map(row_of::<LocationRow>).transpose()?;
        Ok(row.filter(|row| row.removed_at.is_none()).map(|row| row.value))
    }

    /// Registers a location.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn put_location(&self, location: &Location, stamp: &Stamp) -> PortResult<()> {
        self.tables.write(location_row(location, None, stamp, Condition::Absent)?).await
    }

    /// Takes a location back; `false` if it is not registered.
    ///
    /// # Errors
    /// Those of the tables.
    pub async fn remove_location(&self, location: &Location, stamp: &Stamp) -> PortResult<bool> {
        let there = Condition::All(vec![Condition::Exists, Condition::Lacks("removed_at".to_owned())]);
        match self.tables.write(location_row(location, Some(stamp.time), stamp, there)?).await {
            Ok(()) => Ok(true),
            Err(error) if error.is(PortErrorKind::PreconditionFailed) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn location_row(location: &Location, removed_at: Option<Timestamp>, stamp: &Stamp, condition: Condition) -> PortResult<Write> {
    let row =
        LocationRow { kind: KIND.to_owned(), id: location.id.to_string(), value: location.clone(), removed_at, changed: stamp.clone() };
    Ok(Write::Put { table: Table::Settings, item: item_of(&row)?, condition: Some(condition) })
}
