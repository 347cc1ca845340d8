"""What clients write down: each request before it is sent, each acknowledgement as it comes.

Times are seconds of the machine's monotonic clock, which all its processes share.
"""

import threading
import time
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Self

import msgspec
from msgspec import Struct

Key = tuple[str, str]
"""Channel and request_id."""


class Asked(Struct, frozen=True, tag="asked"):
    """A request that is about to be sent; `body` is its JSON."""

    at: float
    channel: str
    request_id: str
    body: str


class Sent(Struct, frozen=True, tag="sent"):
    """One sending of it is about to begin: over HTTP to an address, or over Kafka."""

    at: float
    channel: str
    request_id: str
    way: str


class Published(Struct, frozen=True, tag="published"):
    """Kafka acknowledged a record of requests: those of these ids, in this order."""

    at: float
    channel: str
    request_ids: list[str]
    topic: str
    offset: int


class Answered(Struct, frozen=True, tag="answered"):
    """The answer came; `way` says from where."""

    at: float
    channel: str
    request_id: str
    way: str
    outcome: Literal["accepted", "refused"]
    position: int
    events: int
    reason: str | None
    details: list[dict[str, Any]]


class Rubbish(Struct, frozen=True, tag="rubbish"):
    """Kafka acknowledged a record that no request can be read from, or not all."""

    at: float
    topic: str
    offset: int
    sha256: str


class Unexpected(Struct, frozen=True, tag="unexpected"):
    """A reply that no client should get, or no reply at all within the limit."""

    at: float
    channel: str
    request_id: str
    says: str


Entry = Asked | Sent | Published | Answered | Rubbish | Unexpected

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entry).decode


def now() -> float:
    """The time as all entries tell it."""
    return time.monotonic()


def digest(value: bytes) -> str:
    """How rubbish is named."""
    return sha256(value).hexdigest()


class Diary:
    """A file of one entry a line; what `note` has returned from is in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries = 0
        self.answers = 0
        self.answered_at = now()
        self._file = path.open("ab", buffering=0)
        self._lock = threading.Lock()

    def note(self, entry: Entry) -> None:
        """Append an entry. May be called from any thread."""
        line = _encode(entry) + b"\n"
        with self._lock:
            self._file.write(line)
            self.entries += 1
            if isinstance(entry, Answered):
                self.answers += 1
                self.answered_at = entry.at

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class Diaries(Struct):
    """All that the clients wrote, in order of time."""

    asked: dict[Key, Asked] = {}
    sent: list[Sent] = []
    first_sent: dict[Key, float] = {}
    published: list[Published] = []
    answered: list[Answered] = []
    rubbish: list[Rubbish] = []
    unexpected: list[Unexpected] = []

    def add(self, entry: Entry) -> None:
        """Take one entry in; they come in order of time."""
        match entry:
            case Asked():
                self.asked.setdefault((entry.channel, entry.request_id), entry)
            case Sent():
                self.sent.append(entry)
                self.first_sent.setdefault((entry.channel, entry.request_id), entry.at)
            case Published():
                self.published.append(entry)
            case Answered():
                self.answered.append(entry)
            case Rubbish():
                self.rubbish.append(entry)
            case Unexpected():
                self.unexpected.append(entry)


def read_diaries(paths: Iterable[Path]) -> Diaries:
    """Read whole files of entries."""
    entries = [_decode(line) for path in paths for line in path.read_bytes().splitlines()]
    found = Diaries()
    for entry in sorted(entries, key=lambda entry: entry.at):
        found.add(entry)
    return found
