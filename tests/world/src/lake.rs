//! The deployment that all worlds of this process share.

use std::{
    collections::BTreeMap,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
};

use anyhow::{Context as _, Result, anyhow};
use aws::account::Account;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use datalake_tests_stack::{Call, REGION, Root, Stack};
use domain::ports::{ObjectAddress, ObjectVersion, Objects as _, Scan, Table, Tables, Write, tables::Key};
use reqwest::Method;
use runtime::{
    lambda::{Setting, Settings},
    system::SystemClock,
};
use tokio::runtime::{Handle, Runtime};

use crate::{callers::Callers, direct::Routes, feed::Feed, issuer::Issuer, processes};

/// Rows of the settings table that are no settings: the key of cursors, which processes remember for good, and the heads
/// of audit chains.
const KEPT: [&str; 2] = ["secret", "chain"];

/// An applied root whose authorizer trusts tokens of [`Issuer`], and what these tests do with it by themselves.
pub struct Lake {
    pub(crate) stack: Stack,
    pub(crate) issuer: Issuer,
    pub(crate) told: Settings,
    pub(crate) feed: Feed,
    pub(crate) routes: Routes,
    pub(crate) callers: Callers,
    /// Settings or rules were written.
    pub(crate) configured: Arc<AtomicBool>,
    /// Processes may remember them.
    pub(crate) remembers: AtomicBool,
    functions: Vec<String>,
    runtime: Handle,
}

impl Lake {
    /// The one of this process; applied when it is first asked for. It ends with the process.
    ///
    /// # Panics
    /// If the stack can't be applied, with what to install.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<(Lake, Runtime)> = OnceLock::new();
        // A thread of its own: whoever asks is in a runtime already, and a runtime can't wait for another.
        let start = || {
            let runtime = Runtime::new()?;
            let lake = runtime.block_on(Self::start(runtime.handle().clone()))?;
            Ok::<_, anyhow::Error>((lake, runtime))
        };
        let begin = || match std::thread::spawn(start).join() {
            Ok(started) => started.unwrap_or_else(|error| panic!("the applied stack: {error:#}")),
            Err(panic) => std::panic::resume_unwind(panic),
        };
        &SHARED.get_or_init(begin).0
    }

    async fn start(runtime: Handle) -> Result<Self> {
        let issuer = Issuer::start().await?;
        let mut stack = Stack::prepared(Root::Cognito, datalake_tests_stack::PREFIX).await?;
        remove_at_the_end(stack.folder())?;
        let mut inputs = stack.inputs();
        inputs["jwks_url"] = issuer.jwks_url().into();
        stack.apply(&inputs).await?;
        // Its first run makes the key of cursors, for which no other function has the right.
        stack.fire_schedule().await?;
        let functions: Vec<String> = stack
            .output("function_names")
            .as_object()
            .context("names of functions")?
            .values()
            .filter_map(|name| Some(name.as_str()?.to_owned()))
            .collect();
        let told = told(&stack, &functions).await?;
        let feed = Feed::taken_over(stack.account().clone()).await?;
        let api_id = stack.api_url().split("//").nth(1).and_then(|host| host.split('.').next()).context("the API's id")?.to_owned();
        let routes = Routes::read(stack.account(), &api_id).await?;
        let (configured, remembers) = (Arc::default(), AtomicBool::default());
        Ok(Self { stack, issuer, told, feed, routes, callers: Callers::default(), configured, remembers, functions, runtime })
    }

    /// Does `work` where the lake's connections live, for tests have a runtime each that ends with them.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> T {
        match self.runtime.spawn(work).await {
            Ok(done) => done.unwrap_or_else(|error| panic!("{error:#}")),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// The same for who can't wait but block.
    pub(crate) fn run_blocking<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> T {
        let (tell, told) = mpsc::channel();
        self.runtime.spawn(async move { tell.send(work.await) });
        let done = told.recv().unwrap_or_else(|_| Err(anyhow!("the work was given up")));
        done.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// What every function was told by its environment.
    pub(crate) fn told(&self, setting: Setting) -> Result<&str> {
        self.told.get(setting).map_err(|error| anyhow!("{error}"))
    }

    /// The emulated account, as its administrator sees it. Each has connections of its own.
    pub(crate) async fn account(&self) -> Account {
        let key = self.stack.account().credentials();
        self.account_of(&key.access_key_id, &key.secret_access_key).await
    }

    async fn account_of(&self, access_key_id: &str, secret_access_key: &str) -> Account {
        let credentials = Credentials::new(access_key_id, secret_access_key, None, None, "test");
        let loader = aws_config::defaults(BehaviorVersion::latest()).credentials_provider(credentials).region(Region::new(REGION));
        Account::of(&loader.endpoint_url(self.stack.emulator_url()).load().await)
    }

    /// Leaves nothing of what was there.
    pub(crate) async fn clear(&self) -> Result<()> {
        let account = self.account().await;
        let tables: Arc<dyn Tables> = account.tables(self.told(Setting::Prefix)?);
        for table in Table::ALL {
            clear_table(&*tables, table).await?;
        }
        // The bucket's policy lets no administrator remove objects; nothing keeps the emulator's root from it.
        let (bucket, root) = (self.told(Setting::Bucket)?, self.account_of("test", "test").await);
        let objects = root.objects(self.told(Setting::SignerRoleArn)?, Arc::new(SystemClock));
        let exports = objects.list(bucket, "exports/", None).await?.objects;
        let address = |key| ObjectAddress { bucket: bucket.to_owned(), key };
        let exports: Vec<_> = exports.into_iter().map(|info| ObjectVersion { address: address(info.key), version: info.version }).collect();
        if !exports.is_empty() {
            objects.delete_many(&exports).await?;
        }
        self.search("_delete_by_query?refresh=true&conflicts=proceed&ignore_unavailable=true", r#"{"query":{"match_all":{}}}"#).await?;
        self.configured.store(false, Ordering::SeqCst);
        if self.remembers.swap(false, Ordering::SeqCst) {
            self.end_all()?;
        }
        self.feed.forget().await
    }

    /// Asks the search cluster about all indexes of the deployment.
    pub(crate) async fn search(&self, what: &str, body: &'static str) -> Result<()> {
        let url = format!("{}/{}-packages*/{what}", self.told(Setting::SearchEndpoint)?, self.told(Setting::Prefix)?);
        let request = self.stack.http().post(url).header("content-type", "application/json").body(body);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// Ends the processes of a function, named as the folder below `functions/` or as deployed.
    pub(crate) fn end(&self, function: &str) -> Result<()> {
        processes::end(&self.stack.emulator_url(), function)
    }

    /// Has every function begin anew.
    pub(crate) fn end_all(&self) -> Result<()> {
        self.functions.iter().try_for_each(|function| self.end(function))
    }

    /// Ends the idle processes of a function (named as in the output `function_names`): the next event begins with a fresh one.
    ///
    /// # Panics
    /// If there is no such function, or a process does not end.
    pub fn begin_anew(&self, function: &str) {
        let ended = self.function(function).and_then(|name| self.end(name));
        ended.unwrap_or_else(|error| panic!("{error:#}"));
    }

    /// Every call to AWS so far, whoever made it.
    ///
    /// # Panics
    /// If they can't be read.
    pub fn calls(&self) -> Vec<Call> {
        self.stack.calls().unwrap_or_else(|error| panic!("the calls so far: {error:#}"))
    }

    /// The role of a function.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn role(&self, function: &str) -> String {
        let name = self.function(function).unwrap_or_else(|error| panic!("{error:#}"));
        format!("{name}-{REGION}")
    }

    /// The deployed name of a function.
    pub(crate) fn function(&self, short: &str) -> Result<&str> {
        self.stack.output("function_names")[short].as_str().with_context(|| format!("no function {short}"))
    }
}

/// Removes the folder when this process ends, however it does: what is shared by all tests is never dropped.
fn remove_at_the_end(folder: &Path) -> Result<()> {
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"cat >/dev/null; rm -rf "$1""#, "sh"]).arg(folder).process_group(0);
    let watcher = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("a shell (sh)")?;
    // The other end of its input is open as long as this process is.
    std::mem::forget(watcher);
    Ok(())
}

/// The environment of all functions: where two are told the same thing, they are told it alike.
async fn told(stack: &Stack, functions: &[String]) -> Result<Settings> {
    let mut variables = BTreeMap::new();
    for function in functions {
        let path = format!("/2015-03-31/functions/{function}/configuration");
        let answer = stack.account().rest("lambda", Method::GET, &path, None).await?;
        for (name, value) in answer["Environment"]["Variables"].as_object().into_iter().flatten() {
            variables.insert(name.clone(), value.as_str().unwrap_or_default().to_owned());
        }
    }
    Ok(Settings::from_variables(|name| variables.get(name).cloned()))
}

async fn clear_table(tables: &dyn Tables, table: Table) -> Result<()> {
    let mut after = None;
    loop {
        let page = tables.scan(Scan { table, segment: 0, segments: 1, limit: 1_000, after }).await?;
        let keys = page.items.iter().map(|item| Key::of(table, item)).collect::<domain::PortResult<Vec<_>>>()?;
        let gone = keys.into_iter().filter(|key| table != Table::Settings || !KEPT.contains(&key.partition.as_str()));
        let deletes: Vec<Write> = gone.map(|key| Write::Delete { table, key, condition: None }).collect();
        for chunk in deletes.chunks(25) {
            tables.write_many(chunk.to_vec()).await?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}
