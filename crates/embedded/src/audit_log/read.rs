//! Reading the files as one stream, a page at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    path::Path,
};

use domain::ports::{AuditQuery, ChainedRecord};
use serde::{Deserialize, Serialize};

use super::files;

/// Where a page ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    file: String,
    offset: u64,
    /// The greatest sequence of each chain so far: only what is not above can be a copy.
    heads: BTreeMap<u32, u64>,
}

impl Place {
    /// Whether it can be one of ours; it came from outside.
    pub(super) fn is_valid(&self) -> bool {
        files::is_name(&self.file)
    }

    /// Notes a record's sequence; tells whether there was one as great before.
    pub(super) fn passes(&mut self, chain: u32, sequence: u64) -> bool {
        let head = self.heads.entry(chain).or_default();
        let repeated = sequence <= *head;
        *head = sequence.max(*head);
        repeated
    }
}

/// What makes two records copies of each other.
pub(super) type Identity = (u32, u64, String);

/// A line of the log.
pub(super) struct Line<'a> {
    pub(super) file: &'a str,
    pub(super) number: u64,
    pub(super) bytes: &'a [u8],
    /// Where the next line begins.
    end: u64,
}

/// Calls `see` with each whole line from `place` on until it says `false`. A last line without its end is being written.
pub(super) fn lines(folder: &Path, place: &Place, mut see: impl FnMut(&Line<'_>) -> io::Result<bool>) -> io::Result<()> {
    for name in files::names(folder)? {
        if name < place.file {
            continue;
        }
        let mut position = if name == place.file { place.offset } else { 0 };
        let mut file = File::open(folder.join(&name))?;
        file.seek(SeekFrom::Start(position))?;
        let mut reader = BufReader::new(file);
        let mut bytes = Vec::new();
        let mut number = 0;
        loop {
            bytes.clear();
            position += reader.read_until(b'\n', &mut bytes)? as u64;
            if bytes.pop() != Some(b'\n') {
                break;
            }
            number += 1;
            if !see(&Line { file: &name, number, bytes: &bytes, end: position })? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The next rows of `query` behind `place`, each once, and where to go on.
pub(super) fn page(folder: &Path, query: &AuditQuery, place: Place, limit: usize) -> io::Result<(Vec<ChainedRecord>, Option<Place>)> {
    let start = skip_older_files(folder, query, place)?;
    let mut end = start.clone();
    let (mut rows, mut repeated): (Vec<ChainedRecord>, BTreeSet<Identity>) = Default::default();
    let mut more = false;
    lines(folder, &start, |line| {
        if rows.len() == limit {
            more = true;
            return Ok(false);
        }
        end.file = line.file.to_owned();
        end.offset = line.end;
        let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, format!("{} at byte {}: {error}", line.file, line.end));
        let record: ChainedRecord = serde_json::from_slice(line.bytes).map_err(invalid)?;
        let passed = end.passes(record.chain, record.sequence);
        if query.matches(&record.record) {
            if passed {
                repeated.insert(identity(&record));
            }
            rows.push(record);
        }
        Ok(true)
    })?;
    if !repeated.is_empty() {
        drop_copies(folder, &start, &repeated, &mut rows)?;
    }
    Ok((rows, more.then_some(end)))
}

/// A file of a day before the query's first holds only older records: none can stand in the log before it happened.
/// One day of grace for clocks.
fn skip_older_files(folder: &Path, query: &AuditQuery, place: Place) -> io::Result<Place> {
    let Some(from) = query.from else { return Ok(place) };
    let first_day = from.minus(std::time::Duration::from_secs(24 * 3_600)).to_string()[..10].to_owned();
    let first = files::names(folder)?.into_iter().find(|name| name[..10] >= *first_day);
    Ok(match first {
        Some(first) if first > place.file => Place { file: first, ..Place::default() },
        _ => place,
    })
}

/// Keeps of each identity in `repeated` only the first in the whole log. Rare, therefore a pass of its own: a copy comes
/// to be only when an append was repeated.
fn drop_copies(folder: &Path, start: &Place, repeated: &BTreeSet<Identity>, rows: &mut Vec<ChainedRecord>) -> io::Result<()> {
    let mut seen = BTreeSet::new();
    lines(folder, &Place::default(), |line| {
        if line.file == start.file && line.end > start.offset || line.file > start.file.as_str() {
            return Ok(false);
        }
        if let Ok(record) = serde_json::from_slice::<ChainedRecord>(line.bytes)
            && let identity = identity(&record)
            && repeated.contains(&identity)
        {
            seen.insert(identity);
        }
        Ok(true)
    })?;
    rows.retain(|row| {
        let identity = identity(row);
        !repeated.contains(&identity) || seen.insert(identity)
    });
    Ok(())
}

pub(super) fn identity(record: &ChainedRecord) -> Identity {
    (record.chain, record.sequence, record.hash.clone())
}
