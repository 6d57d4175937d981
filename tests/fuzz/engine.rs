//! Runs a target over inputs near its corpus: each is one of its files with a few edits.

use std::{fs, path::PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, RngSeed, TestError, TestRunner},
};

/// Every push tries the same inputs; the long run tries others each time. Keys and signatures that a target makes are other
/// ones at every run.
const SEED: u64 = 5;
/// The long run tries so many times as many.
const LONG: u32 = 40;
/// The longest input.
const LONGEST: usize = 64 * 1024;
/// A corpus of fewer files has been lost on its way.
const FEWEST: usize = 10;

/// What has a meaning in one of the formats, or is read differently by different programs.
const TOKENS: &[&str] = &[
    "\0",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{feff}",
    "\u{200b}",
    "\u{202e}",
    "\u{2028}",
    "\u{301}",
    "e\u{301}",
    "\u{e9}",
    "\u{130}",
    "\u{df}",
    "\u{fb01}",
    "\u{ffff}",
    "\u{fffe}",
    "\u{10ffff}",
    "\u{1f30a}",
    "\u{2019}",
    "\"",
    "\"\"",
    "'",
    "\\",
    "\\u0000",
    "/",
    "//",
    "../",
    "/..",
    "./",
    "%",
    "%2e%2e%2f",
    "%00",
    "%zz",
    "+",
    " ",
    "  ",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    ";",
    "=",
    "&",
    "*",
    "**",
    "?",
    "~",
    "(",
    ")",
    "-",
    "--",
    "NOT ",
    " AND ",
    " OR ",
    "..",
    ">=",
    "<",
    "0",
    "-0",
    "1e308",
    "1e-400",
    "NaN",
    "18446744073709551616",
    "-9223372036854775808",
    "null",
    "true",
    "[[[[",
    "{\"a\":",
    "s3://",
    "s3://lake/raw/",
    "lake,raw/",
    "raw/",
    "tag:",
    "name:",
    "level:",
    "bytes:",
    "created:",
    "2026-02-30",
    "\"alg\":\"none\"",
    "\"kid\":\"key-1\"",
    "\"exp\":9e99",
    "Bearer ",
    "Credential=",
    "SignedHeaders=",
    "Signature=",
    "host;",
    "x-amz-date",
    "aws4_request",
    "UNSIGNED-PAYLOAD",
];

#[derive(Clone, Debug)]
enum Edit {
    Insert(Index, &'static str),
    Remove(Index, usize),
    Replace(Index, u8),
    Repeat(Index, usize, usize),
    /// The rest of another file from a place on.
    Graft(Index, Index, Index),
    Cut(Index),
}

/// Tries inputs near the corpus of `target`, and keeps the smallest at which it does not hold.
#[expect(clippy::print_stderr, reason = "what runs the corpus swallows what panics say")]
pub(crate) fn near_the_corpus(target: &str, inputs: u32, holds: fn(&[u8])) {
    let seeds = corpus(target);
    assert!(seeds.len() >= FEWEST, "{target} has a corpus of {} files only", seeds.len());
    let long = !test_servers::only_long("trying many more inputs, other ones each time");
    let (cases, rng_seed) = if long { (inputs * LONG, RngSeed::Random) } else { (inputs, RngSeed::Fixed(SEED)) };
    let config = Config { cases, rng_seed, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let inputs = (any::<Index>(), vec(edit(), 1..6)).prop_map(move |(seed, edits)| {
        let seed = seeds[seed.index(seeds.len())].1.clone();
        edits.iter().fold(seed, |input, edit| edit.apply(input, &seeds))
    });
    let outcome = TestRunner::new(config).run(&inputs, |input| {
        holds(&input);
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, input)) => {
            let path = keep(target, &input);
            eprintln!("{target} does not hold: {why}\nThe input is {}:\n{}", path.display(), input.escape_ascii());
            panic!("{target} does not hold: {why}");
        }
        Err(TestError::Abort(why)) => panic!("{target} could not be tried: {why}"),
    }
}

/// Names and contents, in the order of names, so that each run has the same inputs.
pub(crate) fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = folder(target).join("corpus");
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found: Vec<(String, Vec<u8>)> = files
        .map(|file| {
            let path = file.expect("a file of the corpus").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read(&path).expect("a file that can be read"))
        })
        .collect();
    found.sort();
    found
}

/// Into the folder that is tried first from now on.
fn keep(target: &str, input: &[u8]) -> PathBuf {
    let folder = folder(target).join("crashes");
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(&hex::encode(digest(&SHA256, input))[..16]);
    fs::write(&path, input).expect("a file");
    path
}

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("__fuzz__").join(target)
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), select(TOKENS)).prop_map(|(at, token)| Edit::Insert(at, token)),
        2 => (at(), 1..=24_usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        2 => (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Replace(at, byte)),
        2 => (at(), 1..=24_usize, 2..=200_usize).prop_map(|(at, length, times)| Edit::Repeat(at, length, times)),
        2 => (at(), at(), at()).prop_map(|(seed, from, at)| Edit::Graft(seed, from, at)),
        1 => at().prop_map(Edit::Cut),
    ]
}

impl Edit {
    fn apply(&self, mut input: Vec<u8>, seeds: &[(String, Vec<u8>)]) -> Vec<u8> {
        let place = |at: &Index| at.index(input.len() + 1);
        match self {
            Self::Insert(at, token) => {
                let at = place(at);
                input.splice(at..at, token.bytes());
            }
            Self::Remove(at, length) => {
                let at = place(at);
                input.drain(at..input.len().min(at + length));
            }
            Self::Replace(at, byte) => {
                let at = place(at);
                if let Some(there) = input.get_mut(at) {
                    *there = *byte;
                }
            }
            Self::Repeat(at, length, times) => {
                let at = place(at);
                let piece = input[at..input.len().min(at + length)].repeat(*times);
                input.splice(at..at, piece);
            }
            Self::Graft(seed, from, at) => {
                let other = &seeds[seed.index(seeds.len())].1;
                let at = place(at);
                input.truncate(at);
                input.extend_from_slice(&other[from.index(other.len() + 1)..]);
            }
            Self::Cut(at) => input.truncate(place(at)),
        }
        input.truncate(LONGEST);
        input
    }
}
