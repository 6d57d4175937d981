//! One function in processes of its own: how soon it answers, and how much memory it keeps.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use figures::{median, process::resident};
use serde_json::Value;

use crate::{account::Account, functions::Function, platform::Platform};

/// Requests that a process answers.
const REQUESTS: usize = 500;

/// What is measured, and in which account.
pub(crate) struct Bench<'a> {
    /// The program.
    pub(crate) program: PathBuf,
    /// What stands in for AWS.
    pub(crate) account: &'a Account,
}

/// The figures of a function, or of one of its processes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// From the start of the process to its first answer.
    pub(crate) first_answer: Duration,
    /// How long it computed until then, on whichever processor: other processes make the first one longer, not this.
    pub(crate) computed: Duration,
    /// Resident bytes after that.
    pub(crate) resident_first: u64,
    /// Resident bytes after the last request.
    pub(crate) resident_last: u64,
}

/// Ends with its owner.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Bench<'_> {
    /// The medians of so many processes.
    pub(crate) async fn measure(&self, function: &Function, runs: usize) -> Result<Figures> {
        let mut all = Vec::with_capacity(runs);
        for _ in 0..runs {
            all.push(self.run(function).await.with_context(|| format!("the function '{}'", function.name))?);
        }
        let of = |figure: fn(&Figures) -> u64| median(all.iter().map(figure).collect());
        Ok(Figures {
            first_answer: median(all.iter().map(|figures| figures.first_answer).collect()),
            computed: median(all.iter().map(|figures| figures.computed).collect()),
            resident_first: of(|figures| figures.resident_first),
            resident_last: of(|figures| figures.resident_last),
        })
    }

    async fn run(&self, function: &Function) -> Result<Figures> {
        let mut platform = Platform::start(&function.event).await?;
        platform.invoke();
        let begin = Instant::now();
        let process = self.start(function, &platform)?;
        let answered = check(function, platform.answer().await?)?;
        let (computed, resident_first) = (computed(&process)?, resident(process.0.id())?);
        for _ in 1..REQUESTS {
            platform.invoke();
            check(function, platform.answer().await?)?;
        }
        Ok(Figures { first_answer: answered - begin, computed, resident_first, resident_last: resident(process.0.id())? })
    }

    fn start(&self, function: &Function, platform: &Platform) -> Result<Process> {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .envs(self.account.variables())
            .env("AWS_LAMBDA_RUNTIME_API", platform.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", format!("data-lake-{}", function.name))
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        // What it tells is shown: a function that is all right says nothing.
        Ok(Process(command.spawn().with_context(|| format!("can't start {}", self.program.display()))?))
    }
}

fn check(function: &Function, (at, answer): (Instant, Value)) -> Result<Instant> {
    ensure!((function.is_done)(&answer), "it answered {answer}");
    Ok(at)
}

/// The time that all threads of a process have had a processor.
fn computed(process: &Process) -> Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{}/task", process.0.id()))? {
        let told = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += told.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}
