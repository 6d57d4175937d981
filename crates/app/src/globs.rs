//! Globs as people enter them.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// At most so many globs.
const GLOBS: usize = 100;
/// Of at most so many bytes, as a path has.
const GLOB_BYTES: usize = 900;

/// What is wrong with globs, to follow their name in a sentence.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Which one, from 0; `None` for all of them together.
    pub(crate) number: Option<usize>,
    /// What it does or is.
    pub(crate) detail: String,
}

/// The set of globs, in which `?` and `*` stay within a folder. Their lengths and number are limited, and each is `read`
/// into the words of the library.
///
/// # Errors
/// Every fault.
pub(crate) fn compile(globs: &[String], read: impl Fn(&str) -> String) -> Result<GlobSet, Vec<Fault>> {
    let of_all = |detail: String| vec![Fault { number: None, detail }];
    if globs.len() > GLOBS {
        return Err(of_all(format!("are {}; at most {GLOBS} are allowed", globs.len())));
    }
    let (mut set, mut faults) = (GlobSetBuilder::new(), Vec::new());
    for (number, glob) in globs.iter().enumerate() {
        let built = if glob.is_empty() || glob.len() > GLOB_BYTES {
            Err(format!("must have 1 to {GLOB_BYTES} bytes"))
        } else {
            GlobBuilder::new(&read(glob)).literal_separator(true).build().map_err(|why| format!("is not a glob: {}", why.kind()))
        };
        match built {
            Ok(glob) => drop(set.add(glob)),
            Err(detail) => faults.push(Fault { number: Some(number), detail }),
        }
    }
    if faults.is_empty() { set.build().map_err(|_| of_all("are too complex together".to_owned())) } else { Err(faults) }
}
