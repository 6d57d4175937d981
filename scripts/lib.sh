# Shared by the scripts beside it: where caches are, and one line for every step. Sourced, not run.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/datalake"
mkdir -p "$cache"

say() { printf '%s\n' "$*"; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# need COMMAND HINT: says in one line how to get what is missing.
need() { command -v "$1" >/dev/null 2>&1 || fail "$1 is missing: $2"; }

# Installs packages of the distribution, where it has apt and we may.
distribution() {
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    else
        fail "missing packages: install $* with your system's package manager"
    fi
}

# python_environment NAME REQUIREMENT…: a virtual environment with these packages, made once and kept in the cache.
python_environment() {
    local name=$1
    shift
    local key folder
    key=$(printf '%s\n' "$@" | sha256sum | cut -c1-16)
    folder="$cache/python/$name-$key"
    mkdir -p "$cache/python"
    (
        # Two may want it at once: a step of scripts/test, and a test beside it.
        if command -v flock >/dev/null 2>&1; then flock 9; fi
        # In a substitution bash does not end at what fails: each step asks for the one before.
        [ -e "$folder/.complete" ] || {
            rm -rf "$folder" && python3 -m venv "$folder" >&2 &&
                "$folder/bin/pip" install --quiet --disable-pip-version-check "$@" >&2 && touch "$folder/.complete"
        }
    ) 9>"$folder.lock" || fail "can't install $*"
    printf '%s\n' "$folder"
}
