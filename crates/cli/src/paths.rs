//! Where a dataset's path leads on this machine: never out of the folder it was pulled into.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The file for `name` below `root`. The service checks names as well; this does not rely on it.
pub(crate) fn below(root: &Path, name: &str) -> Result<PathBuf, String> {
    let refused = |why: &str| Err(format!("'{}' {why}; it is not written", name.escape_debug()));
    if name.is_empty() || name.chars().any(|c| c.is_control() || c == '\\') {
        return refused("is empty or has a control character or backslash");
    }
    let mut path = root.to_path_buf();
    for segment in name.split('/') {
        if matches!(segment, "" | "." | "..") {
            return refused("leads elsewhere");
        }
        if cfg!(windows) && (segment.contains([':', '<', '>', '"', '|', '?', '*']) || segment.ends_with(['.', ' '])) {
            return refused("has a name that this system reserves");
        }
        path.push(segment);
    }
    Ok(path)
}

/// Makes the folders of `file` below `root`, and refuses to go through a link: what somebody placed in the folder must
/// not lead what is written elsewhere.
pub(crate) fn make_folders(root: &Path, file: &Path) -> Result<(), String> {
    let failed = |path: &Path, error: std::io::Error| format!("make the folder {}: {error}", path.display());
    std::fs::create_dir_all(root).map_err(|error| failed(root, error))?;
    let Some(parent) = file.parent().and_then(|parent| parent.strip_prefix(root).ok()) else { return Ok(()) };
    let mut folder = root.to_path_buf();
    for segment in parent.components() {
        folder.push(segment);
        match std::fs::create_dir(&folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(&folder, error)),
            _ => {}
        }
        let kind = std::fs::symlink_metadata(&folder).map_err(|error| failed(&folder, error))?;
        if !kind.is_dir() {
            return Err(format!("{} is in the way: it is a file or a link", folder.display()));
        }
    }
    Ok(())
}

/// A package's name as a folder's name.
pub(crate) fn folder_name(name: &str, otherwise: &str) -> String {
    let cleaned: String = name
        .chars()
        .map(|c| if c.is_control() || matches!(c, '/' | '\\' | ':' | '<' | '>' | '"' | '|' | '?' | '*') { '-' } else { c })
        .collect();
    let cleaned = cleaned.trim().trim_matches('.').trim();
    if cleaned.is_empty() { otherwise.to_owned() } else { cleaned.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_path_stays_below_the_folder() {
        assert_eq!(below(Path::new("/out"), "sales/2026 ü.csv"), Ok(PathBuf::from("/out/sales/2026 ü.csv")));
        assert_eq!(below(Path::new("/out"), "...hidden"), Ok(PathBuf::from("/out/...hidden")));
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_refused() {
        for name in ["", "/etc/passwd", "../x", "a/../../x", "a/..", "./x", "a//b", "a/", "a\\..\\b", "a\0b", "a\nb", ".", ".."] {
            assert!(below(Path::new("/out"), name).is_err(), "{name:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_folder_is_not_followed() {
        let directory = tempfile::tempdir().expect("a folder");
        let (root, outside) = (directory.path().join("root"), directory.path().join("outside"));
        std::fs::create_dir_all(&root).expect("made");
        std::fs::create_dir_all(&outside).expect("made");
        std::os::unix::fs::symlink(&outside, root.join("link")).expect("linked");
        assert!(make_folders(&root, &root.join("link/file")).is_err());
        assert!(make_folders(&root, &root.join("a/b/file")).is_ok());
        assert!(root.join("a/b").is_dir());
    }

    #[test]
    fn a_package_of_any_name_has_a_folder() {
        assert_eq!(folder_name("Flights 2026", "pkg_1"), "Flights 2026");
        assert_eq!(folder_name("../a/b", "pkg_1"), "-a-b");
        assert_eq!(folder_name("..", "pkg_1"), "pkg_1");
        assert_eq!(folder_name(" ", "pkg_1"), "pkg_1");
    }
}
