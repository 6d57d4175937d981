//! `datalake-server backup`: a copy as of one moment, of a folder that may be in use.
//!
//! The databases are copied as they are at a moment at which nothing is written to the tables; whatever was answered before is
//! in it. Content never changes, and is kept where it is until it is copied. The search index is not copied: it is made anew.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use domain::ports::Clock as _;
use embedded::{
    objects::{ContentHold, Inspection},
    snapshot::Snapshot,
    users::Users,
};
use runtime::system::SystemClock;
use serde::{Deserialize, Serialize};

use super::require_data;
use crate::{
    home::{AUDIT, AUDIT_SIGNING_KEY, CIPHER_KEY, JOBS, OBJECTS, TABLES},
    sign_in::SigningKeys,
};

/// The file that makes a folder a backup; written last.
pub(super) const LABEL: &str = "backup.json";
/// The version of a backup's form.
pub(super) const FORMAT: u32 = 1;
/// The objects' database, below the data folder.
pub(super) const OBJECTS_DATABASE: &str = "objects/objects.sqlite";
/// Keys, which are as precious as the data.
const KEYS: [&str; 3] = [CIPHER_KEY, AUDIT_SIGNING_KEY, SigningKeys::FILE];

/// What stands in the file `backup.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The version of its form.
    pub format: u32,
    /// The version of the product that made it.
    pub product: String,
    /// As of when it is.
    pub taken_at: domain::Timestamp,
    /// How many object versions it holds.
    pub objects: u64,
    /// Their content, with that of uploads which have not ended, in bytes.
    pub bytes: u64,
}

/// Files of the audit log, each with its length at one moment.
type Lengths = Vec<(PathBuf, u64)>;

/// Backs the data below `folder` up into `target`, a folder that is empty or not there yet. Blocks.
///
/// # Errors
/// If the data can't be read or the copy not be written; `target` is no backup then.
pub fn backup(folder: &Path, target: &Path) -> anyhow::Result<Label> {
    require_data(folder)?;
    prepare(target)?;
    let taken_at = SystemClock.now();
    // From before the moment of the snapshot on: content that it names is there until this ends.
    let hold = ContentHold::take(&folder.join(OBJECTS)).context("can't take hold of the objects")?;
    copy_databases(folder, target)?;
    for key in KEYS {
        copy(&folder.join(key), &target.join(key), None).with_context(|| format!("can't copy {key}"))?;
    }
    let (mut bytes, mut folders) = (0, std::collections::BTreeSet::new());
    let copied = Inspection::new(&target.join(OBJECTS)).files(|file, size| {
        let to = target.join(OBJECTS).join(file);
        if let Some(parent) = to.parent().filter(|parent| folders.insert(parent.to_path_buf())) {
            make_folder(parent)?;
        }
        bytes += size;
        copy(&folder.join(OBJECTS).join(file), &to, None)
    });
    let objects = copied.context("can't copy the objects")?;
    drop(hold);
    folders.iter().try_for_each(|folder| sync_folder(folder))?;
    let label = Label { format: FORMAT, product: env!("CARGO_PKG_VERSION").to_owned(), taken_at, objects, bytes };
    write(&target.join(LABEL), &serde_json::to_vec_pretty(&label)?)?;
    sync_folder(target)?;
    Ok(label)
}

fn copy_databases(folder: &Path, target: &Path) -> anyhow::Result<()> {
    let names = [TABLES, JOBS, Users::FILE, OBJECTS_DATABASE];
    make_folder(&target.join(OBJECTS))?;
    let others: Vec<PathBuf> = names[1..].iter().map(|name| folder.join(name)).collect();
    let audit = folder.join(AUDIT);
    let (snapshot, log) = Snapshot::take(&folder.join(names[0]), &others, || lengths(&audit)).context("can't read the databases")?;
    for (position, name) in names.iter().enumerate() {
        let to = target.join(name);
        // Made here, so that nobody else can read it at any time.
        write(&to, &[])?;
        snapshot.copy(position, &to).with_context(|| format!("can't copy {name}"))?;
    }
    make_folder(&target.join(AUDIT))?;
    for (file, length) in log {
        let name = file.file_name().context("a file of the audit log")?;
        copy(&file, &target.join(AUDIT).join(name), Some(length)).context("can't copy the audit log")?;
    }
    sync_folder(&target.join(AUDIT))?;
    Ok(())
}

/// How long the files of the audit log are: a record is appended only after the tables know of it, so that what is there
/// while nothing is written to the tables belongs to them.
fn lengths(audit: &Path) -> io::Result<Lengths> {
    let mut found = Vec::new();
    for entry in fs::read_dir(audit)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl" || extension == "torn") {
            let length = whole_lines(&path)?;
            found.push((path, length));
        }
    }
    Ok(found)
}

/// Where the last line that was ended ends: another one may be on its way.
fn whole_lines(path: &Path) -> io::Result<u64> {
    use std::io::{Seek as _, SeekFrom};
    let mut file = File::open(path)?;
    let mut end = file.metadata()?.len();
    let mut last = [0];
    while end > 0 {
        file.seek(SeekFrom::Start(end - 1))?;
        file.read_exact(&mut last)?;
        if last == [b'\n'] {
            break;
        }
        end -= 1;
    }
    Ok(end)
}

/// That there is a folder to copy to, and nothing in it.
pub(super) fn prepare(target: &Path) -> anyhow::Result<()> {
    make_folder(target).with_context(|| format!("can't make {}", target.display()))?;
    let mut entries = fs::read_dir(target).with_context(|| format!("{} is not a folder", target.display()))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => bail!("{} is not empty", target.display()),
    }
}

pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A new file that only its owner can read, on the disk when this returns.
pub(super) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Copies a file, or its beginning, to a new one that is on the disk when this returns.
pub(super) fn copy(from: &Path, to: &Path, length: Option<u64>) -> io::Result<()> {
    let mut source = File::open(from)?.take(length.unwrap_or(u64::MAX));
    let mut target = create(to)?;
    let copied = io::copy(&mut source, &mut target)?;
    if length.is_some_and(|length| copied < length) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    target.sync_all()
}

pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The label of a backup.
pub(super) fn label(backup: &Path) -> anyhow::Result<Label> {
    let path = backup.join(LABEL);
    let text = fs::read(&path).with_context(|| format!("{} is no backup that came to its end: it has no {LABEL}", backup.display()))?;
    let label: Label = serde_json::from_slice(&text).with_context(|| format!("{} can't be read", path.display()))?;
    ensure!(label.format == FORMAT, "this program knows backups of form {FORMAT}; this one has form {}", label.format);
    Ok(label)
}
