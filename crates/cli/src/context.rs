//! What a command works with: the client, the printer, the configuration.

use std::{io::IsTerminal as _, sync::Arc};

use client::{
    Client,
    credentials::{Credential, CredentialProvider, Fixed, KeyPair, Session},
    oidc::Issuer,
};
use secrecy::SecretString;
use url::Url;

use crate::{
    arguments::Global,
    config::{DEFAULT_PROFILE, Folder, Profile, SavedSession, Secrets},
    environment::variable,
    failure::{Failure, FailureKind, Outcome},
    output::Printer,
    progress::Progress,
};

/// The client's name at the issuer of one machine.
const CLIENT_ID: &str = "datalake-cli";

/// What a command works with.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) folder: Folder,
    pub(crate) profile_name: String,
    pub(crate) profile: Profile,
    pub(crate) printer: Printer,
    global: Global,
}

impl Context {
    pub(crate) fn new(global: Global) -> Outcome<Self> {
        let folder = Folder::find()?;
        let profile_name = global.profile.clone().unwrap_or_else(|| DEFAULT_PROFILE.to_owned());
        let profile = folder.profile(&profile_name)?.unwrap_or_default();
        let printer = Printer::new(global.output.or(profile.output).unwrap_or_default(), global.quiet);
        Ok(Self { folder, profile_name, profile, printer, global })
    }

    /// The API's address: by option or environment, else the profile's.
    pub(crate) fn endpoint(&self) -> Outcome<Url> {
        self.global.endpoint.clone().or_else(|| self.profile.endpoint.clone()).ok_or_else(|| {
            let profile = &self.profile_name;
            Failure::usage(format!(
                "Profile '{profile}' has no endpoint. Run `datalake configure --endpoint URL`, or set DATALAKE_ENDPOINT."
            ))
        })
    }

    /// Who signs people in: by environment, else the profile's, else the API itself.
    pub(crate) fn issuer(&self) -> Outcome<Url> {
        match variable("DATALAKE_ISSUER") {
            Some(issuer) => issuer.parse().map_err(|error| Failure::usage(format!("DATALAKE_ISSUER is no address: {error}"))),
            None => self.profile.issuer.clone().map_or_else(|| self.endpoint(), Ok),
        }
    }

    /// The client's name at the issuer.
    pub(crate) fn client_id(&self) -> String {
        variable("DATALAKE_CLIENT_ID").or_else(|| self.profile.client_id.clone()).unwrap_or_else(|| CLIENT_ID.to_owned())
    }

    /// The object store's address.
    pub(crate) fn object_endpoint(&self) -> Option<Url> {
        self.global.object_endpoint.clone().or_else(|| self.profile.object_endpoint.clone())
    }

    /// The address given by option or environment, for what writes profiles.
    pub(crate) fn given_endpoints(&self) -> (Option<Url>, Option<Url>) {
        (self.global.endpoint.clone(), self.global.object_endpoint.clone())
    }

    /// The output given by option or environment.
    pub(crate) fn given_output(&self) -> Option<crate::output::Format> {
        self.global.output
    }

    pub(crate) fn client(&self) -> Outcome<Client> {
        let region = variable("DATALAKE_REGION").or_else(|| self.profile.region.clone());
        let builder = Client::builder(self.endpoint()?).credentials(self.credentials()?);
        let builder = builder.user_agent(concat!("datalake-cli/", env!("CARGO_PKG_VERSION")));
        Ok(match region {
            Some(region) => builder.region(&region),
            None => builder,
        }
        .build()?)
    }

    /// Progress bars, if somebody looks.
    pub(crate) fn progress(&self) -> Progress {
        Progress::new(!self.global.no_progress && !self.global.quiet && std::io::stderr().is_terminal())
    }

    /// The environment's, else those kept for the profile. Which sign-in a secret belongs to is never guessed: a key of
    /// the environment goes before a token of it, and both before what is kept.
    fn credentials(&self) -> Outcome<Arc<dyn CredentialProvider>> {
        if let (Some(access_key_id), Some(secret)) = (variable("DATALAKE_ACCESS_KEY_ID"), variable("DATALAKE_SECRET_ACCESS_KEY")) {
            return Ok(key(access_key_id, secret.into()));
        }
        if let Some(token) = variable("DATALAKE_ACCESS_TOKEN") {
            return Ok(Arc::new(Fixed(Credential::Bearer(token.into()))));
        }
        match self.folder.secrets(&self.profile_name)? {
            Some(Secrets::Key { access_key_id, secret_access_key }) => Ok(key(access_key_id, secret_access_key.into())),
            Some(session @ Secrets::Session { .. }) => self.session(session),
            None => Err(Failure::new(FailureKind::Denied, "You are not signed in. Run `datalake login`.")),
        }
    }

    fn session(&self, secrets: Secrets) -> Outcome<Arc<dyn CredentialProvider>> {
        let Secrets::Session { token_endpoint, .. } = &secrets else { return Err(Failure::failed("There is no session.")) };
        let token_endpoint = token_endpoint.clone();
        let store =
            SavedSession { folder: self.folder.clone(), profile: self.profile_name.clone(), token_endpoint: token_endpoint.clone() };
        let tokens = secrets.tokens().ok_or_else(|| Failure::failed("There is no session."))?;
        Ok(Arc::new(Session::new(Issuer::new(web_client()?, token_endpoint, &self.client_id()), Arc::new(store), tokens)))
    }
}

/// For the issuer.
pub(crate) fn web_client() -> Outcome<reqwest::Client> {
    let builder = reqwest::Client::builder().timeout(std::time::Duration::from_secs(30)).redirect(reqwest::redirect::Policy::none());
    builder.build().map_err(|error| Failure::failed(format!("prepare connections: {error}")))
}

fn key(access_key_id: String, secret_access_key: SecretString) -> Arc<dyn CredentialProvider> {
    Arc::new(Fixed(Credential::Key(KeyPair { access_key_id, secret_access_key })))
}
