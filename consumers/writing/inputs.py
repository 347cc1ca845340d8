"""Requests from channels' topics: what the writer takes, and what it does with what is none."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from hashlib import sha256
from typing import Any, Final, Protocol

import msgspec

from ledger.domain.events import InputReason
from ledger.domain.requests import AnyRequest
from ledger.door import Malformed, read_batch, read_request

WHOLE: Final = -1
"""The index of a fault that is of the whole record."""
_SPACE: Final = b" \t\r\n"
_items: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


class InputRecord(msgspec.Struct, frozen=True):
    """A record of a channel's topic; `at_ms` is its time stamp, since the epoch."""

    topic: str
    channel: str
    offset: int
    at_ms: int
    value: bytes


class Unreadable(msgspec.Struct, frozen=True):
    """A part of a record that is no request: its bytes, and what is wrong with them."""

    index: int
    raw: bytes
    reason: InputReason
    detail: str
    request_id: str = ""

    @property
    def sha256(self) -> str:
        """By which its dead letter is found."""
        return sha256(self.raw).hexdigest()


class DeadLetter(msgspec.Struct, frozen=True):
    """Input that was refused, kept as it came."""

    topic: str
    offset: int
    index: int
    sha256: str
    reason: str
    raw: bytes


class Inputs(Protocol):
    """The channels' topics of a network. All but `ready` are for the writer's thread."""

    @property
    def ready(self) -> bool:
        """Whether `next` would give a record."""
        ...

    def next(self) -> InputRecord | None:
        """The next record, the topics in turn; None if none waits here."""
        ...

    def rewind(self, trackings: Mapping[str, int]) -> None:
        """Give records from these offsets on: of each topic from its first that is not consumed."""
        ...

    def waiting(self, trackings: Mapping[str, int]) -> Collection[str]:
        """The topics that hold records behind these offsets, and let go what is before."""
        ...


class DeadLetters(Protocol):
    """Where refused input is kept."""

    def send(self, letter: DeadLetter) -> Future[Any]:
        """Keep it; the future is done when all in-sync replicas have it."""
        ...


def read(record: InputRecord) -> Sequence[AnyRequest | Unreadable]:
    """The requests of a record in order; what is none stands as such.

    A record that cannot be read at all is one Unreadable of index WHOLE.
    """
    value = record.value
    try:
        if value.lstrip(_SPACE)[:1] != b"[":
            return [_one(value)]
        found = read_batch(value)
    except Malformed as fault:
        return [_unreadable(WHOLE, value, fault, "unreadable")]
    if not any(isinstance(item, Malformed) for item in found):
        return found  # type: ignore[return-value] # the line above says so
    raw = [bytes(item) for item in _items(value)]
    return [
        _unreadable(index, raw[index], item) if isinstance(item, Malformed) else item
        for index, item in enumerate(found)
    ]


def refused(
    record: InputRecord, index: int, request: AnyRequest, reason: InputReason, detail: str
) -> Unreadable:
    """A request of a record that cannot be decided, with its bytes as they came."""
    value = record.value
    raw = bytes(_items(value)[index]) if value.lstrip(_SPACE)[:1] == b"[" else value
    return Unreadable(index, raw, reason, detail, request.request_id)


def _one(value: bytes) -> AnyRequest | Unreadable:
    try:
        return read_request(value)
    except Malformed as fault:
        return _unreadable(0, value, fault)


def _unreadable(
    index: int, raw: bytes, fault: Malformed, reason: InputReason = "malformed"
) -> Unreadable:
    return Unreadable(index, raw, reason, str(fault), fault.request_id or "")
