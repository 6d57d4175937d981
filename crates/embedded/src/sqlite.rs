//! How every SQLite file of this machine is opened, brought to its layout, read by a few connections, and how it fails.

use std::{
    error::Error,
    fs::{self, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{PortError, PortErrorKind, PortResult};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

/// How long a connection waits for a lock. Only a copy or an inspection of the file ever holds one against its process.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many compiled statements a connection keeps.
const STATEMENTS: usize = 64;

/// How many connections read a file side by side.
const READERS: usize = 4;

/// What a file is made of.
pub(crate) struct Layout {
    /// What the port reports when the file can't be opened: `tables.open`.
    pub(crate) operation: &'static str,
    /// What leads from each version to the next. A file of version `n` has the first `n` steps behind it; steps are only
    /// ever added.
    pub(crate) steps: &'static [&'static str],
    /// Whether what is deleted is overwritten, as credentials must be.
    pub(crate) secure_delete: bool,
}

impl Layout {
    /// Opens the one connection that writes, makes the file (for its owner only) where it is absent, and takes the steps that
    /// it lacks. A commit is on the disk before its caller is told.
    ///
    /// # Errors
    /// `Unavailable` if the file can't be opened, `Unsupported` if a newer version of the product wrote it.
    pub(crate) fn open(&self, path: &Path) -> PortResult<Connection> {
        self.try_open(path).map_err(|failure| failure.at(self.operation))
    }

    fn try_open(&self, path: &Path) -> Result<Connection, Failure> {
        make_private(path)?;
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "secure_delete", self.secure_delete)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        self.take_steps(&mut connection)?;
        Ok(connection)
    }

    fn take_steps(&self, connection: &mut Connection) -> Result<(), Failure> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let Some(lacking) = usize::try_from(version).ok().and_then(|version| self.steps.get(version..)) else {
            let error = PortError::new(PortErrorKind::Unsupported, self.operation);
            return Err(error.with("version", version).with("known", self.steps.len()).into());
        };
        if lacking.is_empty() {
            return Ok(());
        }
        for step in lacking {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "user_version", i64::try_from(self.steps.len()).unwrap_or(i64::MAX))?;
        Ok(transaction.commit()?)
    }
}

/// Opens a connection that only reads.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    open_patient_reader(path, PATIENCE)
}

fn open_patient_reader(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(patience)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// What is wrong with a file's own pages; empty for a sound file. Reads all of it, and blocks.
///
/// # Errors
/// `Unavailable` if it can't be opened.
pub(crate) fn problems(path: &Path) -> PortResult<Vec<String>> {
    let read = || {
        let connection = open_reader(path)?;
        let mut statement = connection.prepare("PRAGMA integrity_check(10)")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    match read() {
        Ok(said) if said == ["ok"] => Ok(Vec::new()),
        Ok(said) => Ok(said),
        Err(error) if kind_of(&error) == PortErrorKind::Unexpected => Ok(vec![error.to_string()]),
        Err(error) => Err(failed("sqlite.problems")(error)),
    }
}

/// Makes the file for its owner only; SQLite gives its companions the same mode.
fn make_private(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// Does `work` in a transaction that writes from its begin, so that it never has to be upgraded. An error rolls it back.
pub(crate) fn transact<T, E: From<rusqlite::Error>>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

/// A few connections that read, opened when they are first needed; who finds all of them busy waits.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    pool: Mutex<Pool>,
    returned: Condvar,
    /// Those of [`Readers::read_at_once`], which wait for no lock, by the [`SEAT`] of a thread.
    impatient: [Mutex<Option<Connection>>; SEATS],
}

/// How many threads have a connection of their own for what they read at once.
const SEATS: usize = 16;

thread_local! {
    /// Threads keep their connection, for what it remembers is near their processor then; two only share one if there are many.
    static SEAT: usize = {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        TAKEN.fetch_add(1, Ordering::Relaxed) % SEATS
    };
}

fn busy() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None)
}

#[derive(Debug, Default)]
struct Pool {
    idle: Vec<Connection>,
    lent: usize,
}

impl Readers {
    /// How many reads run side by side.
    pub(crate) const COUNT: usize = READERS;

    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), pool: Mutex::default(), returned: Condvar::new(), impatient: Default::default() }
    }

    /// Does `work` on one state of the file. Blocks.
    pub(crate) fn read<T, E: From<rusqlite::Error>>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut turn = self.turn();
        let mut connection = match turn.idle.take() {
            Some(connection) => connection,
            None => open_reader(&self.path)?,
        };
        let answer = connection.transaction().map_err(E::from).and_then(|transaction| work(&transaction));
        turn.idle = Some(connection);
        answer
    }

    /// Does `work`, a single statement and so on one state of the file, without waiting for a turn or a lock: for a read that
    /// is shorter than the way to a thread that may block. Where it would have to wait, it fails by `DatabaseBusy`.
    pub(crate) fn read_at_once<T, E: From<rusqlite::Error>>(&self, work: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        let mut seat = match self.impatient[SEAT.with(|seat| *seat)].try_lock() {
            Ok(seat) => seat,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Another thread shares it.
            Err(TryLockError::WouldBlock) => return Err(busy().into()),
        };
        // A connection on which work has panicked is not put back.
        let connection = match seat.take() {
            Some(connection) => connection,
            None => open_patient_reader(&self.path, Duration::ZERO)?,
        };
        let answer = work(&connection);
        *seat = Some(connection);
        answer
    }

    fn turn(&self) -> Turn<'_> {
        let waited = self.returned.wait_while(self.pool(), |pool| pool.lent >= READERS);
        let mut pool = waited.unwrap_or_else(PoisonError::into_inner);
        pool.lent += 1;
        let idle = pool.idle.pop();
        drop(pool);
        Turn { readers: self, idle }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to read, given back in every case; a connection on which work has panicked is not.
struct Turn<'a> {
    readers: &'a Readers,
    idle: Option<Connection>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut pool = self.readers.pool();
        pool.lent -= 1;
        pool.idle.extend(self.idle.take());
        drop(pool);
        self.readers.returned.notify_one();
    }
}

/// A failure below a port, before it is known which operation it ends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Of the database.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// Of the file system.
    #[error(transparent)]
    File(#[from] io::Error),
    /// A row that this program can't have written.
    #[error("a stored row can't be read")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
    /// What was found decides.
    #[error("{0:?}")]
    Kind(PortErrorKind),
    /// The port's own answer.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl From<PortErrorKind> for Failure {
    fn from(kind: PortErrorKind) -> Self {
        Self::Kind(kind)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(Box::new(error))
    }
}

impl Failure {
    /// Whether somebody else holds the file just now.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
    }

    /// What the port reports, by `operation`.
    pub(crate) fn at(self, operation: &'static str) -> PortError {
        match self {
            Self::Port(error) => error,
            Self::Kind(kind) => PortError::new(kind, operation),
            Self::Sqlite(error) => failed(operation)(error),
            Self::File(error) => PortError::new(PortErrorKind::Unavailable, operation).because(error),
            Self::Broken(source) => PortError::new(PortErrorKind::Unexpected, operation).because(source),
        }
    }
}

/// What the port reports of a failure of SQLite.
pub(crate) fn failed(operation: &'static str) -> impl Fn(rusqlite::Error) -> PortError {
    move |error| PortError::new(kind_of(&error), operation).because(error)
}

/// The kind of a failure of SQLite: what a free disk, a lock let go or another try can heal is `Unavailable`.
pub(crate) fn kind_of(error: &rusqlite::Error) -> PortErrorKind {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted,
        ) => PortErrorKind::Unavailable,
        Some(ErrorCode::PermissionDenied) => PortErrorKind::PermissionDenied,
        Some(ErrorCode::TooBig) => PortErrorKind::InvalidArgument,
        _ => PortErrorKind::Unexpected,
    }
}

#[cfg(test)]
mod tests;
