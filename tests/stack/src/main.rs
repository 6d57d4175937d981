//! Applies a root to the emulator and keeps it running, for `scripts/demo --aws`.

fn main() {}
