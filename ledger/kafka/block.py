"""One block of a ledger: the events that one append writes, as the value of one Kafka record.

A value is a JSON object that any tool can read::

    {"network": "main", "writer": "w1-6f…", "prev": "genesis", "first": 1,
     "recorded_at": "2026-03-01T12:00:00Z", "tracking": {"onebook.main.requests.web": 7},
     "events": [{"stream": "stock/dc-1/mug", "version": 1, "type": "stock_sold.v1", "data": {…}}]}

An event's `data` is its state byte for byte if that is one JSON value, else `data64` holds the
state in base64: reading gives back exactly the bytes that were written.
"""

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Final

import msgspec

from ledger.recorded import OwnRecorded, Recorded, recorded

GENESIS: Final = "genesis"
"""`prev` of the first block."""
MAX_NESTING: Final = 64
"""A state that is nested deeper goes into `data64`: how deep a reader can follow is its own."""
_SPACE: Final = b" \t\r\n"
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BRACKET: Final = re.compile(rb"[\[\]{}]")


class Block(msgspec.Struct, frozen=True):
    """What one append wrote. `first` is the position of the first event, or of the next if none.

    `prev` is the hash of the block that it was decided on. `tracking` says how far the inputs are
    consumed with it: {topic: next offset}, only what changed.
    """

    network: str
    writer: str
    prev: str
    first: int
    recorded_at: datetime
    tracking: Mapping[str, int]
    events: tuple[Recorded, ...]

    @property
    def last(self) -> int:
        """The position of the last event, or of the one before the block if it has none."""
        return self.first + len(self.events) - 1


class _Event(msgspec.Struct, omit_defaults=True, gc=False):
    stream: str
    version: int
    type: str
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    data64: str | msgspec.UnsetType = msgspec.UNSET


class _Record(msgspec.Struct, gc=False):
    network: str
    writer: str
    prev: str
    first: int
    recorded_at: Annotated[datetime, msgspec.Meta(tz=True)]
    tracking: dict[str, int]
    events: list[_Event]


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Record).decode
_skip: Final = msgspec.json.Decoder(msgspec.Raw).decode


def hash_of(value: bytes) -> str:
    """The name of a block: SHA-256 of its record's value, in lower-case hex."""
    return sha256(value).hexdigest()


def encode(block: Block) -> bytes:
    """The record's value. `recorded_at` knows its time zone, and is written in UTC."""
    assert block.recorded_at.tzinfo is not None, f"{block.recorded_at} says no time zone"
    return _encode(
        _Record(
            block.network,
            block.writer,
            block.prev,
            block.first,
            block.recorded_at.astimezone(UTC),
            dict(block.tracking),
            _events(block.events),
        )
    )


def decode(value: bytes | None) -> Block | None:
    """The block that a record's value says; None if it is not one."""
    if value is None:
        return None
    try:
        record = _decode(value)
        if not value.isascii():
            value.decode()
        events = tuple([_recorded(event) for event in record.events])
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return Block(
        record.network,
        record.writer,
        record.prev,
        record.first,
        record.recorded_at,
        record.tracking,
        events,
    )


def _events(events: Sequence[Recorded]) -> list[_Event]:
    if set(map(type, events)) == {OwnRecorded}:
        raw = msgspec.Raw
        return [
            _Event(stream, version, type_, raw(state)) for stream, version, type_, state in events
        ]
    return [_event(*event) for event in events]


def _event(stream: str, version: int, topic: str, state: bytes) -> _Event:
    if _is_json(state):
        return _Event(stream, version, topic, msgspec.Raw(state))
    return _Event(stream, version, topic, data64=b2a_base64(state, newline=False).decode())


def _is_json(state: bytes) -> bool:
    """Whether the bytes can stand as they are where JSON expects a value."""
    if not state or state[0] in _SPACE or state[-1] in _SPACE:
        return False
    try:
        _skip(state)
        if not state.isascii():
            state.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return state.count(b"{") + state.count(b"[") <= MAX_NESTING or _nesting(state) <= MAX_NESTING


def _nesting(state: bytes) -> int:
    """How deep the brackets of a JSON value are nested."""
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", state)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _recorded(event: _Event) -> Recorded:
    data, data64 = event.data, event.data64
    if data is not msgspec.UNSET and data64 is msgspec.UNSET:
        state = bytes(data)
    elif data64 is not msgspec.UNSET and data is msgspec.UNSET:
        state = a2b_base64(data64, strict_mode=True)
    else:
        raise msgspec.DecodeError("an event holds either data or data64")
    return recorded((event.stream, event.version, event.type, state))
