"""Packs function binaries as Lambda wants them: one file `bootstrap` in a zip, the same bytes from the same program.

usage: pack.py --newest-glibc VERSION --binaries FOLDER --into FOLDER [--level 1-9] FUNCTION…
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

# The first moment that a zip can name: a time of the build would differ with each one.
EPOCH = (1980, 1, 1, 0, 0, 0)
EXECUTABLE = 0o100755


def newest_symbol(binary: pathlib.Path) -> tuple[int, ...]:
    """The newest version of the GNU C library that the program asks for."""
    if not binary.is_file():
        sys.exit(f"error: there is no program {binary}: build it first, as scripts/package does.")
    table = subprocess.run(["objdump", "-T", binary], capture_output=True, text=True)
    versions = {tuple(map(int, version.split("."))) for version in re.findall(r"GLIBC_([0-9.]+)", table.stdout)}
    if not versions:
        sys.exit(f"error: {binary} is no program that is linked with the GNU C library, so its version can't be checked. "
                 f"{table.stderr.strip()}")
    return max(versions)


def stripped(binary: pathlib.Path) -> bytes:
    """The program without symbols and debug information."""
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(["strip", "--strip-all", "-o", file.name, binary], check=True)
        return pathlib.Path(file.name).read_bytes()


def pack(program: bytes, archive: pathlib.Path, level: int) -> None:
    """Writes `archive` with the program as its only file."""
    entry = zipfile.ZipInfo("bootstrap", EPOCH)
    entry.external_attr = EXECUTABLE << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(entry, program, compresslevel=level)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--newest-glibc", required=True)
    parser.add_argument("--binaries", required=True, type=pathlib.Path)
    parser.add_argument("--into", required=True, type=pathlib.Path)
    parser.add_argument("--level", type=int, default=9, help="of compression")
    parser.add_argument("functions", nargs="+")
    arguments = parser.parse_args()
    newest = tuple(map(int, arguments.newest_glibc.split(".")))
    arguments.into.mkdir(parents=True, exist_ok=True)
    print(f"{'function':<16}{'zip bytes':>12}{'program':>12}  glibc")
    for function in arguments.functions:
        binary = arguments.binaries / f"datalake-function-{function}"
        needed = newest_symbol(binary)
        if needed > newest:
            sys.exit(f"error: {function} needs glibc {'.'.join(map(str, needed))}; the platform has {arguments.newest_glibc}. "
                     "Build on a system with an older glibc, or with cargo-zigbuild.")
        program = stripped(binary)
        archive = arguments.into / f"{function}.zip"
        pack(program, archive, arguments.level)
        print(f"{function:<16}{archive.stat().st_size:>12,}{len(program):>12,}  {'.'.join(map(str, needed))}")


if __name__ == "__main__":
    main()
