"""The independent reader: walks a ledger topic by the block rule, in code of its own.

It shares nothing with the recorder, so that a fault in the one is no fault in the other. What
stands here is all that an auditor needs to read a ledger.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

GENESIS: Final = "genesis"
FETCH_BYTES: Final = 64 << 20
POLL_S: Final = 0.5
PATIENCE_POLLS: Final = 60

Record = tuple[int, bytes]
"""Offset and value."""


class Event(Struct, frozen=True):
    """An event as it stands in a block; `state` are its bytes."""

    position: int
    stream: str
    version: int
    type: str
    state: bytes


class Block(Struct, frozen=True):
    """A block that counts; `last` is the ledger's position after it."""

    offset: int
    hash: str
    writer: str
    first: int
    recorded_at: datetime
    tracking: dict[str, int]
    events: tuple[Event, ...]

    @property
    def last(self) -> int:
        return self.first + len(self.events) - 1


class Dead(Struct, frozen=True):
    """A record that counts for nothing, and why."""

    offset: int
    why: str


class Walk(Struct):
    """What a walk over the topic found; `corrupt` names what stops every reader there."""

    blocks: list[Block] = []
    dead: list[Dead] = []
    corrupt: list[str] = []
    tracking: dict[str, int] = {}
    versions: Counter[str] = msgspec.field(default_factory=Counter)
    hashes: set[str] = msgspec.field(default_factory=lambda: {GENESIS})

    @property
    def head(self) -> str:
        return self.blocks[-1].hash if self.blocks else GENESIS

    @property
    def position(self) -> int:
        return self.blocks[-1].last if self.blocks else 0

    @property
    def events(self) -> list[Event]:
        return [event for block in self.blocks for event in block.events]


class _WireEvent(Struct):
    stream: str
    version: int
    type: str
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    data64: str | msgspec.UnsetType = msgspec.UNSET


class _WireBlock(Struct):
    network: str
    writer: str
    prev: str
    first: int
    recorded_at: datetime
    tracking: dict[str, int]
    events: list[_WireEvent]


def walk(records: Iterable[Record], network: str) -> Walk:
    """Apply the rule to all records of a ledger topic, in order of their offsets."""
    found = Walk()
    for expected, (offset, value) in enumerate(records):
        if offset != expected:
            found.corrupt.append(f"offset {offset} stands where {expected} should")
            break
        wire = _read(value, network)
        if isinstance(wire, str):
            found.dead.append(Dead(offset, wire))
        elif wire.prev != found.head:
            found.dead.append(Dead(offset, _lateness(found, wire)))
        else:
            faults = list(_faults(found, wire))
            if faults:
                found.corrupt += [f"the block at offset {offset}: {fault}" for fault in faults]
                break
            _count(found, offset, value, wire)
    return found


def _read(value: bytes, network: str) -> _WireBlock | str:
    try:
        wire = msgspec.json.decode(value, type=_WireBlock)
        for event in wire.events:
            _state(event)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return f"unreadable: {error}"
    return wire if wire.network == network else f"of network {wire.network}"


def _lateness(found: Walk, wire: _WireBlock) -> str:
    if wire.prev in found.hashes:
        return "decided on a superseded block"
    return "decided on a block that does not count"


def _faults(found: Walk, wire: _WireBlock) -> Iterable[str]:
    """What does not follow though `prev` does: positions, versions, tracking."""
    if wire.first != found.position + 1:
        yield f"first is {wire.first}, not {found.position + 1}"
    for topic, offset in wire.tracking.items():
        if offset <= found.tracking.get(topic, 0):
            yield f"tracking of {topic} goes from {found.tracking[topic]} to {offset}"
    within: Counter[str] = Counter()
    for event in wire.events:
        within[event.stream] += 1
        version = found.versions[event.stream] + within[event.stream]
        if event.version != version:
            yield f"{event.stream} has version {event.version}, not {version}"


def _count(found: Walk, offset: int, value: bytes, wire: _WireBlock) -> None:
    events = tuple(
        Event(position, e.stream, e.version, e.type, _state(e))
        for position, e in enumerate(wire.events, wire.first)
    )
    digest = hashlib.sha256(value).hexdigest()
    found.blocks.append(
        Block(offset, digest, wire.writer, wire.first, wire.recorded_at, wire.tracking, events)
    )
    found.hashes.add(digest)
    found.tracking.update(wire.tracking)
    found.versions.update(event.stream for event in events)


def _state(event: _WireEvent) -> bytes:
    match event.data, event.data64:
        case msgspec.Raw(), msgspec.UnsetType():
            return bytes(event.data)
        case msgspec.UnsetType(), str():
            return base64.b64decode(event.data64, validate=True)
    raise ValueError(f"{event.stream} has not one of data and data64")


class StoppedShort(Exception):
    """The topic could not be read to its end."""


def read_topic(bootstrap: str, topic: str) -> list[Record]:
    """All records of a topic of one partition, from offset 0 to its end.

    Raises StoppedShort if they do not come, or do not begin at 0.
    """
    return [(record.offset, record.value or b"") for record in read_records(bootstrap, topic)]


def read_records(bootstrap: str, topic: str, after: int = 0) -> list[Any]:
    """The same as the Kafka client's own records, with headers; those from an offset on."""
    from kafka import KafkaConsumer, TopicPartition  # noqa: PLC0415 - the proofs need no Kafka

    partition = TopicPartition(topic, 0)
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap.split(","),
        auto_offset_reset="none",
        enable_auto_commit=False,
        group_id=None,
        fetch_max_bytes=FETCH_BYTES,
        max_partition_fetch_bytes=FETCH_BYTES,
        max_poll_records=5000,
    )
    try:
        consumer.assign([partition])
        start = consumer.beginning_offsets([partition])[partition]
        if start != 0:
            raise StoppedShort(f"{topic} begins at offset {start}, not at 0")
        end = consumer.end_offsets([partition])[partition]
        consumer.seek(partition, after)
        return _until(consumer, partition, end)
    finally:
        consumer.close()


def _until(consumer: Any, partition: Any, end: int) -> list[Any]:
    found: list[Any] = []
    idle = 0
    while consumer.position(partition) < end:
        batch = consumer.poll(timeout_ms=int(POLL_S * 1000)).get(partition, [])
        found += [record for record in batch if record.offset < end]
        idle = 0 if batch else idle + 1
        if idle > PATIENCE_POLLS:
            raise StoppedShort(
                f"{partition.topic}: nothing more came before offset {end}; "
                f"{len(found)} records were read"
            )
    return found
