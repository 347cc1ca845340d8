"""Schemas as Markdown: one table a struct, a field a row."""

import json
from collections.abc import Callable, Iterable
from typing import Final

from api.schema import Schema, referred

Link = Callable[[str], str]
"""From the name of a component, or nothing for the page of them, to where it is described."""

_TYPES: Final = {
    "string": "text",
    "integer": "whole number",
    "boolean": "true or false",
    "object": "texts by name",
}


def table(component: Schema, link: Link, common: frozenset[str] = frozenset()) -> str:
    """The fields of a struct; those in `common` are left to the page's beginning."""
    required = component.get("required", [])
    rows = [
        (f"`{name}`", _type(schema, link), _needed(name in required, schema), _meaning(schema))
        for name, schema in component["properties"].items()
        if name not in common
    ]
    return markdown(("field", "type", "", "meaning"), rows) if rows else "No further fields."


def markdown(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def fenced(value: object) -> str:
    """A value as a block of JSON."""
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"


def page(title: str, notice: str, sections: Iterable[str]) -> str:
    """A page: its title, who writes it, its sections."""
    return "\n\n".join([f"# {title}", notice, *sections]) + "\n"


def _type(schema: Schema, link: Link) -> str:
    if part := referred(schema):
        return f"{'list of ' if 'items' in schema else ''}[{part}]({link(part)})"
    options = [option for option in schema.get("anyOf", [schema]) if option != {"type": "null"}]
    if len(options) > 1 or "anyOf" in options[0]:
        return f"one of the [requests]({link('')})"
    return _plain(options[0])


def _plain(schema: Schema) -> str:
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list of {_plain(schema['items'])}"
    if schema.get("format") == "date-time":
        return "time"
    if schema.get("format") == "date":
        return "day"
    return _TYPES[schema["type"]]


def _needed(required: bool, schema: Schema) -> str:  # noqa: FBT001  a word of the row
    if required:
        return "required"
    default = schema.get("default")
    return f"default `{json.dumps(default)}`" if default else "optional"


def _meaning(schema: Schema) -> str:
    return str(schema["description"]).replace("\n", " ").replace("|", "\\|")
