//! The document that holds the figures, each part between two markers.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// Puts `figures` between the markers of this part of the document.
///
/// # Errors
/// If the document can't be read or written, or has no such part.
pub fn write(path: &Path, part: &str, figures: &str) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let text = replaced(&text, part, figures).with_context(|| format!("{} has no markers of '{part}'", path.display()))?;
    Ok(fs::write(path, text)?)
}

fn replaced(text: &str, part: &str, figures: &str) -> Option<String> {
    let begin = format!("<!-- begin: written by scripts/bench {part} -->\n");
    let end = format!("<!-- end: written by scripts/bench {part} -->");
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{figures}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(one: &str, other: &str) -> String {
        let part = |name: &str, text: &str| {
            format!("<!-- begin: written by scripts/bench {name} -->\n{text}<!-- end: written by scripts/bench {name} -->\n")
        };
        format!("before\n{}between\n{}after\n", part("one", one), part("other", other))
    }

    #[test]
    fn only_what_is_between_the_markers_of_the_part_is_written() {
        let text = document("old\n", "older\n");
        assert_eq!(replaced(&text, "one", "new\n"), Some(document("new\n", "older\n")));
        assert_eq!(replaced(&text, "other", "new\n"), Some(document("old\n", "new\n")));
        assert_eq!(replaced(&text, "neither", "new"), None);
    }
}
