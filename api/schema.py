"""The OpenAPI components of what channels send and get back, made from the structs themselves.

The structs say names, types and defaults; the door's rules add what a value must be; the examples
stand beside. JSON Schema cannot say all that the door checks (a currency with every price, a
GTIN's check digit): what these schemas refuse the door refuses too, not the other way round.
"""

from inspect import cleandoc
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from ledger.domain import requests
from ledger.domain.events import RefusedLine
from ledger.domain.words import MAX_LINES, Reason
from ledger.door.relations import RELATIONS
from ledger.door.relations.lines import has_some
from ledger.door.rules import plan_of, rule_of
from ledger.examples import EXAMPLES

Schema = dict[str, Any]
Components = dict[str, Schema]

REF_TEMPLATE: Final = "#/components/schemas/{name}"
_REQUIRED_BY_THE_DOOR: Final = {"AdjustStock": "reason"}


def request_schemas() -> tuple[Components, Schema]:
    """(components by name, schema of one request): the second is a union of the first's types."""
    [body], components = schemas_of(requests.AnyRequest)
    for name, component in components.items():
        _complete(component, getattr(requests, name), components)
    for example in EXAMPLES:
        _component_of(body, components, str(example["type"]))["examples"] = [example]
    body["description"] = "One request; `type` says which."
    body["oneOf"] = body.pop("anyOf")
    return components, body


def batch_schema(body: Schema) -> Schema:
    """A JSON array of requests; NDJSON holds the same, one a line."""
    return {
        "type": "array",
        "items": body,
        "description": "Requests, decided in order; each gets its own answer.",
    }


def named_examples() -> dict[str, Schema]:
    """One example a request type, for the `examples` of a media type."""
    components, body = request_schemas()
    return {
        kind: {
            "summary": _component_of(body, components, kind)["description"],
            "value": example,
        }
        for example in EXAMPLES
        for kind in [str(example["type"])]
    }


def answer_schemas() -> Components:
    """The components `Answer`, `Problem` and what they are made of."""
    _, components = schemas_of(RefusedLine)
    hit = components["RefusedLine"]
    for name, description in _REFUSED_LINE.items():
        hit["properties"][name]["description"] = description
    reason = {
        "type": "string",
        "enum": [reason.value for reason in Reason],
        "description": "Why a claim is refused; the first in this order that holds.",
    }
    return {**components, "Reason": reason, "Answer": _ANSWER, "Problem": _PROBLEM}


def schemas_of(*types: Any) -> tuple[list[Schema], Components]:
    """(a schema a type, components by name) as plain JSON values, as msgspec makes them."""
    found = msgspec.json.schema_components(types, ref_template=REF_TEMPLATE)
    plain = tuple[list[Schema], Components]
    schemas, components = msgspec.json.decode(msgspec.json.encode(found), type=plain)
    for component in components.values():
        if "description" in component:
            component["description"] = cleandoc(component["description"])
    return schemas, components


def referred(schema: Schema) -> str | None:
    """The component that a field's schema refers to: itself, if it may be null, or its items."""
    inner = _not_null(schema)
    reference = inner.get("$ref") or inner.get("items", {}).get("$ref")
    return None if reference is None else str(reference).rpartition("/")[2]


def _component_of(body: Schema, components: Components, kind: str) -> Schema:
    return components[str(body["discriminator"]["mapping"][kind]).rpartition("/")[2]]


def _complete(component: Schema, owner: type[Struct], components: Components) -> None:
    properties = component["properties"]
    if "type" in properties:
        [kind] = properties["type"]["enum"]
        properties["type"] = {"const": kind, "description": f"Always `{kind}`."}
    for field in fields(owner):
        _complete_field(properties[field.encode_name], owner, field, components)
    if required := _REQUIRED_BY_THE_DOOR.get(owner.__name__):
        component["required"].append(required)
        properties[required] = {
            **_not_null(properties[required]),
            "description": properties[required]["description"],
        }


def _complete_field(
    schema: Schema, owner: type[Struct], field: FieldInfo, components: Components
) -> None:
    inner = _not_null(schema)
    if part := referred(schema):
        schema.setdefault("description", components[part]["description"])
    elif inner is not schema and "description" in inner:
        schema["description"] = inner.pop("description")
    if rule := rule_of(owner, field.name):
        inner.update(rule.schema)
    if field.name in plan_of(owner).many:
        inner["maxItems"] = MAX_LINES
    if has_some(field.name) in RELATIONS.get(owner, ()):
        inner["minItems"] = 1


def _not_null(schema: Schema) -> Schema:
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    return options[0] if len(options) == 1 else schema


_REFUSED_LINE: Final = {
    "line_id": "The line that is hit; null: the request as a whole.",
    "sku": "The line's sku.",
    "location": "The location asked.",
    "order_id": "The order asked about, or the one that has the id already.",
    "asked": "The quantity asked for, over all lines of this sku and location.",
    "available": "What is there to be had.",
    "transfer_id": "The transfer asked about, or the one that has the id already.",
    "return_id": "The return that has the id already.",
}
_POSITION: Final[Schema] = {
    "type": "integer",
    "minimum": 1,
    "description": "The place of its first event in the ledger: 1, 2, 3 …",
}
_REQUEST_ID: Final[Schema] = {"type": "string", "description": "The request that is answered."}
_DETAILS: Final[Schema] = {
    "type": "array",
    "items": {"$ref": REF_TEMPLATE.format(name="RefusedLine")},
    "description": "Every line that a refusal hits, with the numbers.",
}
_ANSWER: Final[Schema] = {
    "title": "Answer",
    "type": "object",
    "description": "What became of a request: the same each time it is sent.",
    "required": ["request_id", "outcome", "position", "events", "reason", "details"],
    "properties": {
        "request_id": _REQUEST_ID,
        "outcome": {
            "enum": ["accepted", "refused"],
            "description": "Only claims are refused; facts are always accepted.",
        },
        "position": _POSITION,
        "events": {
            "type": "integer",
            "minimum": 1,
            "description": "How many events it wrote, from `position` on.",
        },
        "reason": {
            "anyOf": [{"$ref": REF_TEMPLATE.format(name="Reason")}, {"type": "null"}],
            "description": "Why it was refused; null if accepted.",
        },
        "details": _DETAILS,
    },
}
_PROBLEM: Final[Schema] = {
    "title": "Problem",
    "type": "object",
    "description": "RFC 9457 problem details: what happened, to which id, what to do next.",
    "required": ["type", "title", "status", "detail", "definite"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "The kind of problem: `/problems/{name}`, which never changes.",
        },
        "title": {"type": "string", "description": "The kind in words."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What happened here and what to do next."},
        "definite": {
            "type": "boolean",
            "description": "False: nothing is known to be decided; send the same request again.",
        },
        "path": {
            "type": "string",
            "description": "Where in the request, such as `lines[3].quantity`.",
        },
        "request_id": _REQUEST_ID,
        "outcome": {"const": "refused", "description": "Of a refused claim."},
        "position": _POSITION,
        "events": {"type": "integer", "description": "How many events the refusal wrote."},
        "reason": {
            "$ref": REF_TEMPLATE.format(name="Reason"),
            "description": "Why the claim was refused.",
        },
        "details": _DETAILS,
    },
}
