"""Writes the tables of inputs and outputs into READMEs of Terraform modules, or says which are stale."""

import json
import sys
from pathlib import Path

import hcl2

BEGIN = "<!-- begin: written by scripts/terraform-docs -->"
END = "<!-- end: written by scripts/terraform-docs -->"


def unquoted(text):
    """A name or text as the parser gives it, without its quotes."""
    return json.loads(text) if text.startswith('"') and text.endswith('"') else text


def expression(value):
    """An expression as it would be written: without the parser's marks around it."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[2:-1] if text.startswith("${") and text.endswith("}") else text


def blocks(folder, kind):
    """The blocks of one kind in all files of a folder, by name."""
    found = {}
    for path in sorted(folder.glob("*.tf")):
        with path.open(encoding="utf-8") as file:
            for block in hcl2.load(file).get(kind, []):
                found.update({unquoted(name): body for name, body in block.items()})
    return dict(sorted(found.items()))


def described(body, where):
    """A block's description in one line of a table; nobody goes without."""
    if "description" not in body:
        raise ValueError(f"{where} has no description")
    return " ".join(unquoted(body["description"]).split()).replace("|", "\\|")


def code(text):
    """Code in a cell of a table."""
    return f"`{text}`".replace("|", "\\|")


def inputs(folder):
    """The table of inputs."""
    variables = blocks(folder, "variable")
    if not variables:
        return ["None."]
    rows = ["| name | type | default | what |", "|---|---|---|---|"]
    for name, body in variables.items():
        default = code(expression(body["default"])) if "default" in body else "required"
        kind = code(expression(body.get("type", "any")))
        rows.append(f"| {code(name)} | {kind} | {default} | {described(body, f'{folder.name}: variable {name}')} |")
    return rows


def outputs(folder):
    """The table of outputs."""
    values = blocks(folder, "output")
    if not values:
        return ["None."]
    rows = ["| name | what |", "|---|---|"]
    rows += [f"| {code(name)} | {described(body, f'{folder.name}: output {name}')} |" for name, body in values.items()]
    return rows


def rendered(folder):
    """The README as it should be."""
    readme = folder / "README.md"
    if not readme.exists():
        raise ValueError(f"{folder.name}: README.md is missing")
    text = old = readme.read_text(encoding="utf-8")
    if BEGIN not in text and END not in text:
        text = f"{text.rstrip()}\n\n{BEGIN}\n{END}\n"
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{folder.name}: README.md needs each of these lines once:\n{BEGIN}\n{END}")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    tables = ["## Inputs", "", *inputs(folder), "", "## Outputs", "", *outputs(folder)]
    return readme, old, before + "\n".join([BEGIN, *tables, END]) + after


def main(root, *arguments):
    """Writes or checks every README."""
    if arguments not in ((), ("--check",)):
        raise SystemExit("usage: scripts/terraform-docs [--check]")
    folders = sorted({path.parent for base in ("modules", "terraform") for path in Path(root, base).glob("*/*.tf")})
    stale, wrong = [], []
    for folder in folders:
        try:
            readme, old, new = rendered(folder)
        except ValueError as error:
            wrong.append(str(error))
            continue
        if old == new:
            continue
        stale.append(str(readme.relative_to(root)))
        if not arguments:
            readme.write_text(new, encoding="utf-8")
    if arguments and stale:
        wrong.append(f"stale, run scripts/terraform-docs: {', '.join(stale)}")
    if wrong:
        raise SystemExit("\n".join(wrong))
    print(f"{len(folders)} READMEs, {len(stale)} {'stale' if arguments else 'written'}")


main(*sys.argv[1:])
