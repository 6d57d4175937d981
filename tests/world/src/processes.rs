//! The processes in which the emulator keeps functions warm. AWS ends idle ones when it likes; so do these tests, where a
//! process must not remember what it read.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};

/// Ends the idle processes of a function, found by what the emulator at `emulator_url` tells each in its environment. The
/// next event begins with a fresh one.
///
/// # Errors
/// If a process can't be ended.
pub(crate) fn end(emulator_url: &str, function: &str) -> Result<()> {
    let wanted = [format!("AWS_ENDPOINT_URL={emulator_url}"), format!("AWS_LAMBDA_FUNCTION_NAME={function}")];
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let Some(id) = path.file_name().and_then(|name| name.to_str()).filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) else {
            continue;
        };
        // Processes of others, and those that ended meanwhile, can't be read.
        let Ok(environment) = fs::read(path.join("environ")) else { continue };
        let variables: Vec<&[u8]> = environment.split(|byte| *byte == 0).collect();
        if wanted.iter().all(|wanted| variables.contains(&wanted.as_bytes())) {
            let status = Command::new("kill").args(["-9", id]).status().context("kill")?;
            ensure!(status.success() || !path.exists(), "the process {id} of {function} does not end");
            while is_running(&path) {
                std::thread::yield_now();
            }
        }
    }
    Ok(())
}

/// Neither gone nor waiting for the emulator to take note of its end.
fn is_running(process: &Path) -> bool {
    let status = fs::read_to_string(process.join("stat")).unwrap_or_default();
    let state = status.rsplit(") ").next().and_then(|rest| rest.chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}
