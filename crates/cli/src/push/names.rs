//! Names in the package. The service keeps them in Unicode NFC, so two names of a folder can be one of the package.

use std::{collections::BTreeMap, path::Path};

use unicode_normalization::UnicodeNormalization as _;

use super::{FileFailure, LocalFile};
use crate::failure::{Failure, FailureKind};

/// The name as the service keeps it.
pub(crate) fn composed(name: &str) -> String {
    name.nfc().collect()
}

/// Sets apart the files that would take each other's place in the package: none of them may win unseen.
pub(super) fn set_apart(files: Vec<LocalFile>) -> (Vec<LocalFile>, Vec<FileFailure>) {
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        by_name.entry(composed(&file.name)).or_default().push(index);
    }
    by_name.retain(|_, same| same.len() > 1);
    let failures = by_name.iter().flat_map(|(name, same)| same.iter().map(|index| failure(name, *index, same, &files))).collect();
    let single = files.into_iter().filter(|file| !by_name.contains_key(&composed(&file.name))).collect();
    (single, failures)
}

fn failure(name: &str, index: usize, same: &[usize], files: &[LocalFile]) -> FileFailure {
    let path = |index: &usize| files.get(*index).map(|file| shown(&file.path)).unwrap_or_default();
    let others: Vec<String> = same.iter().filter(|other| **other != index).map(path).collect();
    let reason = format!("'{}' and '{}' have the same name in the package; none of them is pushed", path(&index), others.join("', '"));
    // Others are pushed, so even a push of nothing else is a partial one.
    FileFailure::new(name, &Failure::new(FailureKind::Partial, reason))
}

/// With combining characters escaped: the names would else look the same.
fn shown(path: &Path) -> String {
    path.to_string_lossy().chars().flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn file(name: &str) -> LocalFile {
        LocalFile { path: Path::new("/data").join(name), name: name.to_owned(), size: 1, modified: SystemTime::UNIX_EPOCH }
    }

    #[test]
    fn files_of_the_same_composed_name_are_all_set_apart_and_named() {
        let (single, failures) = set_apart(vec![file("a/\u{fc}.csv"), file("b.csv"), file("a/u\u{308}.csv")]);
        assert_eq!(single.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["b.csv"]);
        assert_eq!(failures.len(), 2);
        for failure in &failures {
            assert_eq!((failure.name.as_str(), failure.kind), ("a/\u{fc}.csv", FailureKind::Partial));
            let both = ["'/data/a/\u{fc}.csv'", "'/data/a/u\\u{308}.csv'"];
            assert!(both.iter().all(|path| failure.reason.contains(path)), "{}", failure.reason);
        }
        assert_ne!(failures[0].reason, failures[1].reason, "each begins with its own file");
    }

    #[test]
    fn files_of_different_names_are_left_as_they_are() {
        let (single, failures) = set_apart(vec![file("u.csv"), file("\u{fc}.csv"), file("U.csv"), file("a/u.csv")]);
        assert_eq!(single.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["u.csv", "\u{fc}.csv", "U.csv", "a/u.csv"]);
        assert!(failures.is_empty());
    }
}
