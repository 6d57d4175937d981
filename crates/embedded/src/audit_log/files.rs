//! The files: `{day}-{number}.jsonl`, so that the order of names is the order of time.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use domain::Timestamp;

/// Names of the log's files, oldest first.
pub(super) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        if let Ok(name) = entry?.file_name().into_string()
            && is_name(&name)
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Whether `name` is that of a file of the log: `2026-01-31-000001.jsonl`.
pub(super) fn is_name(name: &str) -> bool {
    let shape = |(index, byte): (usize, u8)| match index {
        4 | 7 | 10 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    name.strip_suffix(".jsonl").is_some_and(|stem| stem.len() == 17 && stem.bytes().enumerate().all(shape))
}

fn name(day: &str, number: u32) -> String {
    format!("{day}-{number:06}.jsonl")
}

/// Appends to the last file.
#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    limit: u64,
    /// `None` before the first record, and after a failure that left the file in doubt.
    open: Option<Open>,
    /// Held as long as the log is open.
    _lock: File,
}

#[derive(Debug)]
struct Open {
    file: File,
    name: String,
    bytes: u64,
}

impl Writer {
    pub(super) fn open(folder: &Path, limit: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(".lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
            TryLockError::Error(error) => error,
        })?;
        let mut writer = Self { folder: folder.to_owned(), limit, open: None, _lock: lock };
        writer.open = writer.reopen()?;
        Ok(writer)
    }

    pub(super) fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// Appends whole lines; on the disk once this returns.
    pub(super) fn append(&mut self, lines: &[u8], now: Timestamp) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => match self.reopen()? {
                Some(open) => open,
                None => self.create(&name(&day(now), 1))?,
            },
        };
        if let Some(next) = self.next_name(&open, now) {
            open = self.create(&next)?;
        }
        if let Err(error) = open.file.write_all(lines).and_then(|()| open.file.sync_data()) {
            // What was not answered must not stay half on the disk. Should this fail too, the next append opens the file
            // again and cuts a torn line off.
            let cut = open.file.set_len(open.bytes).and_then(|()| open.file.sync_all());
            tracing::error!(file = open.name, %error, cut = cut.is_ok(), "the audit log can't be written");
            return Err(error);
        }
        open.bytes += lines.len() as u64;
        self.open = Some(open);
        Ok(())
    }

    /// The name of the file after `open`, if that is of another day or large. Never an earlier one: a clock that was set
    /// back does not mix the order.
    fn next_name(&self, open: &Open, now: Timestamp) -> Option<String> {
        let today = day(now);
        let (last_day, number) = (&open.name[..10], open.name[11..17].parse::<u32>().unwrap_or(1));
        if today.as_str() > last_day {
            Some(name(&today, 1))
        } else if open.bytes >= self.limit {
            Some(name(last_day, number + 1))
        } else {
            None
        }
    }

    fn create(&self, name: &str) -> io::Result<Open> {
        let file = OpenOptions::new().create_new(true).append(true).open(self.folder.join(name))?;
        // A file without its entry in the folder would be lost with all its lines.
        File::open(&self.folder)?.sync_all()?;
        Ok(Open { file, name: name.to_owned(), bytes: 0 })
    }

    /// The last file, after its end was repaired.
    fn reopen(&self) -> io::Result<Option<Open>> {
        let Some(name) = names(&self.folder)?.pop() else { return Ok(None) };
        let path = self.folder.join(&name);
        let bytes = cut_torn_end(&path)?;
        let file = OpenOptions::new().append(true).open(&path)?;
        Ok(Some(Open { file, name, bytes }))
    }
}

fn day(now: Timestamp) -> String {
    now.to_string()[..10].to_owned()
}

/// Moves what stands behind the last whole JSON line to `{file}.torn`; says how long the rest is.
fn cut_torn_end(path: &Path) -> io::Result<u64> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let end = end_of_whole_lines(&file)?;
    if end == file.metadata()?.len() {
        return Ok(end);
    }
    file.seek(SeekFrom::Start(end))?;
    let mut torn = Vec::new();
    file.read_to_end(&mut torn)?;
    let side = path.with_extension("jsonl.torn");
    let mut side_file = OpenOptions::new().create(true).append(true).open(&side)?;
    side_file.write_all(&torn)?;
    side_file.sync_all()?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    file.set_len(end)?;
    file.sync_all()?;
    tracing::warn!(file = %path.display(), bytes = torn.len(), "the audit log's torn end was moved aside");
    Ok(end)
}

/// Where the last line ends behind which nothing but torn text stands.
fn end_of_whole_lines(file: &File) -> io::Result<u64> {
    let mut reader = BufReader::new(file);
    let (mut position, mut end) = (0_u64, 0_u64);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)? as u64;
        if read == 0 {
            return Ok(end);
        }
        position += read;
        if line.ends_with(b"\n") && serde_json::from_slice::<serde::de::IgnoredAny>(&line).is_ok() {
            end = position;
        }
    }
}
