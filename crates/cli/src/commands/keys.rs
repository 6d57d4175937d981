//! `datalake keys`

use clap::Subcommand;
use contract::profile::{ApiKey, ApiKeySecret};
use futures::TryStreamExt as _;

use crate::{config::Secrets, context::Context, failure::Outcome, output::Column};

/// API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// List your API keys.
    List,
    /// Make a new secret for one of your keys; the old one stops at once. It is shown this once.
    NewSecret {
        /// The key's id, as an administrator granted it.
        access_key_id: String,
        /// Keep key and secret for the profile, in place of what it signs in with, and don't show the secret.
        #[arg(long)]
        keep: bool,
    },
}

const LIST: &[Column<ApiKey>] = &[
    ("access_key_id", |key| key.access_key_id.clone()),
    ("status", |key| key.status.clone()),
    ("scope", |key| key.scope.clone()),
    ("packages", |key| key.packages.as_ref().map_or_else(|| "all".to_owned(), |packages| packages.join(" "))),
    ("has_secret", |key| if key.has_secret { "yes" } else { "no" }.to_owned()),
    ("last_used_at", |key| key.last_used_at.clone().unwrap_or_default()),
    ("expires_at", |key| key.expires_at.clone().unwrap_or_default()),
];

const SECRET: &[Column<ApiKeySecret>] =
    &[("access_key_id", |key| key.access_key_id.clone()), ("secret_access_key", |key| key.secret_access_key.clone())];

pub(crate) async fn run(context: &Context, command: Keys) -> Outcome {
    let client = context.client()?;
    match command {
        Keys::List => {
            let keys: Vec<ApiKey> = client.api_keys().try_collect().await?;
            context.printer.list(&keys, LIST)
        }
        Keys::NewSecret { access_key_id, keep } => {
            let secret = client.new_secret(&access_key_id).await?;
            if !keep {
                return context.printer.item(&secret, SECRET);
            }
            let secrets = Secrets::Key { access_key_id: secret.access_key_id, secret_access_key: secret.secret_access_key };
            context.folder.save_secrets(&context.profile_name, secrets)?;
            context.printer.note(format_args!("Profile '{}' signs in with {access_key_id} from now on.", context.profile_name));
            Ok(())
        }
    }
}
