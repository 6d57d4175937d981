"""Writes the reference of the API out of its OpenAPI document, or says that it is stale."""

import json
import re
import sys
from pathlib import Path

from operations import METHODS, common_answers, operations_of
from schemas import anchor, schemas_of

BEGIN = "<!-- begin: written by scripts/api-reference -->"
END = "<!-- end: written by scripts/api-reference -->"


def operations(document):
    """All operations by tag: method, path, operation."""
    tags = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                (tag,) = methods[method]["tags"]
                tags.setdefault(tag, []).append((method, path, methods[method]))
    return dict(sorted(tags.items()))


def reference(document):
    """The lines between the markers."""
    tags = operations(document)
    every = [operation for group in tags.values() for _, _, operation in group]
    common = common_answers(every)
    lines = ["", "## Errors", "", "| status | means |", "|---|---|"]
    lines += [f"| {status} | {text} |" for status, text in sorted(common.items())]
    lines += ["", "Each operation names the errors that it can answer with. Their body is a [Problem](#problem)."]
    for tag, group in tags.items():
        lines += operations_of(tag, group, common)
    return [*lines, *schemas_of(document["components"]["schemas"]), ""]


def check_links(page):
    """Every link within the page has its heading, and each heading its own place."""
    places = [anchor(line.lstrip("# ")) for line in page.splitlines() if line.startswith("#")]
    doubled = sorted({place for place in places if places.count(place) > 1})
    dead = sorted(set(re.findall(r"\]\(#([^)]*)\)", page)) - set(places))
    if doubled or dead:
        raise SystemExit(f"docs/api-reference.md: headings twice {doubled}, links to nowhere {dead}")


def main(root, *arguments):
    """Writes or checks the page."""
    if arguments not in ((), ("--check",)):
        raise SystemExit("usage: scripts/api-reference [--check]")
    page = Path(root, "docs/api-reference.md")
    document = json.loads(Path(root, "openapi/datalake.json").read_text(encoding="utf-8"))
    old = page.read_text(encoding="utf-8")
    if old.count(BEGIN) != 1 or old.count(END) != 1:
        raise SystemExit(f"{page} needs each of these lines once:\n{BEGIN}\n{END}")
    before, rest = old.split(BEGIN)
    new = before + "\n".join([BEGIN, *reference(document), END]) + rest.split(END)[1]
    check_links(new)
    if arguments and old != new:
        raise SystemExit("docs/api-reference.md is stale: run scripts/api-reference")
    if not arguments:
        page.write_text(new, encoding="utf-8")
    print(f"docs/api-reference.md: {new.count(chr(10))} lines, {sum(map(len, operations(document).values()))} operations")


main(*sys.argv[1:])
