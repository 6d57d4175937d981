//! The connection to the users file, and how work reaches it from async threads.

use std::{
    error::Error,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{PortError, PortErrorKind, PortResult};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::schema;

/// Why a piece of work on the file failed.
pub(super) enum Failure {
    /// SQLite said so.
    Sqlite(rusqlite::Error),
    /// What was found decides.
    Kind(PortErrorKind),
    /// A row that this program can't have written.
    Broken(Box<dyn Error + Send + Sync>),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<PortErrorKind> for Failure {
    fn from(kind: PortErrorKind) -> Self {
        Self::Kind(kind)
    }
}

impl Failure {
    pub(super) fn at(self, operation: &'static str) -> PortError {
        match self {
            Self::Kind(kind) => PortError::new(kind, operation),
            Self::Sqlite(error) => PortError::new(kind_of(&error), operation).because(error),
            Self::Broken(source) => PortError::new(PortErrorKind::Unexpected, operation).because(source),
        }
    }
}

fn kind_of(error: &rusqlite::Error) -> PortErrorKind {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::OutOfMemory,
        ) => PortErrorKind::Unavailable,
        _ => PortErrorKind::Unexpected,
    }
}

/// What a piece of work gives.
pub(super) type Work<T> = Result<T, Failure>;

/// The one connection; SQLite lets only one writer in anyway, and reads here are of single rows or short pages.
#[derive(Clone)]
pub(super) struct Store(Arc<Mutex<Connection>>);

impl Store {
    pub(super) fn open(path: &Path) -> PortResult<Self> {
        const OPERATION: &str = "users.open";
        let mut connection = connect(path).map_err(|error| Failure::from(error).at(OPERATION))?;
        restrict(path).map_err(|error| PortError::new(PortErrorKind::Unavailable, OPERATION).because(error))?;
        prepare(&mut connection).map_err(|failure| failure.at(OPERATION))?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Runs `work` in one transaction on a thread that may block. An error rolls everything back.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Work<T> + Send + 'static,
    ) -> PortResult<T> {
        let connection = Arc::clone(&self.0);
        let task = tokio::task::spawn_blocking(move || {
            // A panic in earlier work has rolled its transaction back; the connection itself is sound.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            transact(&mut connection, work)
        });
        match task.await {
            Ok(result) => result.map_err(|failure| failure.at(operation)),
            Err(error) => Err(PortError::new(PortErrorKind::Unexpected, operation).because(error)),
        }
    }
}

fn transact<T>(connection: &mut Connection, work: impl FnOnce(&Transaction<'_>) -> Work<T>) -> Work<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    // `init` may write while the server runs.
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted here were credentials.
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(connection)
}

/// Only the server's own account may read the hashes. SQLite gives its log and shared-memory files the mode of the main file.
fn restrict(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

fn prepare(connection: &mut Connection) -> Work<()> {
    transact(connection, |transaction| {
        let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match version {
            0 => {
                transaction.execute_batch(schema::TABLES)?;
                transaction.pragma_update(None, "user_version", schema::VERSION)?;
                Ok(())
            }
            schema::VERSION => Ok(()),
            later => Err(Failure::Broken(format!("the file has version {later}, this program knows {}", schema::VERSION).into())),
        }
    })
}
