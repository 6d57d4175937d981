//! The guides' commands and programs, run as a reader runs them: in the guide's order, in one shell, against a real server.
//!
//! In a guide `<!-- run -->` stands before a block that is run, `<!-- run: three lines -->` before one that must not grow, and
//! `<!-- prints -->` before what the block above printed, where `…` stands for any word.

use std::{fmt::Write as _, fs, os::unix::fs::symlink, path::Path, process::Stdio};

use datalake_tests_machine::{Lake, PATIENCE, program};
use tokio::process::Command;

/// What the guides tell their readers to install, and the extension for links that is fetched otherwise when it is first needed.
const PACKAGES: [&str; 4] = ["duckdb==1.5.5", "duckdb-extension-httpfs==1.5.5", "pandas==3.1.1", "pyarrow==26.0.1"];

/// A fenced block with the mark before it.
#[derive(Debug)]
struct Block<'a> {
    mark: &'a str,
    language: &'a str,
    text: String,
}

/// All marked blocks of a guide.
fn blocks(guide: &str) -> Vec<Block<'_>> {
    let mut lines = guide.lines().filter(|line| !line.is_empty());
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let Some(mark) = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->")) else { continue };
        let language = lines.next().and_then(|line| line.strip_prefix("```")).expect("a fenced block behind its mark");
        let mut text = String::new();
        for line in lines.by_ref().take_while(|line| *line != "```") {
            writeln!(text, "{line}").expect("a string takes all");
        }
        found.push(Block { mark, language, text });
    }
    found
}

/// A guide as one shell script, and what its steps must print.
#[derive(Default)]
struct Script {
    text: String,
    /// Python that is not yet in the script: blocks that follow each other are one program.
    python: String,
    steps: usize,
    expected: Vec<(usize, String)>,
}

impl Script {
    fn of(guide: &str) -> Self {
        let mut script = Self::default();
        for block in blocks(guide) {
            match (block.mark, block.language) {
                ("run: three lines", "python") => {
                    assert_eq!(block.text.lines().count(), 3, "the guide promises three lines: {}", block.text);
                    script.python.push_str(&block.text);
                }
                ("run", "python") => script.python.push_str(&block.text),
                ("run", "sh") => {
                    script.end_python();
                    script.step(&block.text);
                }
                ("prints", "text") => {
                    script.end_python();
                    script.expected.push((script.steps, block.text));
                }
                (mark, language) => panic!("nobody runs {language} marked as '{mark}'"),
            }
        }
        script.end_python();
        script
    }

    fn step(&mut self, commands: &str) {
        self.steps += 1;
        writeln!(self.text, "{{\n{commands}}} >said.{}", self.steps).expect("a string takes all");
    }

    fn end_python(&mut self) {
        if !self.python.is_empty() {
            let program = std::mem::take(&mut self.python);
            self.step(&format!("python -B - <<'PYTHON'\n{program}PYTHON\n"));
        }
    }
}

/// Whether both have the same words, line by line; `…` is any word.
fn same_words(said: &str, expected: &str) -> bool {
    let words = |text: &str| -> Vec<Vec<String>> {
        let lines = text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect());
        lines.filter(|line: &Vec<String>| !line.is_empty()).collect()
    };
    let same = |said: &Vec<String>, expected: &Vec<String>| {
        said.len() == expected.len() && said.iter().zip(expected).all(|(said, expected)| expected == "…" || said == expected)
    };
    let (said, expected) = (words(said), words(expected));
    said.len() == expected.len() && said.iter().zip(&expected).all(|(said, expected)| same(said, expected))
}

/// Runs a guide to its end; each step that the guide says the output of must have printed that.
async fn run(lake: &Lake, guide: &str, prepare: &str) {
    let script = Script::of(guide);
    let folder = lake.path("reader");
    fs::create_dir_all(folder.join("bin")).expect("a folder");
    symlink(program("datalake").expect("built"), folder.join("bin/datalake")).expect("a link");
    let text = format!("export HOME=\"$PWD\" PATH=\"$PWD/bin:$PATH\"\n{prepare}\n{}", script.text);
    fs::write(folder.join("guide.sh"), text).expect("written");

    let datalake = lake.command_line(lake.ann()).expect("built");
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "guide.sh"]).current_dir(&folder).stdin(Stdio::null()).kill_on_drop(true);
    for (name, value) in datalake.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let output = tokio::time::timeout(PATIENCE, shell.output()).await.expect("it ends").expect("install bash");
    let said = |step: usize| fs::read_to_string(folder.join(format!("said.{step}"))).unwrap_or_default();
    let last = (1..=script.steps).rev().find(|step| folder.join(format!("said.{step}")).exists()).unwrap_or_default();
    assert!(output.status.success(), "step {last} said\n{}\n{}", said(last), String::from_utf8_lossy(&output.stderr));
    assert_eq!(last, script.steps, "every step has run");
    for (step, expected) in &script.expected {
        assert!(same_words(&said(*step), expected), "step {step} printed\n{}\ninstead of\n{expected}", said(*step));
    }
}

#[tokio::test]
async fn the_stewards_guide_does_what_it_says() {
    if test_servers::left_out("curl") {
        return;
    }
    let mut lake = Lake::start().await.expect("a lake");
    for name in ["reports/may.csv", "reports/june.csv", "2025/a.csv", "2026/a.csv"] {
        lake.write(&format!("partners/{name}"), b"gauge,level\nSlubice,214\n").expect("written");
    }
    lake.stop().await.expect("stopped");
    lake.set_arguments(&["--import-root", &format!("partners={}", lake.path("partners").display())]);
    lake.serve().await.expect("serves");
    run(&lake, include_str!("../../../docs/guide-steward.md"), "").await;
}

#[tokio::test]
async fn three_lines_bring_a_package_into_pandas_and_duckdb() {
    if test_servers::left_out("pandas and duckdb") {
        return;
    }
    let guide = include_str!("../../../docs/guide-data-scientist.md");
    let promised = blocks(guide).iter().filter(|block| block.mark == "run: three lines").count();
    assert_eq!(promised, 4, "CSV and Parquet, in pandas and in DuckDB");
    let environment = tokio::task::spawn_blocking(|| test_servers::python_environment(&PACKAGES)).await.expect("a Python environment");
    let extension = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/duckdb_httpfs.py");
    let prepare = format!("export PATH='{}':\"$PATH\"\npython -B '{}'", environment.join("bin").display(), extension.display());
    run(&Lake::start().await.expect("a lake"), guide, &prepare).await;
}

#[test]
fn output_that_differs_in_a_word_or_a_line_is_not_the_same() {
    assert!(same_words("a  1.5\nb 2\n\n", "a …\nb 2\n"));
    for other in ["a …\n", "a …\nb 3\n", "a …\nb 2 c\n", "a …\nb 2\nc\n"] {
        assert!(!same_words("a 1.5\nb 2\n", other), "{other}");
    }
}
