//! Folders of the machine that are served as buckets, to be read and never written: for imports of what is there already.
//!
//! A key is a path below the folder. The folder is opened once, and everything is opened from there: whatever links somebody
//! makes in it meanwhile, nothing outside is ever served. Links are not listed. What lies in a folder has no versions and no
//! checksum: it is whatever it is at the moment.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, ErrorKind, Seek as _, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use cap_std::{
    ambient_authority,
    fs::{Dir, File, Metadata},
};
use domain::{Invalid, Timestamp, location::check_bucket};
use futures::Stream;
use tokio::{io::AsyncReadExt as _, task::spawn_blocking};
use tokio_util::io::ReaderStream;

use super::record::{StoreError, StoreResult};

/// How much is read at once.
const BUFFER: usize = 1024 * 1024;
/// Longer keys are none of S3's, in bytes.
const LONGEST_KEY: usize = 1024;
/// So many names of a folder are kept in memory at a time, however many it has.
const NAMES: usize = 8_192;

/// Folders by the names of their buckets.
#[derive(Clone, Default)]
pub struct ImportRoots(BTreeMap<String, (PathBuf, Arc<Dir>)>);

/// A file below a folder.
#[derive(Debug)]
pub(super) struct RootFile {
    pub(super) key: String,
    pub(super) size: u64,
    pub(super) modified: Timestamp,
    /// Open, if it was looked for by its key.
    file: Option<File>,
}

/// Some of the files below a folder.
#[derive(Debug)]
pub(super) struct RootPage {
    pub(super) files: Vec<RootFile>,
    pub(super) truncated: bool,
}

impl ImportRoots {
    /// These folders, by the names of their buckets. Blocks.
    ///
    /// # Errors
    /// If a name can't be a bucket's, or a folder can't be read.
    pub fn open(folders: impl IntoIterator<Item = (String, PathBuf)>) -> Result<Self, Invalid> {
        let mut roots = BTreeMap::new();
        for (name, folder) in folders {
            check_bucket(&name).map_err(|why| Invalid::new(format!("{name:?} {why}")))?;
            let opened = fs::canonicalize(&folder).and_then(|real| {
                let directory = Dir::open_ambient_dir(&real, ambient_authority())?;
                directory.entries().map(|_| (real, Arc::new(directory)))
            });
            let opened = opened.map_err(|error| Invalid::new(format!("{} can't be read: {error}", folder.display())))?;
            if roots.insert(name.clone(), opened).is_some() {
                return Err(Invalid::new(format!("{name} is there twice")));
            }
        }
        Ok(Self(roots))
    }

    /// The buckets' names and their folders, whose paths have no link in them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.0.iter().map(|(name, (folder, _))| (name.as_str(), folder.as_path()))
    }

    /// Whether a bucket is one of these folders.
    pub(super) fn has(&self, bucket: &str) -> bool {
        self.0.contains_key(bucket)
    }

    fn directory(&self, bucket: &str) -> StoreResult<Arc<Dir>> {
        self.0.get(bucket).map(|(_, directory)| Arc::clone(directory)).ok_or(StoreError::NoSuchBucket)
    }

    /// The file that is a bucket's object.
    pub(super) async fn find(&self, bucket: &str, key: &str, version: Option<&str>) -> StoreResult<RootFile> {
        if version.is_some() {
            return Err(StoreError::NoSuchVersion);
        }
        let (directory, key) = (self.directory(bucket)?, key.to_owned());
        spawn_blocking(move || find(&directory, key)).await?
    }

    /// At most `limit` files whose key begins with `prefix` and comes after `after`, in the order of their keys' bytes.
    pub(super) async fn list(&self, bucket: &str, prefix: &str, after: &str, limit: usize) -> StoreResult<RootPage> {
        let directory = self.directory(bucket)?;
        let page = RootPage { files: Vec::new(), truncated: false };
        let mut listing = Listing { prefix: prefix.to_owned(), after: after.to_owned(), limit, page };
        spawn_blocking(move || {
            listing.walk(&directory, "").map_err(unreadable)?;
            Ok(listing.page)
        })
        .await?
    }
}

impl fmt::Debug for ImportRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl RootFile {
    fn new(key: String, metadata: &Metadata, file: Option<File>) -> Self {
        let modified = metadata.modified().ok().and_then(|time| time.into_std().duration_since(std::time::UNIX_EPOCH).ok());
        let millis = modified.and_then(|since| i64::try_from(since.as_millis()).ok());
        let modified = millis.and_then(Timestamp::from_millis).unwrap_or(Timestamp::EPOCH);
        Self { key, size: metadata.len(), modified, file }
    }

    /// The entity tag, without quotes: another one as soon as size or time of the last change are others.
    pub(super) fn etag(&self) -> String {
        format!("{:x}-{:x}", self.modified.as_millis(), self.size)
    }

    /// The range of the content of a file that was looked for by its key.
    pub(super) async fn read(self, range: Range<u64>) -> StoreResult<impl Stream<Item = io::Result<Bytes>> + Send + use<>> {
        let Some(mut file) = self.file else { return Err(StoreError::NoSuchKey) };
        let start = range.start;
        let file = spawn_blocking(move || file.seek(SeekFrom::Start(start)).map(|_| file)).await??;
        let file = tokio::fs::File::from_std(file.into_std());
        Ok(ReaderStream::with_capacity(file.take(range.end - range.start), BUFFER))
    }
}

fn find(directory: &Dir, key: String) -> StoreResult<RootFile> {
    // Each object has one key: `a//b` and `a/./b` are none.
    if key.is_empty() || key.contains('\0') || key.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(StoreError::NoSuchKey);
    }
    // Looked at before it is opened: opening a pipe would wait for its other end.
    let opened = directory.metadata(&key).and_then(|found| if found.is_file() { directory.open(&key).map(Some) } else { Ok(None) });
    let Some(file) = opened.map_err(of_key)? else { return Err(StoreError::NoSuchKey) };
    let metadata = file.metadata().map_err(of_key)?;
    if metadata.is_file() { Ok(RootFile::new(key, &metadata, Some(file))) } else { Err(StoreError::NoSuchKey) }
}

/// A key that leads out of the folder, through a file or to a name that is too long, is no object's.
fn of_key(error: io::Error) -> StoreError {
    match error.raw_os_error() {
        // The system refuses the file itself; a path that leads out is refused by the library, without a code of the system.
        Some(_) if error.kind() == ErrorKind::PermissionDenied => StoreError::Forbidden,
        _ if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::OutOfMemory) => StoreError::Unavailable(error.into()),
        _ => StoreError::NoSuchKey,
    }
}

fn unreadable(error: io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::NotFound => StoreError::NoSuchKey,
        ErrorKind::PermissionDenied => StoreError::Forbidden,
        _ => StoreError::Unavailable(error.into()),
    }
}

struct Listing {
    prefix: String,
    after: String,
    limit: usize,
    page: RootPage,
}

impl Listing {
    /// Adds what is wanted of `folder`, whose keys begin with `below`.
    fn walk(&mut self, folder: &Dir, below: &str) -> io::Result<()> {
        let mut behind = String::new();
        loop {
            let keys = self.next_keys(folder, below, &behind)?;
            let Some(last) = keys.last().cloned() else { return Ok(()) };
            for key in keys {
                let name = key.strip_prefix(below).unwrap_or(&key).trim_end_matches('/').to_owned();
                if key.ends_with('/') {
                    self.walk_below(folder, &name, &key)?;
                } else if self.page.files.len() < self.limit {
                    passing(
                        &key,
                        folder.symlink_metadata(&name).map(|metadata| self.page.files.push(RootFile::new(key.clone(), &metadata, None))),
                    )?;
                } else {
                    self.page.truncated = true;
                }
                if self.page.truncated {
                    return Ok(());
                }
            }
            behind = last;
        }
    }

    fn walk_below(&mut self, folder: &Dir, name: &str, key: &str) -> io::Result<()> {
        match folder.open_dir(name) {
            Ok(folder) => self.walk(&folder, key),
            Err(error) => passing(key, Err(error)),
        }
    }

    /// The first keys behind `behind`, in order. Folders count with the slash at their end, so that the order is that of the
    /// keys below them.
    fn next_keys(&self, folder: &Dir, below: &str, behind: &str) -> io::Result<Vec<String>> {
        let mut keys: Vec<String> = Vec::new();
        for entry in folder.entries()? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if !kind.is_dir() && !kind.is_file() {
                continue;
            }
            let Some(name) = entry.file_name().to_str().filter(|name| !name.contains(is_unlistable)).map(str::to_owned) else {
                tracing::warn!(folder = below, name = ?entry.file_name(), "left out: its name can be no key");
                continue;
            };
            let key = if kind.is_dir() { format!("{below}{name}/") } else { format!("{below}{name}") };
            if key.len() > LONGEST_KEY {
                tracing::warn!(key, "left out: no key is so long");
            } else if key.as_str() > behind && self.is_wanted(&key) {
                keys.push(key);
            }
            if keys.len() == 2 * NAMES {
                keys.sort_unstable();
                keys.truncate(NAMES);
            }
        }
        keys.sort_unstable();
        keys.truncate(NAMES);
        Ok(keys)
    }

    /// Whether a file is wanted, or anything below a folder can be.
    fn is_wanted(&self, key: &str) -> bool {
        if !key.ends_with('/') {
            return key.starts_with(&self.prefix) && key > self.after.as_str();
        }
        let has_prefix = key.starts_with(&self.prefix) || self.prefix.starts_with(key);
        has_prefix && (key > self.after.as_str() || self.after.starts_with(key))
    }
}

/// What vanished while it was looked at is not there; what may not be looked at is left out, and said.
fn passing(key: &str, result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            tracing::warn!(key, %error, "left out: it may not be read");
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// No listing can say it: XML 1.0 has no such character (section 2.2 of its recommendation).
fn is_unlistable(character: char) -> bool {
    character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use std::{
        ffi::OsStr,
        os::unix::{ffi::OsStrExt as _, fs::symlink},
    };

    use futures::TryStreamExt as _;

    use super::*;

    fn roots(folder: &Path) -> ImportRoots {
        ImportRoots::open([("partners".to_owned(), folder.to_owned())]).expect("folders")
    }

    fn write(folder: &Path, keys: &[&str]) {
        for key in keys {
            let path = folder.join(key);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, key).expect("a file");
        }
    }

    #[tokio::test]
    async fn pages_follow_the_order_of_keys_whatever_the_folders() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut keys = ["a.csv", "a/1.csv", "a/b/2.csv", "a/b.csv", "a0", "b/c/d/e.csv", "b/c.csv", "z", "é/x"];
        write(folder.path(), &keys);
        keys.sort_unstable();
        let roots = roots(folder.path());
        for limit in 1..=keys.len() + 1 {
            let (mut all, mut after) = (Vec::new(), String::new());
            loop {
                let page = roots.list("partners", "", &after, limit).await.expect("a page");
                all.extend(page.files.into_iter().map(|file| file.key));
                if !page.truncated {
                    break;
                }
                after.clone_from(all.last().expect("a key"));
            }
            assert_eq!(all, keys, "pages of {limit}");
        }
        let below = |prefix: &'static str| {
            let roots = roots.clone();
            async move { roots.list("partners", prefix, "", 100).await.expect("a page").files.len() }
        };
        assert_eq!([below("a/").await, below("a").await, below("b/c").await, below("nowhere").await], [3, 5, 2, 0]);
    }

    #[tokio::test]
    async fn nothing_outside_the_folder_is_found_or_listed() {
        let folder = tempfile::tempdir().expect("a folder");
        let inside = folder.path().join("in");
        write(folder.path(), &["secret.txt", "in/open.txt", "in/sub/more.txt"]);
        symlink(folder.path().join("secret.txt"), inside.join("link.txt")).expect("a link");
        symlink(folder.path(), inside.join("up")).expect("a link");
        symlink(inside.join("sub"), inside.join("again")).expect("a link");
        let roots = roots(&inside);
        let listed = roots.list("partners", "", "", 100).await.expect("a page");
        let keys: Vec<&str> = listed.files.iter().map(|file| file.key.as_str()).collect();
        assert_eq!(keys, ["open.txt", "sub/more.txt"]);
        let root = inside.display().to_string();
        let outside = ["../secret.txt", "link.txt", "up/secret.txt", "up/in/open.txt", "sub/../open.txt", "./open.txt", "sub//more.txt"];
        for key in outside.into_iter().chain([
            "",
            "sub",
            "sub/",
            "/",
            "open.txt/",
            "open.txt/.",
            "a\0b",
            &format!("{root}/open.txt"),
            &"x".repeat(5_000),
        ]) {
            let error = roots.find("partners", key, None).await.expect_err(key);
            assert!(matches!(error, StoreError::NoSuchKey), "{key:?}: {error}");
        }
        assert_eq!(roots.find("partners", "open.txt", None).await.expect("it is there").size, 11);
        assert!(matches!(roots.find("partners", "open.txt", Some("1")).await, Err(StoreError::NoSuchVersion)));
        assert!(matches!(roots.find("others", "open.txt", None).await, Err(StoreError::NoSuchBucket)));
    }

    #[tokio::test]
    async fn a_file_that_becomes_a_link_after_it_was_found_is_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let inside = folder.path().join("in");
        write(folder.path(), &["secret.txt", "in/open.txt"]);
        let found = roots(&inside).find("partners", "open.txt", None).await.expect("it is there");
        fs::remove_file(inside.join("open.txt")).expect("removed");
        symlink(folder.path().join("secret.txt"), inside.join("open.txt")).expect("a link");
        let content: Vec<Bytes> = found.read(3..11).await.expect("content").try_collect().await.expect("whole");
        assert_eq!(content.concat(), b"open.txt");
    }

    #[tokio::test]
    async fn a_folder_of_more_names_than_are_kept_in_memory_is_listed_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        for number in 0..2 * NAMES + 10 {
            fs::write(folder.path().join(format!("{number:06}")), "").expect("a file");
        }
        // Folders without a file in them fill no page.
        for number in 0..10 {
            fs::create_dir(folder.path().join(format!("000000-{number}"))).expect("a folder");
        }
        fs::write(folder.path().join(OsStr::from_bytes(b"not-\xff")), "").expect("a file");
        fs::write(folder.path().join("a\u{1}b"), "").expect("a file");
        let page = roots(folder.path()).list("partners", "", "", 10 * NAMES).await.expect("a page");
        assert_eq!((page.files.len(), page.truncated), (2 * NAMES + 10, false));
        assert!(page.files.is_sorted_by(|one, other| one.key < other.key));
    }

    #[test]
    fn what_can_be_no_bucket_or_no_folder_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = |pairs: &[(&str, &Path)]| {
            let pairs = pairs.iter().map(|(name, folder)| ((*name).to_owned(), folder.to_path_buf()));
            ImportRoots::open(pairs).map(drop).map_err(|why| why.to_string())
        };
        assert!(open(&[("No Bucket", folder.path())]).expect_err("a bad name").contains("No Bucket"));
        assert!(open(&[("gone", &folder.path().join("gone"))]).expect_err("no folder").contains("gone"));
        assert!(open(&[("same", folder.path()), ("same", folder.path())]).expect_err("twice").contains("twice"));
    }
}
