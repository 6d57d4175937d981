//! Keeps content where it is while somebody copies it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::{Mutex, PoisonError},
};

use super::{files::Folders, record::ContentFile};

const NAME: &str = "hold";

/// While this lives, no file of content is removed from the store, whichever process has it open.
#[derive(Debug)]
pub struct ContentHold {
    _lock: File,
}

impl ContentHold {
    /// Takes hold of the store below `root`. Waits for a removal that goes on. Blocks.
    ///
    /// # Errors
    /// If there is no store.
    pub fn take(root: &Path) -> io::Result<Self> {
        let lock = open(root)?;
        lock.lock_shared()?;
        Ok(Self { _lock: lock })
    }
}

fn open(root: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(root.join(NAME))
}

/// Removes files of content, as soon as nobody holds them.
#[derive(Debug)]
pub(super) struct Remover {
    lock: File,
    /// What somebody held when it was to go.
    left: Mutex<Vec<String>>,
}

impl Remover {
    pub(super) fn new(root: &Path) -> io::Result<Self> {
        Ok(Self { lock: open(root)?, left: Mutex::default() })
    }

    /// Does `work` if nobody holds the content, and lets nobody take hold of it meanwhile.
    pub(super) fn unless_held<T>(&self, work: impl FnOnce() -> T) -> io::Result<Option<T>> {
        match self.lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let done = work();
        self.lock.unlock()?;
        Ok(Some(done))
    }

    /// Removes files that no row names any more, and those that were held before. What remains is swept at the next start.
    pub(super) fn remove(&self, folders: &Folders, files: &[ContentFile]) {
        // Locked first: two threads of this process share the lock of the file.
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.extend(files.iter().map(|file| file.name.clone()));
        let removed = self.unless_held(|| {
            for name in left.drain(..) {
                if let Err(error) = folders.remove(&name) {
                    tracing::warn!(file = name, %error, "a content file can't be removed");
                }
            }
        });
        if let Err(error) = removed {
            tracing::warn!(%error, "content files can't be removed now");
        }
    }
}
