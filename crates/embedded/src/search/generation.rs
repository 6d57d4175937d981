//! One index in one directory: the live one, or one that is being built.

use std::{
    collections::{BTreeSet, HashMap},
    fs::File,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::{
    PackageId,
    search::{Indexed, SearchDocument},
};
use tantivy::{
    DocSet, Index, IndexReader, IndexWriter, ReloadPolicy, Result, Searcher, SegmentReader, TERMINATED, TantivyDocument, TantivyError,
    directory::MmapDirectory, indexer::IndexWriterOptions, postings::SegmentPostings, schema::IndexRecordOption,
};

use super::schema::{Fields, column};

/// What the writer may hold in memory before it writes a segment; the least that tantivy takes is 15 MB.
const WRITER_BYTES: usize = 16_000_000;
/// Blocks of stored documents kept decompressed: a page of hits, no more.
const STORE_BLOCKS: usize = 16;

/// A document to write, or a package whose removal is to be remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) package: PackageId,
    pub(super) sequence: u64,
    pub(super) document: Option<&'a SearchDocument>,
}

/// An index, its reader and its only writer.
pub(super) struct Generation {
    pub(super) fields: Fields,
    directory: PathBuf,
    index: Index,
    reader: IndexReader,
    writer: Mutex<Option<IndexWriter>>,
}

impl Generation {
    /// Opens the index in `directory`, an empty one if there is none.
    pub(super) fn open(directory: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&directory)?;
        let (schema, fields) = Fields::build();
        let index = Index::open_or_create(MmapDirectory::open(&directory)?, schema)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).doc_store_cache_num_blocks(STORE_BLOCKS).try_into()?;
        let writer = new_writer(&index)?;
        Ok(Self { fields, directory, index, reader, writer: Mutex::new(Some(writer)) })
    }

    /// Where it is.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// What is committed now.
    pub(super) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// Writes entries in one commit, each on its own against the sequence that is known of its package. What is
    /// `Applied` is on disk and visible.
    pub(super) fn write(&self, entries: &[Entry<'_>]) -> Vec<Indexed> {
        let mut writer = self.writer();
        match self.apply(&mut writer, entries) {
            Ok(outcomes) => outcomes,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "could not write to the search index");
                // A writer that can't even go back is made anew by the next write.
                if writer.as_mut().is_some_and(|writer| writer.rollback().is_err()) {
                    *writer = None;
                }
                vec![Indexed::Failed; entries.len()]
            }
        }
    }

    fn apply(&self, slot: &mut Option<IndexWriter>, entries: &[Entry<'_>]) -> Result<Vec<Indexed>> {
        let writer = match slot {
            Some(writer) => writer,
            None => slot.insert(new_writer(&self.index)?),
        };
        // Only this writer commits and it reloads behind every commit, so the searcher knows all earlier writes.
        self.reader.reload()?;
        let searcher = self.searcher();
        let mut written: HashMap<PackageId, u64> = HashMap::new();
        let mut outcomes = Vec::with_capacity(entries.len());
        for entry in entries {
            let known = match written.get(&entry.package) {
                Some(sequence) => Some(*sequence),
                None => self.sequence(&searcher, entry.package)?,
            };
            if known.is_some_and(|known| known > entry.sequence) {
                outcomes.push(Indexed::Stale);
                continue;
            }
            let document = match entry.document {
                Some(document) => self.fields.document(document).map_err(|error| TantivyError::InvalidArgument(error.to_string()))?,
                None => self.fields.tombstone(entry.package, entry.sequence),
            };
            writer.delete_term(self.fields.id_term(entry.package));
            writer.add_document(document)?;
            written.insert(entry.package, entry.sequence);
            outcomes.push(Indexed::Applied);
        }
        if !written.is_empty() {
            writer.commit()?;
            // Tantivy syncs the directory before it puts the new list of segments in place, not after.
            File::open(&self.directory)?.sync_all()?;
            self.reader.reload()?;
        }
        Ok(outcomes)
    }

    /// The sequence that is known of a package, also of a removed one.
    fn sequence(&self, searcher: &Searcher, package: PackageId) -> Result<Option<u64>> {
        let term = self.fields.id_term(package);
        for segment in searcher.segment_readers() {
            let Some(postings) = segment.inverted_index(self.fields.id)?.read_postings(&term, IndexRecordOption::Basic)? else { continue };
            if let Some(document) = alive(segment, postings).next() {
                return Ok(segment.fast_fields().u64(column::SEQUENCE)?.first(document));
            }
        }
        Ok(None)
    }

    /// Copies what is remembered of removals into a new index.
    pub(super) fn copy_removals_to(&self, other: &Self) -> Result<()> {
        let searcher = self.searcher();
        let mut slot = other.writer();
        let Some(writer) = slot.as_mut() else { return Ok(()) };
        for segment in searcher.segment_readers() {
            let living: BTreeSet<u32> = self.live_documents(segment)?;
            let Some(ids) = segment.fast_fields().str(column::ID)? else { continue };
            let sequences = segment.fast_fields().u64(column::SEQUENCE)?;
            for document in segment.doc_ids_alive().filter(|document| !living.contains(document)) {
                let mut id = String::new();
                if let Some(ordinal) = ids.term_ords(document).next() {
                    ids.ord_to_str(ordinal, &mut id)?;
                }
                let package: PackageId = id.parse().map_err(|_| TantivyError::InternalError(format!("{id} is no package id")))?;
                writer.add_document(self.fields.tombstone(package, sequences.first(document).unwrap_or(0)))?;
            }
        }
        writer.commit()?;
        other.reader.reload()
    }

    fn live_documents(&self, segment: &SegmentReader) -> Result<BTreeSet<u32>> {
        let term = tantivy::Term::from_field_u64(self.fields.live, 1);
        let postings = segment.inverted_index(self.fields.live)?.read_postings(&term, IndexRecordOption::Basic)?;
        Ok(postings.into_iter().flat_map(|postings| alive(segment, postings)).collect())
    }

    /// Ids of documents behind `after`, ascending.
    pub(super) fn ids(&self, after: Option<PackageId>, limit: usize) -> Result<Vec<PackageId>> {
        let mut found: BTreeSet<PackageId> = BTreeSet::new();
        for segment in self.searcher().segment_readers() {
            let living = self.live_documents(segment)?;
            let ids = segment.inverted_index(self.fields.id)?;
            let mut stream = match after {
                Some(after) => ids.terms().range().gt(after.to_string()).into_stream()?,
                None => ids.terms().stream()?,
            };
            let mut taken = 0;
            while taken < limit && stream.advance() {
                let postings = ids.read_postings_from_terminfo(stream.value(), IndexRecordOption::Basic)?;
                if !alive(segment, postings).any(|document| living.contains(&document)) {
                    continue;
                }
                let id = String::from_utf8_lossy(stream.key());
                found.insert(id.parse().map_err(|_| TantivyError::InternalError(format!("{id} is no package id")))?);
                taken += 1;
            }
        }
        Ok(found.into_iter().take(limit).collect())
    }

    /// Lets the writer finish and go; what is committed stays readable for those who still read.
    pub(super) fn close(&self) {
        if let Some(writer) = self.writer().take()
            && let Err(error) = writer.wait_merging_threads()
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "a merge of the replaced search index failed");
        }
    }

    fn writer(&self) -> MutexGuard<'_, Option<IndexWriter>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn new_writer(index: &Index) -> Result<IndexWriter> {
    let options = IndexWriterOptions::builder().num_worker_threads(1).num_merge_threads(1).memory_budget_per_thread(WRITER_BYTES).build();
    let writer = index.writer_with_options::<TantivyDocument>(options)?;
    // A process that died before its commit leaves files behind, and the same commit would make one of the same name.
    writer.garbage_collect_files().wait()?;
    Ok(writer)
}

/// Documents of a posting list that are not deleted.
pub(super) fn alive(segment: &SegmentReader, mut postings: SegmentPostings) -> impl Iterator<Item = u32> + '_ {
    let all = std::iter::from_fn(move || {
        let document = postings.doc();
        (document != TERMINATED).then(|| {
            postings.advance();
            document
        })
    });
    all.filter(|document| !segment.is_deleted(*document))
}
