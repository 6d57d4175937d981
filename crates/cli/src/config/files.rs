//! TOML files, replaced whole, so that a reader never sees half of one.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};

use crate::failure::{Failure, Outcome};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    Owner,
    Everybody,
}

/// The file's content; its default if there is none. One for its owner that others can read is refused.
pub(super) fn read<T: DeserializeOwned + Default>(path: &Path, readers: Readers) -> Outcome<T> {
    let failed = |error: io::Error| Failure::file(format!("read {}", path.display()), &error);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(T::default()),
        Err(error) => return Err(failed(error)),
    };
    if readers == Readers::Owner {
        check_private(path, &file.metadata().map_err(failed)?)?;
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(failed)?;
    // The parser's own message would show the line, and with it perhaps a secret.
    toml::from_str(&text).map_err(|_| Failure::failed(format!("{} is not valid: correct or remove it", path.display())))
}

/// Secrets that others of this machine can get at are used only after their owner has seen to it.
#[cfg(unix)]
fn check_private(path: &Path, facts: &fs::Metadata) -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = facts.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let path = path.display();
    Err(Failure::failed(format!(
        "{path} holds secrets, but others than its owner have access to it (mode {mode:04o}). It is not used until you run: chmod 600 '{path}'"
    )))
}

/// Here the folder's own access list keeps others out.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn check_private(_: &Path, _: &fs::Metadata) -> Outcome {
    Ok(())
}

pub(super) fn write(path: &Path, content: &impl Serialize, readers: Readers) -> Outcome {
    let text = toml::to_string_pretty(content).map_err(|error| Failure::failed(format!("write {}: {error}", path.display())))?;
    replace(path, text.as_bytes(), readers).map_err(|error| Failure::file(format!("write {}", path.display()), &error))
}

fn replace(path: &Path, content: &[u8], readers: Readers) -> io::Result<()> {
    make_folder(path)?;
    let temporary = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // From its first byte on, not by a change of mode afterwards.
        options.mode(if readers == Readers::Owner { 0o600 } else { 0o644 });
    }
    #[cfg(not(unix))]
    let _ = readers;
    // What a killed process of the same number left.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = options.open(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    let replaced = written.and_then(|()| fs::rename(&temporary, path));
    if replaced.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    replaced
}

/// Locks until the answer is dropped; waits for other processes.
pub(super) fn lock(path: &Path) -> io::Result<File> {
    make_folder(path)?;
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    file.lock()?;
    Ok(file)
}

fn make_folder(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}
