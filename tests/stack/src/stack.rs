//! The stack: the emulated account with a root applied to it.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_servers::Server;

use crate::{ACCOUNT_ID, Account, Call, Credentials, Rights, Search, Terraform, build, calls, people, search::Proxy};

/// Where everything is.
pub const REGION: &str = "us-east-1";

/// What names begin with, unless another prefix is asked for.
pub const PREFIX: &str = "data-lake";

/// The user who applies, and does nothing else.
const APPLIER: &str = "terraform";

/// Whatever is waited for comes within this time.
const PATIENCE: Duration = Duration::from_secs(300);

/// Which root is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// People are kept by Cognito.
    Cognito,
    /// People are kept by another identity provider.
    Federated,
}

impl Root {
    /// Its folder below `terraform/`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cognito => "cognito",
            Self::Federated => "federated",
        }
    }
}

/// An account with a root applied to it. It ends when this is dropped; nothing is destroyed then: [`Terraform::destroy`] does.
pub struct Stack {
    root: Root,
    prefix: String,
    terraform: Terraform,
    outputs: Value,
    account: Account,
    applier: Credentials,
    http: reqwest::Client,
    emulator: Server,
    cluster: String,
    search: Proxy,
    folder: TempDir,
}

impl Stack {
    /// Starts everything and applies the root with its default prefix.
    ///
    /// # Errors
    /// If something can't be had, with what to install, or Terraform fails.
    pub async fn applied(root: Root) -> Result<Self> {
        let mut stack = Self::prepared(root, PREFIX).await?;
        stack.apply(&stack.inputs()).await?;
        Ok(stack)
    }

    /// The same with nothing applied yet, for another prefix.
    ///
    /// # Errors
    /// If something can't be had, with what to install.
    pub async fn prepared(root: Root, prefix: &str) -> Result<Self> {
        let (folder, tree) = (tempfile::Builder::new().prefix("datalake-stack-").tempdir()?, tree());
        let record = folder.path().join("calls");
        let (emulator, cluster) = tokio::try_join!(
            blocking({
                let hook = tree.join("tests/stack/emulator");
                move || test_servers::ministack_watched(&hook, &record)
            }),
            blocking(|| Ok(test_servers::opensearch(test_servers::OPENSEARCH_VERSIONS[0]).url())),
        )?;
        let zips = folder.path().join("zips");
        blocking({
            let tree = tree.clone();
            move || build::pack(&tree, &zips)
        })
        .await?;
        let search = Proxy::start(&cluster, &folder.path().join("searches")).await?;
        let account = Account::administered(&emulator.url()).await?;
        let applier = account.make_administrator(APPLIER).await?;
        let terraform = blocking({
            let (scratch, environment) = (folder.path().join("tree"), environment(account.url(), &applier));
            move || Terraform::prepared(&tree, &scratch, root.name(), environment)
        })
        .await?;
        let http = http_client("")?;
        Ok(Self {
            root,
            prefix: prefix.to_owned(),
            terraform,
            outputs: Value::Null,
            account,
            applier,
            http,
            emulator,
            cluster,
            search,
            folder,
        })
    }

    /// The root's inputs: what a person would write, and the search cluster that is there already.
    #[must_use]
    pub fn inputs(&self) -> Value {
        self.inputs_of(&self.prefix)
    }

    fn inputs_of(&self, prefix: &str) -> Value {
        let domain = format!("arn:aws:es:{REGION}:{ACCOUNT_ID}:domain/{prefix}-search");
        let locations = ["partners", "open"].map(|name| json!({"bucket_arn": format!("arn:aws:s3:::{prefix}-{name}")}));
        let mut inputs = json!({
            "prefix": prefix,
            "region": REGION,
            // A deployment that is destroyed in the end.
            "protect": false,
            "code": {"folder": self.zips()},
            "search": {"existing_endpoint": self.search.url(), "existing_domain_arn": domain},
            "import_locations": locations,
            "data_bucket": {"reader_arns": [people::analyst_arn()]},
            "jwks_url": format!("{}/{{user_pool_id}}/.well-known/jwks.json", self.emulator.url()),
        });
        match self.root {
            Root::Cognito => inputs["administrator"] = json!({"email": people::ADMINISTRATOR, "name": "Demo"}),
            Root::Federated => {}
        }
        inputs
    }

    /// Applies the root with these inputs.
    ///
    /// # Errors
    /// If Terraform fails.
    pub async fn apply(&mut self, inputs: &Value) -> Result<()> {
        self.terraform.set(inputs)?;
        let terraform = &self.terraform;
        self.outputs = tokio::task::block_in_place(|| {
            terraform.apply()?;
            terraform.outputs()
        })?;
        self.http = http_client(self.api_url())?;
        Ok(())
    }

    /// Applies the same root once more in the same account, with another prefix; answers with it and its outputs.
    ///
    /// # Errors
    /// If Terraform fails.
    pub async fn beside(&self, prefix: &str) -> Result<(Terraform, Value)> {
        let (terraform, inputs) = (self.copy_of(self.root, prefix).await?, self.inputs_of(prefix));
        blocking(move || {
            terraform.set(&inputs)?;
            terraform.apply()?;
            let outputs = terraform.outputs()?;
            Ok((terraform, outputs))
        })
        .await
    }

    /// Another copy of a root, in a folder of this name, prepared for the same account; nothing is applied by it yet.
    ///
    /// # Errors
    /// If Terraform fails.
    pub async fn copy_of(&self, root: Root, folder: &str) -> Result<Terraform> {
        let (tree, scratch, environment) = (tree(), self.folder.path().join(folder), environment(self.account.url(), &self.applier));
        blocking(move || Terraform::prepared(&tree, &scratch, root.name(), environment)).await
    }

    /// The folder with the packed functions.
    #[must_use]
    pub fn zips(&self) -> PathBuf {
        self.folder.path().join("zips")
    }

    /// Which root it is.
    #[must_use]
    pub fn root(&self) -> Root {
        self.root
    }

    /// What every name begins with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Terraform in the copy of the root.
    #[must_use]
    pub fn terraform(&self) -> &Terraform {
        &self.terraform
    }

    /// An output of the root.
    #[must_use]
    pub fn output(&self, name: &str) -> &Value {
        &self.outputs[name]
    }

    /// The account, as its administrator sees it.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The emulator's address; object URLs lead there too.
    #[must_use]
    pub fn emulator_url(&self) -> String {
        self.emulator.url()
    }

    /// The search cluster's own address, behind the proxy that functions know.
    #[must_use]
    pub fn cluster_url(&self) -> &str {
        &self.cluster
    }

    /// The e-mail address of the first administrator.
    #[must_use]
    pub fn administrator(&self) -> &'static str {
        people::ADMINISTRATOR
    }

    /// The API's public address, as Terraform tells it, without a slash at the end.
    #[must_use]
    pub fn api_url(&self) -> &str {
        self.outputs["api_url"].as_str().unwrap_or_default().trim_end_matches('/')
    }

    /// A client that follows no redirect.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// A folder that goes away with the stack.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Every call to AWS so far, whoever made it.
    ///
    /// # Errors
    /// If they can't be read.
    pub fn calls(&self) -> Result<Vec<Call>> {
        calls::read(&self.folder.path().join("calls"))
    }

    /// Those of Terraform, which applies as a user of its own.
    ///
    /// # Errors
    /// If they can't be read.
    pub fn calls_of_terraform(&self) -> Result<Vec<Call>> {
        let applier = format!(":user/{APPLIER}");
        Ok(self.calls()?.into_iter().filter(|call| call.principal.ends_with(&applier)).collect())
    }

    /// What roles were refused so far. Whoever is refused something works around it, or fails: either way its policy lacks what
    /// its code needs.
    ///
    /// # Errors
    /// If the calls can't be read.
    pub fn denied(&self) -> Result<Vec<String>> {
        let refused = self.calls()?.into_iter().filter(|call| !call.allowed);
        Ok(refused.filter_map(|call| Some(format!("{} may not {} on {}", call.role()?, call.action, call.resource))).collect())
    }

    /// What roles are allowed, and what was done under them so far.
    ///
    /// # Errors
    /// If Terraform fails, or what it says can't be read.
    pub fn rights(&self) -> Result<Rights> {
        let state = tokio::task::block_in_place(|| self.terraform.state())?;
        Rights::read(&self.prefix, &state, &self.calls()?, &self.searches()?)
    }

    /// Holds plans (as `terraform show -json` tells them) against the policy scanner; answers with what it says.
    ///
    /// # Errors
    /// If a check fails that is not explained beside its resource.
    pub fn scan(&self, plans: &[PathBuf]) -> Result<String> {
        let output = tokio::task::block_in_place(|| Command::new(tree().join("scripts/terraform-scan")).args(plans).output())?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        Ok(said)
    }

    /// Every request to the search cluster so far.
    ///
    /// # Errors
    /// If they can't be read.
    pub fn searches(&self) -> Result<Vec<Search>> {
        calls::read(&self.folder.path().join("searches"))
    }
}

/// Names below `localhost` are this machine (RFC 6761, section 6.3), and not every system's resolver knows.
fn http_client(api_url: &str) -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let host = url::Url::parse(api_url).ok().and_then(|url| Some(url.host_str()?.to_owned()));
    Ok(match host.filter(|host| host.ends_with(".localhost")) {
        Some(host) => builder.resolve(&host, (std::net::Ipv4Addr::LOCALHOST, 0).into()).build()?,
        None => builder.build()?,
    })
}

/// What leads Terraform's provider to the account.
fn environment(url: &str, credentials: &Credentials) -> Vec<(String, String)> {
    [
        ("AWS_ENDPOINT_URL", url),
        ("AWS_ACCESS_KEY_ID", &credentials.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", &credentials.secret_access_key),
        ("AWS_REGION", REGION),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The checkout that these tests belong to.
#[must_use]
pub fn tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("/")).to_path_buf()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

/// Asks again and again until there is an answer, for at most two minutes.
///
/// # Errors
/// The probe's own, at once; or that what was waited for did not come.
pub async fn wait_until<T>(what: &str, mut probe: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let begin = Instant::now();
    loop {
        if let Some(found) = probe().await.with_context(|| what.to_owned())? {
            return Ok(found);
        }
        if begin.elapsed() > PATIENCE {
            bail!("this did not come true within {PATIENCE:?}: {what}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
