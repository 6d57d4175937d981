//! On what, when and how figures were measured.

use std::fs;

use anyhow::Result;
use domain::ports::Clock as _;
use runtime::system::SystemClock;

/// Two lines for the document.
///
/// # Errors
/// If Linux does not tell.
pub fn describe(commit: &str) -> Result<String> {
    let processors = fs::read_to_string("/proc/cpuinfo")?;
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    let threads = std::thread::available_parallelism()?;
    let memory = field(&fs::read_to_string("/proc/meminfo")?, "MemTotal:");
    let gibibytes = memory.trim_end_matches(" kB").parse::<u64>()?.div_ceil(1024 * 1024);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    // Whatever else the machine did makes times longer.
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default();
    let today = SystemClock.now().to_string();
    Ok(format!(
        "Measured {} at commit {commit} by `scripts/bench` on {model}, {threads} hardware threads, {gibibytes} GiB, Linux {}; load before it {load}.\n",
        &today[..10],
        kernel.trim()
    ))
}

fn field(text: &str, name: &str) -> String {
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
}
