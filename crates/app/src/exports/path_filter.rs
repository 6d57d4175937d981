//! Which paths an export takes.

use domain::{FieldError, dataset::DatasetPath};
use globset::GlobSet;
use unicode_normalization::UnicodeNormalization as _;

use crate::globs;

/// Globs over paths: `?` and `*` stay within a segment, `**` crosses segments, `[a-z]` and `{csv,parquet}` choose.
#[derive(Clone, Debug)]
pub(crate) struct PathFilter(Option<GlobSet>);

impl PathFilter {
    /// Of globs as entered; none takes every path.
    ///
    /// # Errors
    /// What is wrong, each with a pointer below `/paths`.
    pub(crate) fn new(globs: &[String]) -> Result<Self, Vec<FieldError>> {
        if globs.is_empty() {
            return Ok(Self(None));
        }
        // Paths are in this normal form too.
        let read = |glob: &str| glob.nfc().collect();
        let pointer = |number: Option<usize>| number.map_or_else(|| "/paths".to_owned(), |number| format!("/paths/{number}"));
        match globs::compile(globs, read) {
            Ok(set) => Ok(Self(Some(set))),
            Err(faults) => {
                Err(faults.into_iter().map(|fault| FieldError { pointer: pointer(fault.number), detail: fault.detail }).collect())
            }
        }
    }

    /// Whether the export takes this path.
    pub(crate) fn takes(&self, path: &DatasetPath) -> bool {
        self.0.as_ref().is_none_or(|set| set.is_match(path.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(globs: &[&str]) -> Result<PathFilter, Vec<FieldError>> {
        PathFilter::new(&globs.iter().map(|glob| (*glob).to_owned()).collect::<Vec<_>>())
    }

    fn taken(globs: &[&str], path: &str) -> bool {
        filter(globs).expect("valid globs").takes(&path.parse().expect("a valid path"))
    }

    #[test]
    fn a_star_stays_within_its_folder_and_two_stars_do_not() {
        assert!(taken(&[], "any/thing.csv"));
        assert!(taken(&["*.csv"], "a.csv") && !taken(&["*.csv"], "sales/a.csv"));
        assert!(taken(&["sales/**"], "sales/2026/a.csv") && taken(&["**/*.csv"], "a.csv"));
        assert!(taken(&["*.{csv,parquet}", "x"], "a.parquet") && !taken(&["A.csv"], "a.csv"));
        assert!(taken(&["cafe\u{301}.csv"], "caf\u{e9}.csv"));
    }

    #[test]
    fn every_bad_glob_is_named_with_its_pointer() {
        let errors = filter(&["[", "ok", "", &"x".repeat(901)]).expect_err("three bad globs");
        let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/paths/0", "/paths/2", "/paths/3"]);
        assert!(filter(&["a"; 101]).is_err() && filter(&["a"; 100]).is_ok());
    }
}
