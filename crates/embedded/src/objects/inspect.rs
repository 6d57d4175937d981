//! A store as it lies on the disk, looked at without changing anything: opening it would sweep away what nobody names.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use aws_lc_rs::digest::{Context, SHA256};
use rusqlite::{Transaction, params};

use super::{
    database,
    files::Folders,
    record::{Checksum, ContentFile, ObjectRecord, StoreError, StoreResult},
};
use crate::sqlite::Readers;

/// Versions looked at in one reading of the database.
const PAGE: usize = 500;

/// What is wrong with an object or a file of content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentProblem {
    /// A file of the object is gone.
    FileMissing {
        /// The object: `bucket/key (version)`.
        object: String,
        /// The file's name.
        file: String,
    },
    /// A file of the object has another length than it had.
    FileLength {
        /// The object.
        object: String,
        /// The file's name.
        file: String,
        /// What it had, in bytes.
        expected: u64,
        /// What it has.
        found: u64,
    },
    /// The object's files have other bytes than they had.
    Content {
        /// The object.
        object: String,
    },
    /// The object's record names no files, or files of another size in sum.
    WithoutFile {
        /// The object.
        object: String,
    },
    /// A file belongs to no object and no upload.
    Stray {
        /// The file's name.
        file: String,
    },
}

/// A store at rest.
pub struct Inspection {
    folders: Folders,
    readers: Readers,
}

/// A version with its place in the order of all, and its files.
struct Version {
    sequence: i64,
    name: String,
    record: ObjectRecord,
    files: Vec<ContentFile>,
}

impl Inspection {
    /// Over the store below `root`. Nothing is opened yet.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { folders: Folders::at(root), readers: Readers::new(&root.join(database::FILE_NAME)) }
    }

    /// Holds records and files against each other, and tells how many objects there are; with `content`, every byte is read.
    /// Blocks.
    ///
    /// # Errors
    /// If the store can't be read.
    pub fn contents(&self, content: bool, mut found: impl FnMut(ContentProblem)) -> StoreResult<u64> {
        let (mut after, mut count) = (0, 0);
        loop {
            let versions = self.readers.read(|transaction| page(transaction, after))?;
            let Some(last) = versions.last() else { break };
            after = last.sequence;
            count += versions.len() as u64;
            for version in &versions {
                self.check(version, content, &mut found)?;
            }
        }
        self.strays(&mut found)?;
        Ok(count)
    }

    fn check(&self, version: &Version, content: bool, found: &mut impl FnMut(ContentProblem)) -> StoreResult<()> {
        let object = || version.name.clone();
        let named: u64 = version.files.iter().map(|file| file.size).sum();
        if version.files.is_empty() || named != version.record.size {
            found(ContentProblem::WithoutFile { object: object() });
            return Ok(());
        }
        let mut whole = true;
        for file in &version.files {
            match fs::metadata(self.folders.path(&file.name)) {
                Ok(there) if there.len() == file.size => continue,
                Ok(there) => {
                    let (file, expected) = (file.name.clone(), file.size);
                    found(ContentProblem::FileLength { object: object(), file, expected, found: there.len() });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    found(ContentProblem::FileMissing { object: object(), file: file.name.clone() });
                }
                Err(error) => return Err(error.into()),
            }
            whole = false;
        }
        if whole && content && !self.has_checksum(version)? {
            found(ContentProblem::Content { object: object() });
        }
        Ok(())
    }

    fn has_checksum(&self, version: &Version) -> StoreResult<bool> {
        let (composite, expected) = match version.record.checksum {
            Checksum::Whole(sha256) => (false, sha256),
            Checksum::Composite(sha256, _) => (true, sha256),
        };
        let mut all = Context::new(&SHA256);
        for file in &version.files {
            let mut part = Context::new(&SHA256);
            hash(&self.folders.open(&file.name, 0)?, if composite { &mut part } else { &mut all })?;
            if composite {
                all.update(part.finish().as_ref());
            }
        }
        Ok(all.finish().as_ref() == expected)
    }

    fn strays(&self, found: &mut impl FnMut(ContentProblem)) -> StoreResult<()> {
        self.readers.read(|transaction| {
            self.folders.each_content(|name| -> StoreResult<()> {
                if !database::is_known_file(transaction, name)? {
                    found(ContentProblem::Stray { file: name.to_owned() });
                }
                Ok(())
            })
        })
    }

    /// Calls `take` with the path, below the store's folder, and the size of every file that belongs to an object or an upload,
    /// and tells how many objects there are. Blocks.
    ///
    /// # Errors
    /// If the store can't be read; that of `take`.
    pub fn files(&self, mut take: impl FnMut(&Path, u64) -> io::Result<()>) -> StoreResult<u64> {
        const SQL: &str = "SELECT file, size FROM contents UNION ALL SELECT file, size FROM parts";
        self.readers.read(|transaction| {
            let mut statement = transaction.prepare(SQL)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let path = Folders::relative(&row.get::<_, String>(0)?);
                take(&path, row.get::<_, i64>(1)?.cast_unsigned())?;
            }
            let count: i64 = transaction.query_row("SELECT count(*) FROM versions WHERE size IS NOT NULL", [], |row| row.get(0))?;
            Ok(count.cast_unsigned())
        })
    }

    /// A version, hidden or not: the named one, or else the current one. Blocks.
    ///
    /// # Errors
    /// If the store can't be read.
    pub fn find(&self, bucket: &str, key: &str, version: Option<&str>) -> StoreResult<Option<ObjectRecord>> {
        match self.readers.read(|transaction| database::find(transaction, bucket, key, version)) {
            Ok((record, _)) => Ok(Some(record)),
            Err(StoreError::NoSuchKey | StoreError::NoSuchVersion | StoreError::NoSuchBucket) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A page of the keys below `prefix`, ascending, that have a version with content, hidden or not, behind `after`. Blocks.
    ///
    /// # Errors
    /// If the store can't be read.
    pub fn keys(&self, bucket: &str, prefix: &str, after: &str, limit: u32) -> StoreResult<Vec<String>> {
        const SQL: &str = "
            SELECT DISTINCT key FROM versions WHERE bucket = ?1 AND key >= ?2 AND key > ?3 AND size IS NOT NULL ORDER BY key LIMIT ?4";
        self.readers.read(|transaction| {
            let mut statement = transaction.prepare_cached(SQL)?;
            let rows = statement.query_map(params![bucket, prefix, after, limit], |row| row.get::<_, String>(0))?;
            let keys: Vec<String> = rows.collect::<rusqlite::Result<_>>()?;
            // The range begins at the prefix, so the first key without it ends it.
            Ok(keys.into_iter().take_while(|key| key.starts_with(prefix)).collect())
        })
    }
}

/// Versions with content behind `after`, in the order in which they came.
fn page(transaction: &Transaction<'_>, after: i64) -> StoreResult<Vec<Version>> {
    const SQL: &str =
        "SELECT sequence, bucket, key, version FROM versions WHERE sequence > ?1 AND size IS NOT NULL ORDER BY sequence LIMIT ?2";
    let mut statement = transaction.prepare_cached(SQL)?;
    let mut rows = statement.query(params![after, i64::try_from(PAGE).unwrap_or(i64::MAX)])?;
    let mut versions = Vec::new();
    while let Some(row) = rows.next()? {
        let (bucket, key, version): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let (record, files) = database::find(transaction, &bucket, &key, Some(&version))?;
        versions.push(Version { sequence: row.get(0)?, name: format!("{bucket}/{key} ({version})"), record, files });
    }
    Ok(versions)
}

fn hash(mut file: &File, context: &mut Context) -> io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            read => context.update(&buffer[..read]),
        }
    }
}
