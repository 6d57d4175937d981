//! The document that holds the figures, between two markers.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

const BEGIN: &str = "<!-- begin: written by scripts/bench -->\n";
const END: &str = "<!-- end: written by scripts/bench -->";

/// Puts `figures` between the markers of the document.
pub(crate) fn write(path: &Path, figures: &str) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let text = replaced(&text, figures).with_context(|| format!("{} has no markers", path.display()))?;
    Ok(fs::write(path, text)?)
}

fn replaced(text: &str, figures: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{figures}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_is_written() {
        let text = format!("before\n{BEGIN}old\n{END}\nafter\n");
        assert_eq!(replaced(&text, "new\n").as_deref(), Some(format!("before\n{BEGIN}new\n{END}\nafter\n").as_str()));
        assert_eq!(replaced("no markers", "new"), None);
    }
}
