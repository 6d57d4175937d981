//! What comes from standard input.
//!
//! Whether it is sent at once or in parts, and under which checksum, is told by the whole of it, and a part may have to be
//! sent again: so it is kept in a temporary file, however large it is, and not in memory.

use std::io;

use tempfile::NamedTempFile;

use super::{LocalFile, walk::named};
use crate::failure::{Failure, Outcome};

/// A temporary file of what came; it goes with this.
#[derive(Debug)]
pub(crate) struct Input(NamedTempFile);

impl Input {
    /// Reads standard input to its end.
    pub(crate) async fn kept() -> Outcome<Self> {
        let kept = tokio::task::spawn_blocking(|| {
            let mut file = NamedTempFile::with_prefix("datalake-")?;
            io::copy(&mut io::stdin().lock(), file.as_file_mut())?;
            Ok(file)
        });
        let kept: io::Result<NamedTempFile> = kept.await.map_err(Failure::failed)?;
        kept.map(Self).map_err(|error| Failure::file("keep what comes from standard input", &error))
    }

    /// It under its name in the package.
    pub(crate) fn file(&self, prefix: &str, name: &str) -> Outcome<LocalFile> {
        named(self.0.path(), prefix, name)
    }
}
