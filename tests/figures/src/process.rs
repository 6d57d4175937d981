//! What the kernel tells of another process.

use std::fs;

use anyhow::{Context as _, Result};

/// The bytes of a process that are in memory now, its program included (`VmRSS`).
///
/// # Errors
/// If there is no such process.
pub fn resident(id: u32) -> Result<u64> {
    status(id, "VmRSS:")
}

/// The most that were in memory at any time since it started (`VmHWM`).
///
/// # Errors
/// If there is no such process.
pub fn most_resident(id: u32) -> Result<u64> {
    status(id, "VmHWM:")
}

fn status(id: u32, field: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).with_context(|| format!("the process {id}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).context("Linux tells what is resident")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_never_had_less_in_memory_than_it_has() {
        let now = resident(std::process::id()).expect("Linux tells");
        let most = most_resident(std::process::id()).expect("Linux tells");
        assert!(now > 0 && most >= now, "{now} of {most}");
    }
}
