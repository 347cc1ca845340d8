"""A channel's listener, as docs/availability-feed.md tells to write one: what it shows is kept."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import httpx

Body = dict[str, Any]
HEARD_S: Final = 90.0
"""What a test waits for has been told by then; a quiet stream would go on for ever."""


class Told(NamedTuple):
    """One server-sent event."""

    event: str
    data: Body
    id: int | None


class Listener:
    """What a listener of one server knows: the last word on each channel and sku."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._ends_at = time.monotonic() + HEARD_S
        self.shown: dict[tuple[str, str], Body] = {}
        self.seen: int | None = None
        self.snapshots = 0

    def next(self) -> Told:
        """The next event, taken over; StopIteration where the server ended it."""
        assert time.monotonic() < self._ends_at, f"heard for {HEARD_S:g} s, last id {self.seen}"
        event, data, seen = "", "", None
        for line in self._lines:
            if not line and event:
                break
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "data":
                data = value
            elif name == "id":
                seen = int(value)
        if not event:
            raise StopIteration
        told = Told(event, json.loads(data), seen)
        self._take(told)
        return told

    def until(self, event: str) -> list[Told]:
        """The events up to one of this name, that included."""
        found = [self.next()]
        while found[-1].event != event:
            found.append(self.next())
        return found

    def until_position(self, position: int) -> list[Told]:
        """The events up to one that says that everything up to this position was told."""
        found = [self.next()]
        while self.seen is None or self.seen < position:
            found.append(self.next())
        return found

    def _take(self, told: Told) -> None:
        if told.event in ("snapshot", "change"):
            self.shown[(told.data["channel"], told.data["sku"])] = told.data
        if told.event == "snapshot_begin":
            self.snapshots += 1
        if told.id is not None:
            self.seen = told.id


@contextmanager
def listening(
    client: httpx.Client, seen: int | None = None, **wanted: str | list[str]
) -> Iterator[Listener]:
    """Listen as long as the block lasts; `seen`: the last id of an earlier time."""
    headers = {} if seen is None else {"Last-Event-ID": str(seen)}
    with client.stream("GET", "/v1/availability/stream", params=wanted, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Listener(answer.iter_lines())
