"""The topics as an AsyncAPI document, from the same structs as everything else."""

from typing import Any, Final

import yaml

from api.schema import REF_TEMPLATE, Components, Schema, batch_schema, request_schemas, schemas_of
from consumers.feeds.availability import ChannelValue, LocationValue
from consumers.feeds.cloud_events import CONTENT_TYPE, TYPE_PREFIX
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
_DIGITS: Final[Schema] = {"type": "string", "pattern": "^[1-9][0-9]*$"}
_TOMBSTONE: Final[Schema] = {"type": "null", "description": "There is no such value any more."}
_TIME: Final[Schema] = {"type": "string", "format": "date-time"}
_CLOUD_EVENT: Final[dict[str, tuple[str, Schema]]] = {
    "specversion": ("Of CloudEvents.", {"const": "1.0"}),
    "id": ("The position, as a text; with `source` it names one event for ever.", _DIGITS),
    "source": ("Whose ledger it is: `/onebook/{network}`.", {"type": "string"}),
    "type": ("`onebook.` and the type of the event with its version.", {"type": "string"}),
    "subject": ("The stream; the record's key too.", {"type": "string"}),
    "time": ("When it was recorded; the record's timestamp too.", _TIME),
    "datacontenttype": ("Of `data`.", {"const": "application/json"}),
    "onebookposition": ("The position; a number of CloudEvents has 32 bits only.", _DIGITS),
    "onebookversion": ("Its place in the stream, from 1.", {"type": "integer", "minimum": 1}),
    "onebookchannel": ("The channel whose request it follows from.", {"type": "string"}),
    "onebookrequestid": ("That request.", {"type": "string"}),
    "occurredat": ("By the channel's clock.", _TIME),
    "data": ("The event.", {}),
}


def page(event_components: Components) -> str:
    """The document as YAML; `event_components` are the described schemas of all event types."""
    written = yaml.safe_dump(
        document(event_components), sort_keys=False, allow_unicode=True, width=100
    )
    return _NOTICE + str(written)


def document(event_components: Components) -> dict[str, Any]:
    """The document: five kinds of topics, what is in them, and who sends and reads there."""
    request_components, request = request_schemas()
    _, feed_components = schemas_of(ChannelValue, LocationValue)
    schemas = {**event_components, **request_components, **feed_components}
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
            "events": _channel("onebook.{network}.events", "event"),
            "availability": _channel(
                "onebook.{network}.availability", "channelAvailability", "locationAvailability"
            ),
        },
        "operations": {
            "readRequests": _operation("receive", "requests", "Writers decide what is sent here."),
            "writeBlocks": _operation("send", "ledger", "Writers append blocks, one a record."),
            "keepDeadLetters": _operation("send", "deadLetters", "Writers keep what is refused."),
            "publishEvents": _operation("send", "events", "A publisher sends one record an event."),
            "publishAvailability": _operation(
                "send", "availability", "A publisher sends what changed; compaction keeps the last."
            ),
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
                **_feed_messages(),
            },
            "schemas": {
                "Block": _block(),
                "RecordedEvent": _recorded_event(),
                "CloudEvent": _cloud_event(),
                **schemas,
            },
        },
    }


def _channel(address: str, *messages: str) -> Schema:
    parameters = {"network": {"description": f"The network's id, {_ID}."}}
    if "{channel}" in address:
        parameters["channel"] = {"description": f"The id of the channel that sends, {_ID}."}
    found = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {"address": address, "parameters": parameters, "messages": found}


def _feed_messages() -> dict[str, Schema]:
    return {
        "event": {
            "contentType": CONTENT_TYPE[1].decode(),
            "bindings": _key("The stream: events of one thing have one key."),
            "payload": _ref("CloudEvent"),
        },
        "channelAvailability": {
            "bindings": _key("`{channel}/{sku}`, `%` and `/` of the sku percent-encoded."),
            "payload": {"oneOf": [_ref(ChannelValue.__name__), _TOMBSTONE]},
        },
        "locationAvailability": {
            "bindings": _key("`@{location}/{sku}`, `%` and `/` of both percent-encoded."),
            "payload": {"oneOf": [_ref(LocationValue.__name__), _TOMBSTONE]},
        },
    }


def _key(said: str) -> Schema:
    return {"kafka": {"key": {"type": "string", "description": said}}}


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


def _cloud_event() -> Schema:
    properties = {
        name: {**schema, "description": said} for name, (said, schema) in _CLOUD_EVENT.items()
    }
    kinds = [
        {
            "properties": {
                "type": {"const": f"{TYPE_PREFIX}{TOPICS[event_type]}"},
                "data": _ref(event_type.__name__),
            }
        }
        for event_type in EVENT_TYPES
    ]
    return {
        "type": "object",
        "description": "One event as CloudEvents 1.0, structured mode.",
        "required": list(_CLOUD_EVENT),
        "properties": properties,
        "oneOf": kinds,
    }


def _texts(described: dict[str, str]) -> Schema:
    return {name: {"type": "string", "description": said} for name, said in described.items()}


def _ref(name: str) -> Schema:
    return {"$ref": REF_TEMPLATE.format(name=name)}
