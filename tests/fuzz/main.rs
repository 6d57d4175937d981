//! Hostile input: one target for each thing that strangers' bytes reach first.
//!
//! A target is a function over bytes that panics where a property does not hold. It is run over its corpus
//! (`__fuzz__/TARGET/corpus`), then over inputs near that, made from a fixed seed; `cargo bolero` runs the same function
//! under a fuzzer that measures coverage. How: `docs/testing.md`.

mod cursors;
mod descriptors;
mod door;
mod engine;
mod grammar;
mod manifests;
mod paths;
mod printer;
mod signatures;
mod tokens;
mod told;

/// A test that runs a target: how many inputs near its corpus fit into a push is told beside it.
macro_rules! targets {
    ($($name:ident: $inputs:literal),* $(,)?) => {$(
        #[test]
        fn $name() {
            bolero::check!(name = stringify!($name)).with_iterations(0).for_each(|input: &[u8]| $name::holds(input));
            engine::near_the_corpus(stringify!($name), $inputs, $name::holds);
        }
    )*};
}

targets! {
    manifests: 150,
    grammar: 3_000,
    signatures: 1_500,
    tokens: 600,
    cursors: 250,
    paths: 4_000,
    descriptors: 200,
}
