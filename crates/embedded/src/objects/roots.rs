//! Folders of the machine that are served as buckets, to be read and never written: for imports of what is there already.
//!
//! A key is a path below the folder. Symbolic links are not followed, neither to files nor to folders, so nothing outside
//! the folder is ever served. What lies in a folder has no versions and no checksum: it is whatever it is at the moment.

use std::{
    collections::BTreeMap,
    fs::{self, DirEntry, File, Metadata},
    io::{self, ErrorKind, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use bytes::Bytes;
use domain::{Invalid, Timestamp, location::check_bucket};
use futures::Stream;
use tokio::{io::AsyncReadExt as _, task::spawn_blocking};
use tokio_util::io::ReaderStream;

use super::record::{StoreError, StoreResult};

/// How much is read at once.
const BUFFER: usize = 1024 * 1024;
/// Longer keys are none of S3's, in bytes.
const LONGEST_KEY: usize = 1024;

/// Folders by the names of their buckets.
#[derive(Clone, Debug, Default)]
pub struct ImportRoots(BTreeMap<String, PathBuf>);

/// A file below a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RootFile {
    pub(super) key: String,
    pub(super) size: u64,
    pub(super) modified: Timestamp,
    path: PathBuf,
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
            let readable = fs::canonicalize(&folder).and_then(|real| fs::read_dir(&real).map(|_| real));
            let real = readable.map_err(|error| Invalid::new(format!("{} can't be read: {error}", folder.display())))?;
            if roots.insert(name.clone(), real).is_some() {
                return Err(Invalid::new(format!("{name} is there twice")));
            }
        }
        Ok(Self(roots))
    }

    /// The buckets' names and their folders.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.0.iter().map(|(name, folder)| (name.as_str(), folder.as_path()))
    }

    /// Whether a bucket is one of these folders.
    pub(super) fn has(&self, bucket: &str) -> bool {
        self.0.contains_key(bucket)
    }

    fn folder(&self, bucket: &str) -> StoreResult<PathBuf> {
        self.0.get(bucket).cloned().ok_or(StoreError::NoSuchBucket)
    }

    /// The file that is a bucket's object.
    pub(super) async fn find(&self, bucket: &str, key: &str, version: Option<&str>) -> StoreResult<RootFile> {
        if version.is_some() {
            return Err(StoreError::NoSuchVersion);
        }
        let (folder, key) = (self.folder(bucket)?, key.to_owned());
        spawn_blocking(move || find(&folder, key)).await?
    }

    /// At most `limit` files whose key begins with `prefix` and comes after `after`, in the order of their keys' bytes.
    pub(super) async fn list(&self, bucket: &str, prefix: &str, after: &str, limit: usize) -> StoreResult<RootPage> {
        let folder = self.folder(bucket)?;
        let mut listing =
            Listing { prefix: prefix.to_owned(), after: after.to_owned(), limit, page: RootPage { files: Vec::new(), truncated: false } };
        spawn_blocking(move || {
            listing.walk(&folder, "").map_err(unreadable)?;
            Ok(listing.page)
        })
        .await?
    }
}

impl RootFile {
    /// The entity tag, without quotes: another one as soon as size or time of the last change are others.
    pub(super) fn etag(&self) -> String {
        format!("{:x}-{:x}", self.modified.as_millis(), self.size)
    }

    /// The range of the content. The file is opened before this returns, so that a missing one is no broken answer.
    pub(super) async fn read(&self, range: Range<u64>) -> StoreResult<impl Stream<Item = io::Result<Bytes>> + Send + use<>> {
        let (path, start) = (self.path.clone(), range.start);
        let opened = spawn_blocking(move || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(start))?;
            Ok(file)
        });
        let file = tokio::fs::File::from_std(opened.await?.map_err(unreadable)?);
        Ok(ReaderStream::with_capacity(file.take(range.end - range.start), BUFFER))
    }
}

fn find(folder: &Path, key: String) -> StoreResult<RootFile> {
    if key.starts_with('/') {
        // It would be taken for a path from the machine's root.
        return Err(StoreError::NoSuchKey);
    }
    let path = folder.join(&key);
    let found = fs::canonicalize(&path).and_then(|real| fs::symlink_metadata(&real).map(|metadata| (real, metadata)));
    match found {
        // With a link, `..`, `.` or `//` in the key the real path is written otherwise. Compared as text: as paths, `a/./b`
        // and `a/b` are equal.
        Ok((real, metadata)) if metadata.is_file() && real.as_os_str() == path.as_os_str() => Ok(file(key, path, &metadata)),
        Ok(_) => Err(StoreError::NoSuchKey),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(unreadable(error)),
        // A name that is too long, or has a zero byte in it, is no file's name.
        Err(_) => Err(StoreError::NoSuchKey),
    }
}

fn file(key: String, path: PathBuf, metadata: &Metadata) -> RootFile {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let millis = modified.and_then(|since| i64::try_from(since.as_millis()).ok());
    let modified = millis.and_then(Timestamp::from_millis).unwrap_or(Timestamp::EPOCH);
    RootFile { key, size: metadata.len(), modified, path }
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
    /// Adds what is wanted of `folder`, whose keys begin with `below`. Folders count with the slash at their end, so that
    /// the order is that of the keys.
    fn walk(&mut self, folder: &Path, below: &str) -> io::Result<()> {
        let mut entries: Vec<(String, DirEntry)> = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                tracing::warn!(folder = %folder.display(), "a file whose name is not UTF-8 is left out");
                continue;
            };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                entries.push((format!("{below}{name}/"), entry));
            } else if kind.is_file() {
                entries.push((format!("{below}{name}"), entry));
            }
        }
        entries.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (key, entry) in entries {
            if key.ends_with('/') {
                if self.may_be_in(&key) {
                    gone_is_nothing(self.walk(&entry.path(), &key))?;
                }
            } else if key.starts_with(&self.prefix) && key > self.after && key.len() <= LONGEST_KEY {
                if self.page.files.len() == self.limit {
                    self.page.truncated = true;
                } else {
                    gone_is_nothing(entry.metadata().map(|metadata| self.page.files.push(file(key, entry.path(), &metadata))))?;
                }
            }
            if self.page.truncated {
                break;
            }
        }
        Ok(())
    }

    /// Whether anything below this folder can be wanted.
    fn may_be_in(&self, folder: &str) -> bool {
        let has_prefix = folder.starts_with(&self.prefix) || self.prefix.starts_with(folder);
        let comes_later = folder > self.after.as_str() || self.after.starts_with(folder);
        has_prefix && comes_later && folder.len() <= LONGEST_KEY
    }
}

/// What vanished while it was looked at is not there.
fn gone_is_nothing(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

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
        let outside = ["../secret.txt", "link.txt", "up/secret.txt", "again/more.txt", "sub/../open.txt", "./open.txt", "sub//more.txt"];
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
