//! Profiles in the platform's configuration folder, with secrets in a file of their own.

mod files;
mod session;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};
use url::Url;

pub(crate) use self::session::SavedSession;
use crate::{
    environment,
    failure::{Failure, Outcome},
    output::Format,
};

/// The profile that is used when none is named.
pub(crate) const DEFAULT_PROFILE: &str = "default";

/// The configuration folder.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

/// A profile: what is no secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// The API's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<Url>,
    /// The object store's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object_endpoint: Option<Url>,
    /// Who signs people in, if it is not the API's own address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<Url>,
    /// The client's name at the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    /// The region in signatures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    /// How results are printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<Format>,
}

/// The secrets of a profile. Its debug form tells nothing.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Secrets {
    /// An API key.
    Key { access_key_id: String, secret_access_key: String },
    /// A session of a browser sign-in.
    Session {
        access_token: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        refresh_token: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<String>,
        token_endpoint: Url,
    },
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key { .. } => "Secrets::Key",
            Self::Session { .. } => "Secrets::Session",
        })
    }
}

#[derive(Serialize, Deserialize)]
struct File<T> {
    #[serde(default = "BTreeMap::new")]
    profiles: BTreeMap<String, T>,
}

impl<T> Default for File<T> {
    fn default() -> Self {
        Self { profiles: BTreeMap::new() }
    }
}

impl Folder {
    /// `DATALAKE_CONFIG_DIR`, or the platform's.
    pub(crate) fn find() -> Outcome<Self> {
        if let Some(path) = environment::path("DATALAKE_CONFIG_DIR") {
            return Ok(Self::at(path));
        }
        let strategy = etcetera::base_strategy::choose_native_strategy()
            .map_err(|_| Failure::failed("There is no home folder for the configuration. Set DATALAKE_CONFIG_DIR."))?;
        Ok(Self::at(strategy.config_dir().join("datalake")))
    }

    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    fn secrets_file(&self) -> PathBuf {
        self.path.join("credentials.toml")
    }

    fn lock_file(&self) -> PathBuf {
        self.path.join("credentials.lock")
    }

    pub(crate) fn profile(&self, name: &str) -> Outcome<Option<Profile>> {
        Ok(files::read::<File<Profile>>(&self.config(), files::Readers::Everybody)?.profiles.remove(name))
    }

    pub(crate) fn save_profile(&self, name: &str, profile: Profile) -> Outcome {
        let _lock = files::lock(&self.lock_file()).map_err(|error| Failure::file("lock the configuration", &error))?;
        let mut file: File<Profile> = files::read(&self.config(), files::Readers::Everybody)?;
        file.profiles.insert(name.to_owned(), profile);
        files::write(&self.config(), &file, files::Readers::Everybody)
    }

    pub(crate) fn secrets(&self, name: &str) -> Outcome<Option<Secrets>> {
        Ok(files::read::<File<Secrets>>(&self.secrets_file(), files::Readers::Owner)?.profiles.remove(name))
    }

    pub(crate) fn save_secrets(&self, name: &str, secrets: Secrets) -> Outcome {
        let _lock = files::lock(&self.lock_file()).map_err(|error| Failure::file("lock the configuration", &error))?;
        self.save_secrets_locked(name, secrets)
    }

    fn save_secrets_locked(&self, name: &str, secrets: Secrets) -> Outcome {
        let mut file: File<Secrets> = files::read(&self.secrets_file(), files::Readers::Owner)?;
        file.profiles.insert(name.to_owned(), secrets);
        files::write(&self.secrets_file(), &file, files::Readers::Owner)
    }
}

#[cfg(test)]
mod tests;
