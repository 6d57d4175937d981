//! Which paths an export takes.

use domain::{FieldError, dataset::DatasetPath};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use unicode_normalization::UnicodeNormalization as _;

/// At most so many globs.
const GLOBS: usize = 100;
/// Of at most so many bytes, as a path has.
const GLOB_BYTES: usize = 900;

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
        let wrong = |pointer: String, detail: String| FieldError { pointer, detail };
        if globs.len() > GLOBS {
            return Err(vec![wrong("/paths".to_owned(), format!("are {}; at most {GLOBS} are allowed", globs.len()))]);
        }
        let mut errors = Vec::new();
        let mut set = GlobSetBuilder::new();
        for (number, glob) in globs.iter().enumerate() {
            // Paths are in this normal form too.
            let glob: String = glob.nfc().collect();
            let pointer = format!("/paths/{number}");
            if glob.is_empty() || glob.len() > GLOB_BYTES {
                errors.push(wrong(pointer, format!("must have 1 to {GLOB_BYTES} bytes")));
                continue;
            }
            match GlobBuilder::new(&glob).literal_separator(true).build() {
                Ok(glob) => drop(set.add(glob)),
                Err(why) => errors.push(wrong(pointer, format!("is not a glob: {}", why.kind()))),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let set = set.build().map_err(|_| vec![wrong("/paths".to_owned(), "are too complex together".to_owned())])?;
        Ok(Self(Some(set)))
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
