//! Copies of SQLite files as of one moment, while another process goes on writing them.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use domain::{PortError, PortErrorKind, PortResult};
use rusqlite::{Connection, OpenFlags, backup::Backup, backup::StepResult};

use crate::sqlite::{Failure, open_reader};

/// How long to wait until the first file's writer pauses.
const PATIENCE: Duration = Duration::from_secs(60);

/// Several files as of one moment.
pub struct Snapshot(Vec<Connection>);

impl Snapshot {
    /// Holds all files as they are at one moment at which nothing is written to the first: whatever a process writes to the
    /// others because of something in the first, and the other way round, is in both or can be done again. Calls `meanwhile`
    /// at that moment, which should be short. Blocks.
    ///
    /// # Errors
    /// `Unavailable` if a file can't be opened or is held by somebody else; that of `meanwhile`.
    pub fn take<T>(first: &Path, others: &[PathBuf], meanwhile: impl FnOnce() -> io::Result<T>) -> PortResult<(Self, T)> {
        take(first, others, meanwhile).map_err(|failure| failure.at("snapshot.take"))
    }

    /// Copies the file with this position, the first having 0, to a new file that is on the disk when this returns. Blocks.
    ///
    /// # Errors
    /// `NotFound` if there is no file with this position; `Unavailable` if it can't be copied.
    pub fn copy(&self, position: usize, to: &Path) -> PortResult<()> {
        const OPERATION: &str = "snapshot.copy";
        let source = self.0.get(position).ok_or_else(|| PortError::new(PortErrorKind::NotFound, OPERATION))?;
        copy(source, to).map_err(|failure| failure.at(OPERATION))
    }
}

fn take<T>(first: &Path, others: &[PathBuf], meanwhile: impl FnOnce() -> io::Result<T>) -> Result<(Snapshot, T), Failure> {
    let holder = Connection::open_with_flags(first, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    holder.busy_timeout(PATIENCE)?;
    holder.execute_batch("BEGIN IMMEDIATE")?;
    let paths = std::iter::once(first).chain(others.iter().map(PathBuf::as_path));
    let connections = paths.map(hold).collect::<rusqlite::Result<Vec<_>>>()?;
    let told = meanwhile()?;
    holder.execute_batch("ROLLBACK")?;
    Ok((Snapshot(connections), told))
}

/// A connection that sees the file as it is now for as long as it lives.
fn hold(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open_reader(path)?;
    // The transaction begins with its first reading.
    connection.execute_batch("BEGIN")?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

fn copy(source: &Connection, to: &Path) -> Result<(), Failure> {
    let mut target = Connection::open(to)?;
    // All at once: a copy in steps would begin again whenever somebody writes.
    let copied = Backup::new(source, &mut target)?.step(-1)?;
    if copied != StepResult::Done {
        return Err(PortErrorKind::Unavailable.into());
    }
    drop(target);
    Ok(File::open(to)?.sync_all()?)
}
