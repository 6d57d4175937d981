//! The versioned store: what the endpoint does, without HTTP.

use std::{
    fs::{self, File},
    io,
    ops::Range,
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use domain::ports::{Clock, Ids};
use futures::Stream;
use tokio::task::spawn_blocking;

use super::{
    body::{self, BodyError},
    database::{self, Database},
    files::{Folders, IncomingFile},
    hold::Remover,
    record::{Checksum, ContentFile, ListPage, ObjectRecord, PartRecord, StoreError, StoreResult},
    uploads::{self, MOST_PARTS, NamedPart, UploadAddress},
};

/// Longest key in bytes.
const LONGEST_KEY: usize = 1024;

/// What must hold of content that is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PutConditions {
    /// Its size.
    pub size: Option<u64>,
    /// Its SHA-256.
    pub sha256: Option<[u8; 32]>,
    /// The key has no current version.
    pub only_if_absent: bool,
}

/// Objects below a folder that belongs to one process.
pub struct ObjectStore {
    shared: Arc<Shared>,
}

struct Shared {
    folders: Arc<Folders>,
    database: Database,
    remover: Remover,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    /// Locked as long as this lives: a second process would sweep away what this one has in the making.
    _lock: File,
}

impl ObjectStore {
    /// Opens the store below `root`, or makes it, and sweeps away what a crash left. Blocks.
    pub fn open(root: &Path, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> StoreResult<Self> {
        fs::create_dir_all(root)?;
        let lock = File::create(root.join("lock"))?;
        lock.try_lock().map_err(|error| StoreError::Internal(error.into()))?;
        let folders = Folders::create(root)?;
        let database = root.join(database::FILE_NAME);
        if !database.exists() && folders.has_content()? {
            // Without its rows all content would be swept away. The database comes first, so this is no crash of ours.
            return Err(StoreError::Internal("there is content, but its database is gone".into()));
        }
        let database = Database::open(&database)?;
        let remover = Remover::new(root)?;
        let unfinished = folders.sweep_incoming()?;
        let sweep = || database.read(|transaction| folders.sweep_content(|name| database::is_known_file(transaction, name)));
        let orphans = remover.unless_held(sweep)?.transpose()?.unwrap_or_default();
        if unfinished + orphans > 0 {
            tracing::info!(unfinished, orphans, "swept files that no object names");
        }
        Ok(Self { shared: Arc::new(Shared { folders: Arc::new(folders), database, remover, clock, ids, _lock: lock }) })
    }

    /// Makes a bucket if it is not there.
    pub async fn ensure_bucket(&self, bucket: &str) -> StoreResult<()> {
        let bucket = bucket.to_owned();
        self.blocking(move |shared| shared.database.write(|transaction| database::ensure_bucket(transaction, &bucket))).await
    }

    /// Stores content as the key's newest version. Once this returns it survives a crash.
    pub async fn put<S>(
        &self,
        bucket: &str,
        key: &str,
        content_type: &str,
        conditions: PutConditions,
        content: S,
    ) -> StoreResult<ObjectRecord>
    where
        S: Stream<Item = Result<Bytes, BodyError>> + Unpin,
    {
        check_key(key)?;
        self.require_bucket(bucket).await?;
        let file = self.receive(content, conditions).await?;
        let (bucket, key, content_type) = (bucket.to_owned(), key.to_owned(), content_type.to_owned());
        self.blocking(move |shared| shared.keep_version(&bucket, key, content_type, file, conditions.only_if_absent)).await
    }

    /// A version with the files of its content: the named one, or else the current one.
    pub async fn find(&self, bucket: &str, key: &str, version: Option<&str>) -> StoreResult<(ObjectRecord, Vec<ContentFile>)> {
        let (bucket, key, version) = (bucket.to_owned(), key.to_owned(), version.map(str::to_owned));
        self.blocking(move |shared| shared.database.read(|transaction| database::find(transaction, &bucket, &key, version.as_deref())))
            .await
    }

    /// A range of the content that lies in `files`.
    pub async fn read(
        &self,
        files: Vec<ContentFile>,
        range: Range<u64>,
    ) -> StoreResult<impl Stream<Item = io::Result<Bytes>> + Send + use<>> {
        let sending = body::send(Arc::clone(&self.shared.folders), files, range).await;
        sending.inspect_err(|error| tracing::error!(%error, "content can't be read"))
    }

    /// At most `limit` current versions whose key begins with `prefix` and comes after `after`.
    pub async fn list(&self, bucket: &str, prefix: &str, after: &str, limit: usize) -> StoreResult<ListPage> {
        let (bucket, prefix, after) = (bucket.to_owned(), prefix.to_owned(), after.to_owned());
        self.blocking(move |shared| shared.database.read(|transaction| database::list(transaction, &bucket, &prefix, &after, limit))).await
    }

    /// Hides the current version behind a marker. Answers with the marker's version, if there was something to hide.
    pub async fn hide(&self, bucket: &str, key: &str) -> StoreResult<Option<String>> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        self.blocking(move |shared| {
            let (marker, now) = (shared.ids.new_id().to_string(), shared.clock.now());
            let hidden = shared.database.write(|transaction| {
                database::require_bucket(transaction, &bucket)?;
                database::insert_marker(transaction, &bucket, &key, &marker, now)
            })?;
            Ok(hidden.then_some(marker))
        })
        .await
    }

    /// Removes a version for good; an absent one is no error.
    pub async fn remove(&self, bucket: &str, key: &str, version: &str) -> StoreResult<()> {
        let (bucket, key, version) = (bucket.to_owned(), key.to_owned(), version.to_owned());
        self.blocking(move |shared| {
            let files = shared.database.write(|transaction| {
                database::require_bucket(transaction, &bucket)?;
                database::remove_version(transaction, &bucket, &key, &version)
            })?;
            shared.remove_files(&files);
            Ok(())
        })
        .await
    }

    /// Begins an upload in parts and answers with its id.
    pub async fn create_upload(&self, bucket: &str, key: &str, content_type: &str) -> StoreResult<String> {
        check_key(key)?;
        let (bucket, key, content_type) = (bucket.to_owned(), key.to_owned(), content_type.to_owned());
        self.blocking(move |shared| {
            let upload = UploadAddress { id: shared.ids.new_id().to_string(), bucket, key };
            let now = shared.clock.now();
            shared.database.write(|transaction| uploads::insert(transaction, &upload, &content_type, now))?;
            Ok(upload.id)
        })
        .await
    }

    /// Stores a part; one that came before under its number is replaced.
    pub(super) async fn put_part<S>(
        &self,
        upload: UploadAddress,
        number: u32,
        conditions: PutConditions,
        content: S,
    ) -> StoreResult<PartRecord>
    where
        S: Stream<Item = Result<Bytes, BodyError>> + Unpin,
    {
        if !(1..=MOST_PARTS).contains(&number) {
            return Err(StoreError::InvalidArgument("a part's number is from 1 to 10,000"));
        }
        let known = upload.clone();
        self.blocking(move |shared| shared.database.read(|transaction| uploads::require(transaction, &known))).await?;
        let mut file = self.receive(content, conditions).await?;
        self.blocking(move |shared| {
            file.keep(&shared.folders)?;
            let stored = ContentFile { name: file.name().to_owned(), size: file.size() };
            let part = PartRecord { number, file: stored, sha256: file.sha256(), modified: shared.clock.now() };
            let written = shared.database.write(|transaction| uploads::put_part(transaction, &upload, &part));
            let replaced = shared.or_remove(written, &part.file)?;
            shared.remove_files(replaced.as_slice());
            Ok(part)
        })
        .await
    }

    /// Parts with numbers after `after`, ascending.
    pub(super) async fn parts(&self, upload: UploadAddress, after: u32, limit: usize) -> StoreResult<Vec<PartRecord>> {
        self.blocking(move |shared| shared.database.read(|transaction| uploads::parts(transaction, &upload, after, limit))).await
    }

    /// Makes the key's newest version of the named parts, whose files become its content as they are.
    pub(super) async fn complete(&self, upload: UploadAddress, named: Vec<NamedPart>, only_if_absent: bool) -> StoreResult<ObjectRecord> {
        self.blocking(move |shared| {
            let (version, now) = (shared.ids.new_id().to_string(), shared.clock.now());
            let completed =
                shared.database.write(|transaction| uploads::complete(transaction, &upload, &named, only_if_absent, version, now));
            let (record, unused) = completed?;
            shared.remove_files(&unused);
            Ok(record)
        })
        .await
    }

    /// Drops an upload and its parts.
    pub(super) async fn abort(&self, upload: UploadAddress) -> StoreResult<()> {
        self.blocking(move |shared| {
            let files = shared.database.write(|transaction| uploads::abort(transaction, &upload))?;
            shared.remove_files(&files);
            Ok(())
        })
        .await
    }

    /// Bytes whose size or checksum are others than announced are refused before anything is kept.
    async fn receive<S>(&self, content: S, conditions: PutConditions) -> StoreResult<IncomingFile>
    where
        S: Stream<Item = Result<Bytes, BodyError>> + Unpin,
    {
        let name = self.shared.ids.new_id().to_string();
        let file = body::receive(&self.shared.folders, name, content, conditions.size).await?;
        match conditions.sha256 {
            Some(sha256) if sha256 != file.sha256() => Err(StoreError::BadDigest),
            _ => Ok(file),
        }
    }

    async fn require_bucket(&self, bucket: &str) -> StoreResult<()> {
        let bucket = bucket.to_owned();
        self.blocking(move |shared| shared.database.read(|transaction| database::require_bucket(transaction, &bucket))).await
    }

    /// Runs `work` on a thread where it may block. What it began it ends, even if the caller goes away.
    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Shared) -> StoreResult<T> + Send + 'static) -> StoreResult<T> {
        let shared = Arc::clone(&self.shared);
        let worked = spawn_blocking(move || {
            // Logged here: the endpoint silences everything on its own threads, so that no signature is ever logged.
            work(&shared).inspect_err(|error| {
                if let StoreError::Internal(source) | StoreError::Unavailable(source) = error {
                    tracing::error!(error = source, "the object store failed");
                }
            })
        });
        worked.await?
    }
}

impl Shared {
    fn keep_version(
        &self,
        bucket: &str,
        key: String,
        content_type: String,
        mut file: IncomingFile,
        only_if_absent: bool,
    ) -> StoreResult<ObjectRecord> {
        if only_if_absent && self.database.read(|transaction| database::is_there(transaction, bucket, &key))? {
            return Err(StoreError::PreconditionFailed);
        }
        file.keep(&self.folders)?;
        let stored = ContentFile { name: file.name().to_owned(), size: file.size() };
        let record = ObjectRecord {
            key,
            version: stored.name.clone(),
            size: stored.size,
            checksum: Checksum::Whole(file.sha256()),
            content_type,
            modified: self.clock.now(),
        };
        let written = self.database.write(|transaction| {
            // Decided here, under the lock of the writer; the check above only spares the disk.
            if only_if_absent && database::is_there(transaction, bucket, &record.key)? {
                return Err(StoreError::PreconditionFailed);
            }
            database::insert_version(transaction, bucket, &record, [stored.clone()])
        });
        self.or_remove(written, &stored)?;
        Ok(record)
    }

    /// Removes the file again where its row was refused. After a failure of the database itself nobody knows whether the
    /// row is there: then the file stays, and the next start decides.
    fn or_remove<T>(&self, written: StoreResult<T>, file: &ContentFile) -> StoreResult<T> {
        if written.as_ref().is_err_and(|error| !matches!(error, StoreError::Internal(_) | StoreError::Unavailable(_))) {
            self.remove_files(std::slice::from_ref(file));
        }
        written
    }

    /// Removes files that no row names any more.
    fn remove_files(&self, files: &[ContentFile]) {
        if !files.is_empty() {
            self.remover.remove(&self.folders, files);
        }
    }
}

fn check_key(key: &str) -> StoreResult<()> {
    if (1..=LONGEST_KEY).contains(&key.len()) {
        return Ok(());
    }
    Err(StoreError::InvalidArgument("a key has 1 to 1,024 bytes"))
}
