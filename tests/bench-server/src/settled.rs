//! Waiting until nothing follows any more from what was done.

use std::{path::Path, time::Duration};

use anyhow::Result;
use datalake_tests_machine::{Lake, wait_at_most};
use rusqlite::{Connection, OpenFlags};

/// Even what follows from a large import comes to its end within this.
const LONG: Duration = Duration::from_secs(1_800);

/// Waits until the change feed is read and every queue is empty.
pub(crate) async fn wait_until_settled(lake: &Lake) -> Result<()> {
    let folder = lake.data_folder();
    wait_at_most(LONG, "the workers come to their end", async || {
        let fed = count(&folder.join("tables.sqlite3"), "SELECT count(*) FROM feed")?;
        let waiting = count(&folder.join("jobs.sqlite3"), "SELECT count(*) FROM jobs WHERE died_at IS NULL")?;
        Ok((fed + waiting == 0).then_some(()))
    })
    .await
}

fn count(file: &Path, sql: &str) -> Result<i64> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}
