"""The OpenAPI document: FastAPI's paths, with bodies and answers made from the structs."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api import problems, schema
from api.answers import DEFAULT_WAIT_S, MAX_WAIT_S
from api.parameters import CHANNEL_HEADER, DEFAULT_CHANNEL
from api.replies import POSITION_HEADER

Document = dict[str, Any]

DESCRIPTION: Final = """\
Inventory, orders and customers of one retailer, folded from an immutable ledger.

Everything that changes anything is one request to `POST /v1/requests`: a fact that happened, which
is never refused, or a claim that asks for something, which may be. A request is known by its
channel and its `request_id`; sent again it gets the same answer and counts once.
"""
_COMPONENTS: Final = "x-components"
_READ_HEADERS: Final = {
    POSITION_HEADER: {
        "description": "The position of the ledger that this shows.",
        "schema": {"type": "integer"},
    }
}
_PROBLEM: Final = {
    "description": "A problem (RFC 9457); `type` says which.",
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def answers(type_: Any, status: int = 200, *, listed: bool = False) -> Document:
    """`openapi_extra` of a read: what it answers, or lists."""
    [schema_of], found = schema.schemas_of(type_)
    content = {"application/json": {"schema": _page(schema_of) if listed else schema_of}}
    success = {
        "description": "As the views show it.",
        "headers": _READ_HEADERS,
        "content": content,
    }
    return {_COMPONENTS: found, "responses": {str(status): success}}


def describe(app: FastAPI) -> None:
    """Make the app's document, once, when it is first asked for."""

    def document() -> Document:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _document(app: FastAPI) -> Document:
    made = get_openapi(
        title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes
    )
    components = made.setdefault("components", {}).setdefault("schemas", {})
    for leftover in ("HTTPValidationError", "ValidationError"):
        components.pop(leftover, None)
    requests, body = schema.request_schemas()
    components |= requests | schema.answer_schemas() | _batch_components()
    for operations in made["paths"].values():
        for operation in operations.values():
            _complete(operation, components)
    _complete_send(made["paths"]["/v1/requests"]["post"], body)
    return made


def _complete(operation: Document, components: Document) -> None:
    components.update(operation.pop(_COMPONENTS, {}))
    summary, _, rest = operation.pop("description", "").partition("\n\n")
    operation["summary"] = " ".join(summary.split()).rstrip(".")
    if rest:
        operation["description"] = rest
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = _PROBLEM


def _page(item: Document) -> Document:
    return {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": item},
            "next": {
                "type": ["string", "null"],
                "description": "Goes back as `after` for the next page; null: there is none.",
            },
        },
    }


def _batch_components() -> Document:
    replayed = {"type": "boolean", "description": "It had been answered before."}
    status = {"type": "integer", "description": "The status it had got alone."}
    return {
        "BatchItem": {
            "description": "The answer to one item of a batch: an answer, that it is kept, or a "
            "problem.",
            "anyOf": [
                {
                    "allOf": [
                        {"$ref": "#/components/schemas/Answer"},
                        {
                            "type": "object",
                            "required": ["status", "replayed"],
                            "properties": {"status": status, "replayed": replayed},
                        },
                    ]
                },
                {
                    "allOf": [
                        {"$ref": "#/components/schemas/Kept"},
                        {
                            "type": "object",
                            "required": ["status"],
                            "properties": {"status": status},
                        },
                    ]
                },
                {"$ref": "#/components/schemas/Problem"},
            ],
        },
        "Kept": _KEPT,
    }


def _complete_send(operation: Document, body: Document) -> None:
    item = {"$ref": "#/components/schemas/BatchItem"}
    answer = {"schema": {"$ref": "#/components/schemas/Answer"}}
    batch = {"type": "array", "items": item}
    operation["requestBody"] = {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [body, schema.batch_schema(body)]},
                "examples": schema.named_examples(),
            },
            "application/x-ndjson": {"schema": body},
        },
    }
    operation["parameters"] = _SEND_PARAMETERS
    operation["responses"] = {
        "200": {
            "description": "A batch: one answer an item, in order.",
            "content": {
                "application/json": {"schema": batch},
                "application/x-ndjson": {"schema": item},
            },
        },
        "201": {
            "description": "Accepted: its events are in the ledger.",
            "headers": _SEND_HEADERS,
            "content": {"application/json": answer},
        },
        "202": {
            "description": "Kept: durable in the channel's topic in Kafka, and no answer is known "
            "within the wait. It is decided once: ask at `Location` until the answer stands there, "
            "or send it again unchanged. Without Kafka there is no 202.",
            "headers": _KEPT_HEADERS,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Kept"}}},
        },
        **{status: _problem(*kinds) for status, kinds in _SEND_PROBLEMS.items()},
    }


def _problem(*kinds: problems.Kind) -> Document:
    said = " ".join(f"`{kind.name}`: {kind.title}." for kind in kinds)
    return {**_PROBLEM, "description": said}


_SEND_PROBLEMS: Final[Mapping[str, tuple[problems.Kind, ...]]] = {
    "408": (problems.BODY_TIMEOUT,),
    "409": (problems.REFUSED,),
    "413": (problems.TOO_LARGE,),
    "415": (problems.MEDIA_TYPE_UNKNOWN,),
    "422": (problems.MALFORMED, problems.IDEMPOTENCY_MISMATCH, problems.BAD_PARAMETER),
    "431": (problems.HEADERS_TOO_LARGE,),
    "503": (problems.UNDECIDED, problems.BUSY, problems.TOO_MANY_BODIES),
}
_KEPT: Final = {
    "description": "A request that is durable and whose answer is not known yet.",
    "type": "object",
    "required": ["request_id", "location", "outcome"],
    "properties": {
        "request_id": {"type": "string", "description": "The channel's id of the request."},
        "location": {"type": "string", "description": "Where its answer will stand."},
        "outcome": {"const": "undecided"},
    },
}
_KEPT_HEADERS: Final = {
    "Location": {
        "description": "Where the answer will stand: 404 with `definite: false` until then.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds until it is worth asking.",
        "schema": {"type": "integer"},
    },
}
_SEND_HEADERS: Final = {
    "Location": {
        "description": "Where the answer to this request stands.",
        "schema": {"type": "string"},
    },
    "Onebook-Replayed": {
        "description": "`true` when this request had been answered before.",
        "schema": {"type": "string"},
    },
}
_SEND_PARAMETERS: Final = [
    {
        "name": CHANNEL_HEADER,
        "in": "header",
        "description": "The channel that sends; its request_ids are its own.",
        "schema": {"type": "string", "default": DEFAULT_CHANNEL},
    },
    {
        "name": "Prefer",
        "in": "header",
        "description": f"`wait=N`: wait at most N seconds for the answer ({DEFAULT_WAIT_S} by "
        f"default, at most {MAX_WAIT_S}).",
        "schema": {"type": "string"},
    },
]
