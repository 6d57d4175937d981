//! The directories of the generations and the file that names the live one.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tantivy::{Result, TantivyError, directory::error::OpenReadError};

use super::{generation::Generation, schema::LAYOUT};

const POINTER: &str = "current";

/// The directory of all generations.
#[derive(Debug)]
pub(super) struct Home(PathBuf);

impl Home {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// Opens the live generation and removes all others; `true` if it is a new, empty one.
    pub(super) fn open(&self) -> Result<(Generation, bool)> {
        fs::create_dir_all(&self.0)?;
        let (live, fresh) = match self.live()?.map(Generation::open) {
            Some(Ok(live)) => (live, false),
            Some(Err(error)) if !is_damage(&error) => return Err(error),
            Some(Err(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the search index is damaged; beginning a new one");
                (self.first()?, true)
            }
            None => (self.first()?, true),
        };
        for (other, _) in self.generations()?.into_iter().filter(|(path, _)| path != live.directory()) {
            self.remove(&other);
        }
        Ok((live, fresh))
    }

    /// An empty generation behind all others.
    pub(super) fn create_next(&self) -> Result<Generation> {
        let last = self.generations()?.into_iter().map(|(_, number)| number).max().unwrap_or(0);
        Generation::open(self.0.join(format!("{}{}", own_layout(), last + 1)))
    }

    /// Makes a generation the live one, on disk before it returns.
    pub(super) fn point_to(&self, generation: &Path) -> io::Result<()> {
        let name = generation.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let draft = self.0.join("current.new");
        let mut file = File::create(&draft)?;
        file.write_all(name.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, self.0.join(POINTER))?;
        File::open(&self.0)?.sync_all()
    }

    /// Removes a generation that nobody needs; what is left of it goes when the index is opened next.
    pub(super) fn remove(&self, generation: &Path) {
        if let Err(error) = fs::remove_dir_all(generation) {
            tracing::warn!(error = &error as &dyn std::error::Error, "an old search index could not be removed");
        }
    }

    fn first(&self) -> Result<Generation> {
        let generation = self.create_next()?;
        self.point_to(generation.directory())?;
        Ok(generation)
    }

    /// The generation that the pointer names, if it is there and of this layout.
    pub(super) fn live(&self) -> io::Result<Option<PathBuf>> {
        match fs::read_to_string(self.0.join(POINTER)) {
            Ok(name) if name.starts_with(&own_layout()) => Ok(Some(self.0.join(name)).filter(|path| path.join("meta.json").is_file())),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All generations with their numbers, those of other layouts too.
    fn generations(&self) -> io::Result<Vec<(PathBuf, u64)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix("layout")?.split_once('-')?.1.parse().ok());
            found.extend(number.map(|number| (entry.path(), number)));
        }
        Ok(found)
    }
}

fn own_layout() -> String {
    format!("layout{LAYOUT}-")
}

/// Whether the files themselves are wrong: no waiting, no other process and no free disk would help.
fn is_damage(error: &TantivyError) -> bool {
    matches!(
        error,
        TantivyError::OpenReadError(OpenReadError::FileDoesNotExist(_) | OpenReadError::IncompatibleIndex(_))
            | TantivyError::DataCorruption(_)
            | TantivyError::SchemaError(_)
            | TantivyError::IncompatibleIndex(_)
            | TantivyError::DeserializeError(_)
    )
}
