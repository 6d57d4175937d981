//! What comes from standard input.
//!
//! Whether it is sent at once or in parts, and under which checksum, is told by the whole of it, and a part may have to be
//! sent again: so it is kept in a temporary file, however large it is, and not in memory.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process,
};

use tempfile::{NamedTempFile, TempPath};

use super::{LocalFile, walk::named};
use crate::failure::{Failure, Outcome};

/// As shells tell that a program was interrupted.
const INTERRUPTED: i32 = 130;

/// A temporary file of what came; it goes with this.
#[derive(Debug)]
pub(crate) enum Input {
    /// One without a name in its folder: the system frees it however the process ends. The path leads to it while it is open.
    Unnamed { path: PathBuf, _open: File },
    /// One that has to be removed.
    Named(TempPath),
}

impl Input {
    /// Reads standard input to its end.
    pub(crate) async fn kept() -> Outcome<Self> {
        let failed = |error: io::Error| Failure::file("keep what comes from standard input", &error);
        let (input, mut file) = Self::new().map_err(failed)?;
        if let Self::Named(path) = &input {
            tokio::spawn(remove_when_interrupted(path.to_path_buf()));
        }
        let reading = tokio::task::spawn_blocking(move || io::copy(&mut io::stdin().lock(), &mut file));
        reading.await.map_err(Failure::failed)?.map_err(failed)?;
        Ok(input)
    }

    /// An empty one, and what writes into it.
    fn new() -> io::Result<(Self, File)> {
        let file = tempfile::tempfile()?;
        let kept = file.try_clone()?;
        if let Some(path) = path_of(&kept) {
            return Ok((Self::Unnamed { path, _open: kept }, file));
        }
        let (file, path) = NamedTempFile::with_prefix("datalake-")?.into_parts();
        Ok((Self::Named(path), file))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Unnamed { path, .. } => path,
            Self::Named(path) => path,
        }
    }

    /// It under its name in the package.
    pub(crate) fn file(&self, prefix: &str, name: &str) -> Outcome<LocalFile> {
        named(self.path(), prefix, name)
    }
}

/// Where an open file can be opened again without a name. Elsewhere than on Linux, `/dev/fd` gives the same handle once more,
/// and the parts that are sent at a time would read at each other's places.
#[cfg(target_os = "linux")]
fn path_of(file: &File) -> Option<PathBuf> {
    use std::os::fd::AsRawFd as _;

    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    path.exists().then_some(path)
}

#[cfg(not(target_os = "linux"))]
fn path_of(_: &File) -> Option<PathBuf> {
    None
}

/// Nothing else would remove it: values are not dropped then.
async fn remove_when_interrupted(path: PathBuf) {
    if tokio::signal::ctrl_c().await.is_ok() {
        drop(fs::remove_file(path));
        process::exit(INTERRUPTED);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn it_is_read_from_its_begin_by_each_and_goes_with_the_last() {
        let (input, mut file) = Input::new().expect("made");
        file.write_all(b"content").expect("written");
        let found = input.file("in/", "a.csv").expect("there");
        assert_eq!((found.name.as_str(), found.size), ("in/a.csv", 7));
        let opened = || File::open(&found.path).expect("opened");
        for mut reader in [opened(), opened()] {
            let mut text = String::new();
            reader.read_to_string(&mut text).expect("read");
            assert_eq!(text, "content");
        }
        let path = input.path().to_owned();
        drop((input, file));
        assert!(!path.exists());
    }
}
