//! Keys in files of this machine that only their owner can read.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use aws_lc_rs::{error::Unspecified, rand};
use domain::{PortError, PortErrorKind, PortResult};

/// Reads the key file at `path`, which `make` fills if there is none. Of a longer one than `limit` a byte more is read.
///
/// # Errors
/// `PermissionDenied` if others may read the file, `Unavailable` if it can't be read or written.
pub(crate) fn open(
    operation: &'static str,
    path: &Path,
    limit: usize,
    make: impl FnOnce() -> Result<Vec<u8>, Unspecified>,
) -> PortResult<Vec<u8>> {
    let failed = |error: io::Error| PortError::new(PortErrorKind::Unavailable, operation).with("file", path.display()).because(error);
    match create(path, make) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        let error = PortError::new(PortErrorKind::PermissionDenied, operation);
        return Err(error.with("file", path.display()).with("mode", format!("{mode:03o}")).with("needed", "600"));
    }
    let mut bytes = Vec::with_capacity(limit + 1);
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Makes the key file, or fails with `AlreadyExists`. After a crash it is there whole or not at all: the key is written
/// beside it first, and linking fails if somebody else was faster.
fn create(path: &Path, make: impl FnOnce() -> Result<Vec<u8>, Unspecified>) -> io::Result<()> {
    if fs::exists(path)? {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut suffix = [0_u8; 8];
    let no_randomness = |_| io::Error::other("no randomness");
    rand::fill(&mut suffix).map_err(no_randomness)?;
    let key = make().map_err(no_randomness)?;
    let beside = Beside(folder.join(format!(".key-{}", hex::encode(suffix))));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside.0)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::hard_link(&beside.0, path)?;
    File::open(folder)?.sync_all()
}

/// A temporary file that goes away in every case.
struct Beside(PathBuf);

impl Drop for Beside {
    fn drop(&mut self) {
        // What can't be removed is a stray file that only its owner can read.
        let _ = fs::remove_file(&self.0);
    }
}
