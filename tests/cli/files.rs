//! Files to push.

use std::{iter, path::PathBuf};

use datalake_tests_machine::Lake;

/// Bytes that differ everywhere, the same each time.
pub(crate) fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    iter::repeat_with(next).flatten().take(length).collect()
}

/// A new folder of the lake's with these files.
pub(crate) fn write_folder(lake: &Lake, name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    for (file, content) in files {
        lake.write(&format!("{name}/{file}"), content).expect("written");
    }
    lake.path(name)
}

/// A folder of real files, 42.6 MB in 73 of them; made ones of that kind where nothing is to be fetched.
pub(crate) fn real_files(lake: &Lake) -> PathBuf {
    if !test_servers::left_out("npm, for real files: made ones take their place") {
        return test_servers::npm_package("vega-datasets", "3.2.1").join("data");
    }
    for number in 0..73 {
        let length = if number % 10 == 0 { 4_000_000 } else { 1_000 << (number % 9) };
        let name = format!("made/{number}.bin");
        lake.write(&name, &bytes(number, length)).expect("written");
    }
    lake.path("made")
}
