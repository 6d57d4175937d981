//! The files of a folder under their paths in the package.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::composed;
use crate::failure::{Failure, Outcome};

/// A file as it was when it was found; it must not change until it is complete.
#[derive(Clone, Debug)]
pub(crate) struct LocalFile {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its path in the package.
    pub(crate) name: String,
    /// Its size.
    pub(crate) size: u64,
    /// When it last changed.
    pub(crate) modified: SystemTime,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// The files, smallest first, so that work starts at once.
    pub(crate) files: Vec<LocalFile>,
    /// What was left out, and why.
    pub(crate) left_out: Vec<String>,
}

impl LocalFile {
    fn new(path: PathBuf, name: String) -> io::Result<Self> {
        let facts = fs::metadata(&path)?;
        Ok(Self { path, name, size: facts.len(), modified: facts.modified()? })
    }

    /// An error if the file is no longer what was found.
    pub(crate) fn check_unchanged(&self) -> io::Result<()> {
        let facts = fs::metadata(&self.path)?;
        if facts.len() == self.size && facts.modified()? == self.modified {
            Ok(())
        } else {
            Err(io::Error::other("the file changed while it was pushed"))
        }
    }
}

/// One file, named by the last part of its path.
pub(crate) fn file(path: &Path, prefix: &str) -> Outcome<LocalFile> {
    let name =
        path.file_name().and_then(|name| name.to_str()).ok_or_else(|| Failure::usage(format!("{} has no usable name", path.display())))?;
    named(path, prefix, name)
}

/// One file under another name.
pub(super) fn named(path: &Path, prefix: &str, name: &str) -> Outcome<LocalFile> {
    let failed = |error: io::Error| Failure::file(format!("read {}", path.display()), &error);
    LocalFile::new(path.to_path_buf(), join(prefix.trim_matches('/'), name)).map_err(failed)
}

/// All files below `folder`. Links to files inside it are read through; what leads out of it, and folders behind links,
/// are left out. Hidden files and folders (`.git`) are, unless asked for; of those only the number is said.
pub(crate) fn walk(folder: &Path, prefix: &str, hidden: bool) -> Outcome<Walked> {
    let failed = |path: &Path, error: &io::Error| Failure::file(format!("read {}", path.display()), error);
    let root = fs::canonicalize(folder).map_err(|error| failed(folder, &error))?;
    let mut walked = Walked::default();
    let mut hidden_ones = 0_usize;
    let mut folders = vec![(root.clone(), prefix.trim_matches('/').to_owned())];
    while let Some((path, name)) = folders.pop() {
        for entry in fs::read_dir(&path).map_err(|error| failed(&path, &error))? {
            let entry = entry.map_err(|error| failed(&path, &error))?;
            let path = entry.path();
            let Some(segment) = entry.file_name().to_str().map(str::to_owned) else {
                walked.left_out.push(format!("{}: its name is not Unicode", path.display()));
                continue;
            };
            if segment.starts_with('.') && !hidden {
                hidden_ones += 1;
                continue;
            }
            let name = join(&name, &segment);
            let kind = entry.file_type().map_err(|error| failed(&path, &error))?;
            if kind.is_dir() {
                folders.push((path, name));
            } else if kind.is_symlink() && !is_file_inside(&path, &root) {
                walked.left_out.push(format!("{}: the link leads to a folder or out of {}", path.display(), folder.display()));
            } else if kind.is_file() || kind.is_symlink() {
                walked.files.push(LocalFile::new(path.clone(), name).map_err(|error| failed(&path, &error))?);
            } else {
                walked.left_out.push(format!("{}: it is neither a file nor a folder", path.display()));
            }
        }
    }
    if hidden_ones > 0 {
        walked.left_out.push(format!("{hidden_ones} hidden files and folders; --hidden pushes them"));
    }
    walked.files.sort_by(|a, b| a.size.cmp(&b.size).then_with(|| a.name.cmp(&b.name)));
    Ok(walked)
}

fn is_file_inside(link: &Path, root: &Path) -> bool {
    fs::canonicalize(link).is_ok_and(|target| target.starts_with(root) && target.is_file())
}

/// Some systems hand names out decomposed, and people type prefixes so.
fn join(folder: &str, segment: &str) -> String {
    if folder.is_empty() { composed(segment) } else { composed(&format!("{folder}/{segment}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(walked: &Walked) -> Vec<&str> {
        walked.files.iter().map(|file| file.name.as_str()).collect()
    }

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, content).expect("written");
        }
        folder
    }

    #[test]
    fn files_come_smallest_first_under_relative_names() {
        let folder = folder(&[("b.csv", "22"), ("a/c.csv", "1"), ("a/d/e.csv", "333")]);
        assert_eq!(names(&walk(folder.path(), "", false).expect("walked")), ["a/c.csv", "b.csv", "a/d/e.csv"]);
        assert_eq!(names(&walk(folder.path(), "/2026/", false).expect("walked")), ["2026/a/c.csv", "2026/b.csv", "2026/a/d/e.csv"]);
    }

    #[test]
    fn hidden_ones_come_only_when_asked_for() {
        let folder = folder(&[(".git/config", "1"), (".env", "22"), ("x", "333")]);
        let without = walk(folder.path(), "", false).expect("walked");
        assert_eq!(names(&without), ["x"]);
        assert_eq!(without.left_out, ["2 hidden files and folders; --hidden pushes them"]);
        let with = walk(folder.path(), "", true).expect("walked");
        assert_eq!(names(&with), [".git/config", ".env", "x"]);
        assert!(with.left_out.is_empty());
    }

    #[test]
    fn decomposed_names_are_composed() {
        let folder = folder(&[("u\u{308}.csv", "1")]);
        assert_eq!(names(&walk(folder.path(), "", false).expect("walked")), ["ü.csv"]);
        assert_eq!(names(&walk(folder.path(), "o\u{308}", false).expect("walked")), ["ö/ü.csv"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_out_are_left_out_and_said() {
        let outside = folder(&[("secret", "1")]);
        let folder = folder(&[("inside", "1")]);
        for (target, link) in
            [(outside.path().join("secret"), "out"), (folder.path().join("inside"), "in"), (outside.path().to_owned(), "folder")]
        {
            std::os::unix::fs::symlink(target, folder.path().join(link)).expect("linked");
        }
        let walked = walk(folder.path(), "", false).expect("walked");
        assert_eq!(names(&walked), ["in", "inside"]);
        assert_eq!(walked.left_out.len(), 2);
    }

    #[test]
    fn a_change_is_noticed() {
        let folder = folder(&[("x", "1")]);
        let file = file(&folder.path().join("x"), "").expect("found");
        file.check_unchanged().expect("unchanged");
        fs::write(&file.path, "22").expect("written");
        file.check_unchanged().expect_err("changed");
    }
}
