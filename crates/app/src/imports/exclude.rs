//! What the globs of a prefix leave out.

use domain::text::{SHOWN_OF_A_WORD, shown};
use globset::GlobSet;

use crate::globs;

/// Globs over keys below a prefix: `?` and `*` stay within a folder, `**` crosses folders, also as in `**.tmp`.
#[derive(Clone, Debug)]
pub(crate) struct Excluded(GlobSet);

impl Excluded {
    /// Of globs as entered; none leaves out nothing.
    ///
    /// # Errors
    /// What is wrong with them, for people.
    pub(crate) fn new(globs: &[String]) -> Result<Self, String> {
        globs::compile(globs, crossing).map(Self).map_err(|faults| {
            let told = faults.into_iter().next().map(|fault| match fault.number.and_then(|number| globs.get(number)) {
                Some(glob) => format!("The glob \u{201c}{}\u{201d} {}.", shown(glob, SHOWN_OF_A_WORD), fault.detail),
                None => format!("The globs {}.", fault.detail),
            });
            told.unwrap_or_default()
        })
    }

    /// Whether this key, relative to the prefix, is left out.
    pub(crate) fn leaves_out(&self, relative: &str) -> bool {
        self.0.is_match(relative)
    }
}

/// `**` within a name, as the predecessor's globs have it, in the words of globs that know it as a whole name only.
fn crossing(glob: &str) -> String {
    let name = |name: &str| match name.split_once("**") {
        Some((before, behind)) if name != "**" => format!("{{{before}*{behind},{before}*/**/*{behind}}}"),
        _ => name.to_owned(),
    };
    glob.split('/').map(name).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(glob: &str, key: &str) -> bool {
        Excluded::new(&[glob.to_owned()]).expect("a valid glob").leaves_out(key)
    }

    #[test]
    fn one_star_stays_in_its_folder_and_two_cross_folders() {
        assert!(left_out("*.tmp", "a.tmp") && !left_out("*.tmp", "x/a.tmp"));
        assert!(left_out("**.tmp", "a.tmp") && left_out("**.tmp", "x/y/a.tmp") && !left_out("**.tmp", "x/a.csv"));
        assert!(left_out("raw/**", "raw/x/a.csv") && !left_out("raw/**", "rawest/a.csv"));
        assert!(left_out("x/**/a.csv", "x/y/z/a.csv") && left_out("x/a**z", "x/a/b/z") && !left_out("x/a**z", "y/a/b/z"));
        assert!(!Excluded::new(&[]).expect("no glob").leaves_out("a"));
    }

    #[test]
    fn bad_globs_are_told() {
        assert!(Excluded::new(&["[".to_owned()]).expect_err("no glob").contains("\u{201c}[\u{201d}"));
        assert!(Excluded::new(&[String::new()]).is_err() && Excluded::new(&vec!["a".to_owned(); 101]).is_err());
    }
}
