"""Schemas as Markdown: a type's name for a table's cell, and the chapter of all types."""

PREFIX = "#/components/schemas/"


def cell(text):
    """Text in one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def described(holder, where):
    """A description for a cell; nobody goes without."""
    if not holder.get("description"):
        raise SystemExit(f"{where} has no description")
    return cell(holder["description"])


def explained(schema):
    """A field's schema with its description, which of null and its type the type has."""
    return next((choice for choice in schema.get("oneOf", []) if "description" in choice), schema)


def anchor(heading):
    """Where GitHub puts a heading."""
    return "".join(letter for letter in heading.lower().replace(" ", "-") if letter.isalnum() or letter in "-_")


def linked(text, heading):
    """A link within the page."""
    return f"[{text}](#{anchor(heading)})"


def kind(schema):
    """A schema's type for a cell; what has a name is a link."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(PREFIX)
        return linked(name, name)
    if "oneOf" in schema:
        return " or ".join(kind(choice) for choice in schema["oneOf"] if choice.get("type") != "null")
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    types = schema.get("type", "any")
    types = [types] if isinstance(types, str) else types
    return " or ".join(simple(name, schema) for name in types if name != "null")


def simple(name, schema):
    """A plain type with its limits."""
    if name == "array":
        limit = f", at most {schema['maxItems']}" if "maxItems" in schema else ""
        return f"list of {kind(schema['items'])}{limit}"
    if name == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {kind(schema['additionalProperties'])} by name"
    return {"date-time": "time", "date": "date"}.get(schema.get("format"), name)


def fields(name, schema):
    """The rows of an object's fields."""
    needed = schema.get("required", [])
    for field, what in schema.get("properties", {}).items():
        always = "always" if field in needed else ""
        # A constant explains itself.
        text = cell(what.get("description", "")) if "enum" in what else described(explained(what), f"{name}.{field}")
        yield f"| `{field}` | {kind(what)} | {always} | {text} |"


def content(name, schema):
    """What stands below a type's description."""
    if "oneOf" in schema:
        for choice in schema["oneOf"]:
            yield from ["", f"Either: {cell(choice.get('description', ''))}", *content(name, choice)]
    elif "allOf" in schema:
        own = [part for part in schema["allOf"] if "$ref" not in part]
        others = [kind(part) for part in schema["allOf"] if "$ref" in part]
        yield from ["", f"All fields of {', '.join(others)}, and:"]
        for part in own:
            yield from content(name, part)
    elif schema.get("properties"):
        yield from ["", "| field | type | | |", "|---|---|---|---|", *fields(name, schema)]
    else:
        yield from ["", f"A value: {kind(schema)}."]


def schemas_of(schemas):
    """The chapter of all types."""
    lines = ["", "## Types", "", "Fields marked \"always\" are always there: in answers they are sent, in requests they are required."]
    for name, schema in sorted(schemas.items()):
        lines += ["", f"### {name}", "", described(schema, name), *content(name, schema)]
    return lines
