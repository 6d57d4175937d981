//! An index as it lies on the disk, looked at without changing anything.

use std::{collections::BTreeMap, path::Path};

use domain::{PackageId, PortResult};
use tantivy::{Index, ReloadPolicy, Result, TantivyError};

use super::{directory::Home, generation::alive, port_error, schema::column};

/// Which packages the index below `directory` has, each as of which sequence; `None` if there is no index that this program
/// would open. Blocks.
///
/// # Errors
/// If it is there and can't be read.
pub fn inspect(directory: &Path) -> PortResult<Option<BTreeMap<PackageId, u64>>> {
    read(directory).map_err(|error| port_error("search.inspect", error))
}

fn read(directory: &Path) -> Result<Option<BTreeMap<PackageId, u64>>> {
    let Some(live) = Home::new(directory.to_owned()).live()? else { return Ok(None) };
    let index = Index::open_in_dir(live)?;
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
    let live = index.schema().get_field("live")?;
    let mut found = BTreeMap::new();
    for segment in reader.searcher().segment_readers() {
        let term = tantivy::Term::from_field_u64(live, 1);
        let postings = segment.inverted_index(live)?.read_postings(&term, tantivy::schema::IndexRecordOption::Basic)?;
        let (Some(postings), Some(ids)) = (postings, segment.fast_fields().str(column::ID)?) else { continue };
        let sequences = segment.fast_fields().u64(column::SEQUENCE)?;
        for document in alive(segment, postings) {
            let mut id = String::new();
            if let Some(ordinal) = ids.term_ords(document).next() {
                ids.ord_to_str(ordinal, &mut id)?;
            }
            let package: PackageId = id.parse().map_err(|_| TantivyError::InternalError(format!("{id} is no package id")))?;
            found.insert(package, sequences.first(document).unwrap_or_default());
        }
    }
    Ok(Some(found))
}
