//! The connection to the users file, and how work reaches it from async threads.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{PortError, PortErrorKind, PortResult};
use rusqlite::{Connection, Transaction};

use super::schema;
use crate::sqlite::{self, Failure};

/// What a piece of work gives.
pub(super) type Work<T> = Result<T, Failure>;

/// The one connection; SQLite lets only one writer in anyway, and reads here are of single rows or short pages.
#[derive(Clone)]
pub(super) struct Store(Arc<Mutex<Connection>>);

impl Store {
    pub(super) fn open(path: &Path) -> PortResult<Self> {
        Ok(Self(Arc::new(Mutex::new(schema::FILE.open(path)?))))
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
            sqlite::transact(&mut connection, work)
        });
        match task.await {
            Ok(result) => result.map_err(|failure| failure.at(operation)),
            Err(error) => Err(PortError::new(PortErrorKind::Unexpected, operation).because(error)),
        }
    }
}
