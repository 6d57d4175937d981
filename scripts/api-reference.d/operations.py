"""Operations as Markdown."""

from schemas import cell, described, kind, linked

METHODS = ("get", "post", "put", "patch", "delete")


def title(method, path):
    """An operation's heading."""
    return f"{method.upper()} {path}"


def is_error(status):
    """Whether a status tells of an error."""
    return status >= "400"


def common_answers(operations):
    """What error statuses mean, where they mean the same everywhere."""
    found = {}
    for operation in operations:
        for status, answer in operation["responses"].items():
            if is_error(status):
                found.setdefault(status, set()).add(answer["description"])
    return {status: next(iter(texts)) for status, texts in found.items() if len(texts) == 1}


def parameters(operation):
    """The table of what path, query and headers take."""
    given = operation.get("parameters", [])
    if not given:
        return []
    lines = ["", "| parameter | in | type | |", "|---|---|---|---|"]
    for parameter in given:
        text = described(parameter, f"{operation['operationId']}: parameter {parameter['name']}")
        needed = "Required. " if parameter.get("required") and parameter["in"] != "path" else ""
        lines.append(f"| `{parameter['name']}` | {parameter['in']} | {kind(parameter['schema'])} | {needed}{text} |")
    return lines


def contents(holder):
    """The types of a body: its schema, and the media type where it is not JSON."""
    named = []
    for media, content in holder.get("content", {}).items():
        suffix = "" if media == "application/json" else f" (`{media}`)"
        named.append((kind(content["schema"]) if "schema" in content else "bytes") + suffix)
    return " or ".join(named)


def body(operation):
    """The line about the request's body."""
    if "requestBody" not in operation:
        return []
    optional = "" if operation["requestBody"].get("required") else " (may be absent)"
    return ["", f"Body: {contents(operation['requestBody'])}{optional}"]


def answers(operation, common):
    """The table of answers, and the list of errors."""
    lines = ["", "| answer | body | |", "|---|---|---|"]
    errors = []
    for status, answer in sorted(operation["responses"].items()):
        if is_error(status) and status in common:
            errors.append(status)
        else:
            lines.append(f"| {status} | {contents(answer)} | {cell(answer['description'])} |")
    return [*lines, "", f"Errors: {', '.join(errors) or 'none of its own'}"]


def one(method, path, operation, common):
    """The section of one operation."""
    lines = ["", f"### {title(method, path)}", "", operation["summary"]]
    if "description" in operation:
        lines += ["", operation["description"]]
    access = "" if operation.get("security") else " Needs no sign-in."
    lines += ["", f"Operation `{operation['operationId']}`.{access}"]
    return [*lines, *parameters(operation), *body(operation), *answers(operation, common)]


def operations_of(tag, group, common):
    """The chapter of a tag: a table of its operations, then each."""
    lines = ["", f"## Operations: {tag}", "", "| operation | |", "|---|---|"]
    for method, path, operation in group:
        heading = title(method, path)
        lines.append(f"| {linked(f'`{heading}`', heading)} | {cell(operation['summary'])} |")
    for method, path, operation in group:
        lines += one(method, path, operation, common)
    return lines
