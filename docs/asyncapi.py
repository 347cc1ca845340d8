"""The topics as an AsyncAPI document, from the same structs as everything else."""

from typing import Any, Final

import yaml

from api.schema import REF_TEMPLATE, Components, Schema, batch_schema, request_schemas
from ledger.codec import EVENT_TYPES, TOPICS

_NOTICE: Final = "# Written by `python -m docs.generate`: change the structs, then run it.\n"
_ID: Final = "[a-z0-9][a-z0-9-]{0,39}"
_BLOCK: Final[dict[str, tuple[str, Schema]]] = {
    "network": ("Whose ledger it is.", {"type": "string", "pattern": f"^{_ID}$"}),
    "writer": ("Who wrote it: name and incarnation.", {"type": "string"}),
    "prev": (
        "Hash of the block that it was decided on; genesis for the first.",
        {"type": "string", "pattern": "^([0-9a-f]{64}|genesis)$"},
    ),
    "first": (
        "Position of its first event; of the next if it has none.",
        {"type": "integer", "minimum": 1},
    ),
    "recorded_at": ("The writer's clock, in UTC.", {"type": "string", "format": "date-time"}),
    "tracking": (
        "How far inputs are consumed: topic to next offset; only what changed.",
        {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
    ),
    "events": ("In order of positions.", {"type": "array"}),
}
_HEADERS: Final = {
    "onebook-topic": "The topic that the record was in.",
    "onebook-offset": "Its offset there.",
    "onebook-index": "The item's place in the record's array, from 0; -1: the whole record.",
    "onebook-sha256": "Of the bytes as they came; the event input_refused says the same.",
    "onebook-reason": "unreadable, malformed, idempotency_mismatch or undecidable.",
    "onebook-bytes": "How many bytes came; more than are here if they were too many to keep.",
}


def page(event_components: Components) -> str:
    """The document as YAML; `event_components` are the described schemas of all event types."""
    written = yaml.safe_dump(
        document(event_components), sort_keys=False, allow_unicode=True, width=100
    )
    return _NOTICE + str(written)


def document(event_components: Components) -> dict[str, Any]:
    """The document: three kinds of topics, what is in them, and who sends and reads there."""
    request_components, request = request_schemas()
    schemas = {**event_components, **request_components}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Onebook on Kafka",
            "version": "1",
            "description": "What counts in a ledger, and how it is read: docs/kafka/format.md.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "requests": _channel("onebook.{network}.requests.{channel}", "requests"),
            "ledger": _channel("onebook.{network}.ledger", "block"),
            "deadLetters": _channel("onebook.{network}.dead-letters", "deadLetter"),
        },
        "operations": {
            "readRequests": _operation("receive", "requests", "Writers decide what is sent here."),
            "writeBlocks": _operation("send", "ledger", "Writers append blocks, one a record."),
            "keepDeadLetters": _operation("send", "deadLetters", "Writers keep what is refused."),
        },
        "components": {
            "messages": {
                "requests": {"payload": {"oneOf": [request, batch_schema(request)]}},
                "block": {"payload": _ref("Block")},
                "deadLetter": {
                    "contentType": "application/octet-stream",
                    "headers": {"type": "object", "properties": _texts(_HEADERS)},
                    "payload": {"description": "The bytes as they came."},
                },
            },
            "schemas": {"Block": _block(), "RecordedEvent": _recorded_event(), **schemas},
        },
    }


def _channel(address: str, message: str) -> Schema:
    parameters = {"network": {"description": f"The network's id, {_ID}."}}
    if "{channel}" in address:
        parameters["channel"] = {"description": f"The id of the channel that sends, {_ID}."}
    messages = {message: {"$ref": f"#/components/messages/{message}"}}
    return {"address": address, "parameters": parameters, "messages": messages}


def _operation(action: str, channel: str, summary: str) -> Schema:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _block() -> Schema:
    properties = {name: {**schema, "description": said} for name, (said, schema) in _BLOCK.items()}
    properties["events"]["items"] = _ref("RecordedEvent")
    said = "What one append wrote. It counts only if `prev` is the last block that counts."
    return {
        "type": "object",
        "description": said,
        "required": list(_BLOCK),
        "properties": properties,
    }


def _recorded_event() -> Schema:
    kinds = [
        {
            "type": "object",
            "required": ["stream", "version", "type", "data"],
            "properties": {
                "stream": {"type": "string"},
                "version": {"type": "integer", "minimum": 1},
                "type": {"const": TOPICS[event_type]},
                "data": _ref(event_type.__name__),
            },
        }
        for event_type in EVENT_TYPES
    ]
    return {"description": "One event of Onebook, at its stream's next version.", "oneOf": kinds}


def _texts(described: dict[str, str]) -> Schema:
    return {name: {"type": "string", "description": said} for name, said in described.items()}


def _ref(name: str) -> Schema:
    return {"$ref": REF_TEMPLATE.format(name=name)}
