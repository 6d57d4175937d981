//! The composition root of one machine: which adapter stands behind which port. Nothing else knows.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, bail, ensure};
use app::{
    Core,
    datasets::Datasets,
    identity::{Identity, People},
    workers::changes::is_told,
};
use domain::ports::{Clock, Ids, Multipart, Objects};
use embedded::{
    audit_log::FileAuditLog,
    cipher::AesCipher,
    jobs::SqliteJobs,
    objects::{ImportRoots, InternalKey, NearObjects, ObjectStore},
    search::TantivyIndex,
    signer::FileSigner,
    tables::SqliteTables,
    users::Users,
};
use runtime::system::{SystemClock, SystemIds};
use secrecy::{ExposeSecret as _, SecretString};

use crate::sign_in::SigningKeys;

/// The bucket of all data.
pub(crate) const BUCKET: &str = "datalake";

/// The bucket of the audit log's signed heads.
pub(crate) const AUDIT_BUCKET: &str = "datalake-audit";

/// Names below the data folder; beside them are [`Users::FILE`] and the files of keys.
pub(crate) const TABLES: &str = "tables.sqlite3";
pub(crate) const JOBS: &str = "jobs.sqlite3";
pub(crate) const AUDIT: &str = "audit";
pub(crate) const SEARCH: &str = "search";
pub(crate) const CIPHER_KEY: &str = "cipher.key";
pub(crate) const AUDIT_SIGNING_KEY: &str = "audit-signing.key";
/// There as long as a restoration is not at its end.
pub(crate) const RESTORING: &str = "restoring";
pub(crate) const OBJECTS: &str = "objects";

/// Everything that one machine's data lake keeps and does, opened below one folder.
pub struct Home {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) tables: Arc<SqliteTables>,
    pub(crate) jobs: Arc<SqliteJobs>,
    pub(crate) cipher: Arc<AesCipher>,
    pub(crate) audit_log: Arc<FileAuditLog>,
    pub(crate) signer: Arc<FileSigner>,
    pub(crate) search: Arc<TantivyIndex>,
    pub(crate) users: Users,
    pub(crate) signing_keys: Arc<SigningKeys>,
    pub(crate) store: Arc<ObjectStore>,
    pub(crate) internal_key: InternalKey,
    pub(crate) core: Core,
    pub(crate) identity: Identity,
    pub(crate) people: People,
    /// Held as long as the data is open: one process a folder.
    _lock: File,
}

impl Home {
    /// Opens the data below `folder`, and makes it where it is absent.
    ///
    /// # Errors
    /// If another process has it open, or a part of it can't be read.
    pub async fn open(folder: &Path) -> anyhow::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("can't make the folder {}", folder.display()))?;
        let lock = lock(folder)?;
        ensure!(!folder.join(RESTORING).exists(), "the restoration into {} has not come to its end", folder.display());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
        let tables = Arc::new(SqliteTables::open_telling(folder.join(TABLES), is_told).context("can't open the tables")?);
        let jobs = SqliteJobs::open(&folder.join(JOBS), Arc::clone(&clock), Arc::clone(&ids)).await.context("can't open the jobs")?;
        let jobs = Arc::new(jobs);
        let cipher = Arc::new(AesCipher::open(&folder.join(CIPHER_KEY)).context("can't open the cipher's key")?);
        let audit_log = FileAuditLog::open(&folder.join(AUDIT), Arc::clone(&clock)).await.context("can't open the audit log")?;
        let signer = FileSigner::open(&folder.join(AUDIT_SIGNING_KEY)).context("can't open the key that signs the audit log")?;
        let search = TantivyIndex::open(folder.join(SEARCH)).context("can't open the search index")?;
        let users = Users::open(folder, Arc::clone(&clock), Arc::clone(&ids)).context("can't open the users")?;
        let signing_keys = SigningKeys::open(folder, Arc::clone(&clock)).context("can't open the signing keys")?;
        let store = ObjectStore::open(&folder.join(OBJECTS), Arc::clone(&clock), Arc::clone(&ids))
            .map_err(|error| anyhow::anyhow!("can't open the objects: {error}"))?;
        for bucket in [BUCKET, AUDIT_BUCKET] {
            store.ensure_bucket(bucket).await.map_err(|error| anyhow::anyhow!("can't make the bucket {bucket}: {error}"))?;
        }
        let core = Core::new(tables.clone(), jobs.clone(), cipher.clone(), Arc::clone(&clock), Arc::clone(&ids));
        let identity = Identity::new(core.clone(), Arc::new(users.clone()));
        let people = People::new(core.clone(), Arc::new(users.clone()), Arc::new(users.clone()));
        Ok(Self {
            internal_key: internal_key(&core).await?,
            clock,
            ids,
            tables,
            jobs,
            cipher,
            audit_log: Arc::new(audit_log),
            signer: Arc::new(signer),
            search: Arc::new(search),
            users,
            signing_keys: Arc::new(signing_keys),
            store: Arc::new(store),
            core,
            identity,
            people,
            _lock: lock,
        })
    }

    /// The S3 adapter over this process's own endpoint, which listens on `bound`, is known to clients as `public_url`, and
    /// serves `roots` besides.
    pub(crate) fn objects(&self, bound: SocketAddr, public_url: &str, roots: &ImportRoots) -> ObjectPorts {
        let adapter = embedded::objects::adapter(
            &format!("http://{bound}"),
            Some(public_url.to_owned()),
            &self.internal_key,
            Arc::clone(&self.clock),
        );
        let adapter = Arc::new(adapter);
        let objects = NearObjects::new(Arc::clone(&adapter), Arc::clone(&self.store), roots.clone());
        ObjectPorts { objects: Arc::new(objects), multipart: adapter }
    }

    /// Use cases about datasets over these objects.
    pub(crate) fn datasets(&self, ports: &ObjectPorts) -> Datasets {
        Datasets::new(self.core.clone(), Arc::clone(&ports.objects), Arc::clone(&ports.multipart), BUCKET)
    }
}

/// The two ports of the object store.
#[derive(Clone)]
pub(crate) struct ObjectPorts {
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) multipart: Arc<dyn Multipart>,
}

/// Takes the folder for this process; whoever has it open elsewhere has it for himself.
pub(crate) fn lock(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("can't open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!("{} is in use by another datalake-server; stop it first", folder.display()),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("can't lock {}", path.display())),
    }
}

/// The key by which this server signs URLs: kept, so that they outlive a restart.
async fn internal_key(core: &Core) -> anyhow::Result<InternalKey> {
    let secret = core.own_secret("objects").await.context("can't open the key of signed URLs")?;
    Ok(InternalKey { access_key_id: "DATALAKEINTERNAL".to_owned(), secret: SecretString::from(hex::encode(secret.expose_secret())) })
}
