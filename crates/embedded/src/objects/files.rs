//! Content files: written aside, synced, then renamed into place.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};

/// Names of the folders among which content files are spread: the characters that end a ULID.
const SHARDS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const CONTENT: &str = "content";

/// The folders of the store.
#[derive(Clone, Debug)]
pub(super) struct Folders {
    incoming: PathBuf,
    content: PathBuf,
}

impl Folders {
    /// The folders below `root`, wherever they are there.
    pub(super) fn at(root: &Path) -> Self {
        Self { incoming: root.join("incoming"), content: root.join(CONTENT) }
    }

    /// Makes the folders below `root` that are not there yet, durably.
    pub(super) fn create(root: &Path) -> io::Result<Self> {
        let folders = Self::at(root);
        fs::create_dir_all(&folders.incoming)?;
        fs::create_dir_all(&folders.content)?;
        for shard in SHARDS.chars() {
            let folder = folders.content.join(shard.to_string());
            if !folder.is_dir() {
                fs::create_dir(folder)?;
            }
        }
        sync_folder(&folders.content)?;
        sync_folder(root)?;
        Ok(folders)
    }

    /// Where a content file lies.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.content.join(shard(name)).join(name)
    }

    /// Where a content file lies below the store's folder.
    pub(super) fn relative(name: &str) -> PathBuf {
        Path::new(CONTENT).join(shard(name)).join(name)
    }

    /// Opens a content file to be read from `offset` on.
    pub(super) fn open(&self, name: &str, offset: u64) -> io::Result<File> {
        let mut file = File::open(self.path(name))?;
        if offset > 0 {
            file.seek(SeekFrom::Start(offset))?;
        }
        Ok(file)
    }

    /// Removes a content file; one that is gone already is no error.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether any content file is there.
    pub(super) fn has_content(&self) -> io::Result<bool> {
        for shard in fs::read_dir(&self.content)? {
            if fs::read_dir(shard?.path())?.next().is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes everything that a crash left in the making.
    pub(super) fn sweep_incoming(&self) -> io::Result<usize> {
        let mut swept = 0;
        for entry in fs::read_dir(&self.incoming)? {
            fs::remove_file(entry?.path())?;
            swept += 1;
        }
        Ok(swept)
    }

    /// Calls `look` with the name of every content file.
    pub(super) fn each_content<E: From<io::Error>>(&self, mut look: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let shards = match fs::read_dir(&self.content) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            shards => shards?,
        };
        for shard in shards {
            for entry in fs::read_dir(shard?.path())? {
                look(&entry?.file_name().to_string_lossy())?;
            }
        }
        Ok(())
    }

    /// Removes the content files that `is_known` does not know.
    pub(super) fn sweep_content<E: From<io::Error>>(&self, mut is_known: impl FnMut(&str) -> Result<bool, E>) -> Result<usize, E> {
        let mut swept = 0;
        for shard in fs::read_dir(&self.content)? {
            for entry in fs::read_dir(shard?.path())? {
                let entry = entry?;
                let known = match entry.file_name().to_str() {
                    Some(name) => is_known(name)?,
                    None => false,
                };
                if !known {
                    fs::remove_file(entry.path())?;
                    swept += 1;
                }
            }
        }
        Ok(swept)
    }
}

fn shard(name: &str) -> String {
    name.chars().next_back().filter(|last| SHARDS.contains(*last)).unwrap_or('0').to_string()
}

/// A content file in the making. Dropped before [`IncomingFile::keep`], it is removed.
pub(super) struct IncomingFile {
    name: String,
    path: PathBuf,
    file: File,
    hash: Context,
    size: u64,
    kept: bool,
}

impl IncomingFile {
    /// An empty file that shall be called `name`.
    pub(super) fn create(folders: &Folders, name: String) -> io::Result<Self> {
        let path = folders.incoming.join(&name);
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(Self { name, path, file, hash: Context::new(&SHA256), size: 0, kept: false })
    }

    /// Adds bytes.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Bytes so far.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The name that it was given.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of the bytes so far.
    pub(super) fn sha256(&self) -> [u8; 32] {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.hash.clone().finish().as_ref());
        sha256
    }

    /// Puts the file into its place. Once this returns it survives a crash.
    pub(super) fn keep(&mut self, folders: &Folders) -> io::Result<()> {
        self.file.sync_all()?;
        let path = folders.path(&self.name);
        fs::rename(&self.path, &path)?;
        self.kept = true;
        path.parent().map_or(Ok(()), sync_folder)
    }
}

impl Drop for IncomingFile {
    fn drop(&mut self) {
        if !self.kept {
            // What can't be removed now is swept at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Reads up to `limit` bytes.
pub(super) fn read_some(file: &mut File, limit: usize) -> io::Result<Vec<u8>> {
    let mut buffer = Vec::with_capacity(limit);
    Read::take(file, limit as u64).read_to_end(&mut buffer)?;
    Ok(buffer)
}

/// Makes renames in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
