# How programs are built for a release. Sourced by scripts that build or measure them, after lib.sh.

# A build of its own kind in a folder of its own: other flags would make the development build start anew.
release_target() { printf '%s\n' "${DATALAKE_PACKAGE_TARGET:-${CARGO_TARGET_DIR:-$root/target}/package}"; }

# release_build ARGUMENT…: `cargo build` with these. No path of this machine gets into a program: libraries and what is
# generated for them go by one name wherever they are, and our own sources are named from the root of the tree anyway.
release_build() {
    local target flags
    target=$(release_target)
    flags="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$target=/target"
    CARGO_TARGET_DIR="$target" RUSTFLAGS="$flags" CARGO_INCREMENTAL=0 cargo build --locked --quiet "$@"
}

# function_packages: arguments that name the packages of all functions, whichever programs are wanted. Features of what is
# built together unify, and a program must not depend on what is built beside it.
function_packages() {
    local main
    for main in "$root"/functions/*/src/main.rs; do
        printf -- '--package\ndatalake-function-%s\n' "$(basename "$(dirname "$(dirname "$main")")")"
    done
}
