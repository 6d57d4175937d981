//! What existing objects are imported from on one machine: folders of it, and buckets of another S3 endpoint.

use std::{collections::BTreeSet, fs, sync::Arc};

use anyhow::{Context as _, bail, ensure};
use app::{
    ErrorKind,
    imports::{Locations, NewLocation},
};
use embedded::objects::{ImportRoots, InternalKey, remote_adapter};
use runtime::configuration::Configuration;
use secrecy::SecretString;

use crate::{
    administration::operator,
    home::{AUDIT_BUCKET, BUCKET, Home, ObjectPorts},
    import_objects::ImportObjects,
};

/// Looks at the folders that the configuration names.
///
/// # Errors
/// If one can't be read, has the data lake's own files in it, or a name is that of another bucket.
pub(crate) async fn folders(configuration: &Configuration) -> anyhow::Result<ImportRoots> {
    let folders = configuration.import_roots.clone();
    let others = configuration.import_endpoint.as_ref().map(|endpoint| endpoint.buckets.as_slice()).unwrap_or_default();
    for name in folders.iter().map(|(name, _)| name).chain(others) {
        ensure!(![BUCKET, AUDIT_BUCKET].contains(&name.as_str()), "{name} is a bucket of the data lake itself and can't be imported from");
    }
    if let Some((name, _)) = folders.iter().find(|(name, _)| others.contains(name)) {
        bail!("{name} is a bucket of import.endpoint; give the folder another name");
    }
    let opened = tokio::task::spawn_blocking(move || ImportRoots::open(folders)).await?;
    let roots = opened.map_err(|why| anyhow::anyhow!("can't serve a folder for imports: {why}"))?;
    let secret_file = configuration.import_endpoint.as_ref().map(|endpoint| &endpoint.secret_file);
    let own = [Some(&configuration.data_dir), secret_file, configuration.tls.as_ref().map(|tls| &tls.key)];
    for own in own.into_iter().flatten() {
        let real = fs::canonicalize(own).with_context(|| format!("can't find {}", own.display()))?;
        if let Some((name, folder)) = roots.iter().find(|(_, folder)| real.starts_with(folder) || folder.starts_with(&real)) {
            bail!("the folder {} would give away {}: serve another one as {name}", folder.display(), own.display());
        }
    }
    Ok(roots)
}

/// The object ports with the buckets of the configured endpoint beside our own.
///
/// # Errors
/// If the key's secret can't be read.
pub(crate) fn beside(ports: ObjectPorts, configuration: &Configuration, home: &Home) -> anyhow::Result<ObjectPorts> {
    let Some(endpoint) = &configuration.import_endpoint else { return Ok(ports) };
    let read = fs::read_to_string(&endpoint.secret_file);
    let secret = read.with_context(|| format!("can't read the secret in {}", endpoint.secret_file.display()))?;
    let key = InternalKey { access_key_id: endpoint.access_key_id.clone(), secret: SecretString::from(secret.trim_end()) };
    let url = endpoint.url.as_str().trim_end_matches('/');
    let other = remote_adapter(url, None, &endpoint.region, &key, Arc::clone(&home.clock));
    let buckets: BTreeSet<String> = endpoint.buckets.iter().cloned().collect();
    Ok(ObjectPorts { objects: Arc::new(ImportObjects::new(ports.objects, Arc::new(other), buckets)), multipart: ports.multipart })
}

/// Makes a location of each: whoever may start the server with them has decided that they may be imported from.
///
/// # Errors
/// If one can't be listed, or the tables can't be read or written.
pub(crate) async fn register(home: &Home, ports: &ObjectPorts, roots: &ImportRoots, configuration: &Configuration) -> anyhow::Result<()> {
    let locations = Locations::new(home.core.clone(), ports.objects.clone(), BUCKET);
    let folders = roots.iter().map(|(bucket, folder)| (bucket.to_owned(), format!("The folder {}", folder.display())));
    let endpoint = configuration.import_endpoint.iter();
    let buckets =
        endpoint.flat_map(|endpoint| endpoint.buckets.iter().map(|bucket| (bucket.clone(), format!("A bucket of {}", endpoint.url))));
    for (bucket, description) in folders.chain(buckets) {
        let entered = NewLocation { bucket, prefix: String::new(), description };
        match locations.register(&operator()?, &entered).await {
            Ok(location) => tracing::info!(location = %location.id, bucket = location.bucket, "a bucket may be imported from"),
            Err(error) if error.kind() == ErrorKind::Conflict => {}
            // Whoever starts again registers it then; what else the data lake does must not wait for another store.
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    bucket = entered.bucket,
                    "a bucket can't be looked at, and not be imported from"
                );
            }
            Err(error) => {
                let why = error.fields().first().map_or_else(|| error.message().to_owned(), |first| first.detail.clone());
                bail!("the bucket {} can't be imported from: it {why}", entered.bucket);
            }
        }
    }
    Ok(())
}
