//! The audit log on one machine: append-only files of JSON lines, one a UTC day (more if they grow large).
//!
//! An answer to `append` means that the lines are on the disk. What a crash leaves half written at the end was never
//! answered: it is moved to a side file when the log is opened again.

mod files;
mod read;
mod verify;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    PortError, PortErrorKind, PortResult,
    ports::{AuditLog, AuditQuery, AuditRows, ChainedRecord, Clock},
};

use files::Writer;
pub use verify::{Problem, Report, verify};

/// A file that reached this size is followed by another of the same day.
const FILE_BYTES: u64 = 64 * 1024 * 1024;

/// The log in one folder, which belongs to this process alone.
#[derive(Clone)]
pub struct FileAuditLog {
    folder: PathBuf,
    writer: Arc<Mutex<Writer>>,
    clock: Arc<dyn Clock>,
    page: usize,
}

impl FileAuditLog {
    /// Opens the log in `folder`, makes it if need be, and moves a torn end to a side file `….torn`.
    ///
    /// # Errors
    /// `AlreadyExists` if another process has it open, `Unavailable` if the folder can't be read or written.
    pub async fn open(folder: &Path, clock: Arc<dyn Clock>) -> PortResult<Self> {
        let folder = folder.to_owned();
        let opened = folder.clone();
        let writer = blocking("audit_log.open", move || Writer::open(&opened, FILE_BYTES)).await?;
        Ok(Self { folder, writer: Arc::new(Mutex::new(writer)), clock, page: 1_000 })
    }

    /// The same log with smaller files and pages, so that a test meets their borders.
    #[must_use]
    pub fn with_limits(self, file_bytes: u64, page: usize) -> Self {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).set_limit(file_bytes);
        Self { page, ..self }
    }
}

#[async_trait]
impl AuditLog for FileAuditLog {
    async fn append(&self, chain: u32, records: &[ChainedRecord]) -> PortResult<()> {
        let mut lines = Vec::new();
        for record in records {
            if record.chain != chain {
                return Err(PortError::new(PortErrorKind::InvalidArgument, "audit_log.append").with("chain", record.chain));
            }
            let encoded = serde_json::to_writer(&mut lines, record);
            encoded.map_err(|error| PortError::new(PortErrorKind::Unexpected, "audit_log.append").because(error))?;
            lines.push(b'\n');
        }
        let (writer, now) = (Arc::clone(&self.writer), self.clock.now());
        blocking("audit_log.append", move || writer.lock().unwrap_or_else(PoisonError::into_inner).append(&lines, now)).await
    }

    /// The query's name is the query itself: nothing is kept, and it outlives a restart.
    async fn query(&self, query: &AuditQuery) -> PortResult<String> {
        let encoded =
            serde_json::to_vec(query).map_err(|error| PortError::new(PortErrorKind::Unexpected, "audit_log.query").because(error))?;
        Ok(URL_SAFE_NO_PAD.encode(encoded))
    }

    /// Rows come in the order in which they entered the log.
    async fn rows(&self, query: &str, after: Option<String>) -> PortResult<AuditRows> {
        let unknown = || PortError::new(PortErrorKind::NotFound, "audit_log.rows");
        let query: AuditQuery = decode(query).ok_or_else(unknown)?;
        let place = match after {
            None => read::Place::default(),
            Some(after) => decode::<read::Place>(&after)
                .filter(read::Place::is_valid)
                .ok_or_else(|| PortError::new(PortErrorKind::InvalidArgument, "audit_log.rows").with("reason", "no place in this log"))?,
        };
        let (folder, limit) = (self.folder.clone(), self.page);
        let (rows, next) = blocking("audit_log.rows", move || read::page(&folder, &query, place, limit)).await?;
        let next = next.and_then(|place| serde_json::to_vec(&place).ok()).map(|place| URL_SAFE_NO_PAD.encode(place));
        Ok(AuditRows { complete: true, rows, next })
    }
}

fn decode<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

async fn blocking<T, F>(operation: &'static str, work: F) -> PortResult<T>
where
    T: Send + 'static,
    F: FnOnce() -> std::io::Result<T> + Send + 'static,
{
    let failed = |error: std::io::Error| {
        let kind = match error.kind() {
            std::io::ErrorKind::WouldBlock => PortErrorKind::AlreadyExists,
            std::io::ErrorKind::InvalidData => PortErrorKind::Unexpected,
            _ => PortErrorKind::Unavailable,
        };
        PortError::new(kind, operation).because(error)
    };
    let ended = |error| PortError::new(PortErrorKind::Unexpected, operation).because(error);
    tokio::task::spawn_blocking(work).await.map_err(ended)?.map_err(failed)
}
