"""Proves that pulled files are the source's: every name, size and SHA-256.

usage: verify.py PULLED_FOLDER SOURCE_FOLDER…
PULLED_FOLDER holds one folder a package; each must equal one of the sources, and each source one of them.
"""

import hashlib
import pathlib
import sys


def files(folder: pathlib.Path) -> dict:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "datapackage.json":
            found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def main(pulled: pathlib.Path, sources: list) -> None:
    wanted = {tuple(sorted(files(source).items())): source.name for source in sources}
    got = {tuple(sorted(files(folder).items())): folder.name for folder in pulled.iterdir() if folder.is_dir()}
    if set(wanted) != set(got):
        for missing in set(wanted) - set(got):
            print(f"not found as it was sent: {wanted[missing]} ({len(missing)} files)", file=sys.stderr)
        sys.exit(1)
    print(f"{sum(map(len, wanted))} files in {len(wanted)} packages equal their source by SHA-256")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), [pathlib.Path(path) for path in sys.argv[2:]])
