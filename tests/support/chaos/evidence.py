"""What a run left behind: the ledger as walked, the diaries, the inputs, the views."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec
from msgspec import Struct

from chaos.diary import Diaries, Key
from chaos.reader import Event, Walk
from ledger import codec
from ledger.domain.events import AnyEvent, RequestAccepted, RequestRefused
from ledger.domain.words import WRITER_CHANNEL

OWN_EVENTS = ("request_accepted.v1", "request_refused.v1")
INPUT_REFUSED = "input_refused.v1"


class Violation(Struct, frozen=True):
    """A law that does not hold: which, how, and for which ids."""

    law: str
    says: str
    ids: tuple[str, ...] = ()


class Decision(Struct, frozen=True):
    """One request's answer in the ledger: its own event and its effects."""

    position: int
    events: tuple[AnyEvent, ...]
    raw: tuple[Event, ...]

    @property
    def own(self) -> RequestAccepted | RequestRefused:
        own = self.events[0]
        assert isinstance(own, RequestAccepted | RequestRefused), own
        return own

    @property
    def key(self) -> Key:
        return (self.own.channel, self.own.request_id)

    @property
    def by_the_clock(self) -> bool:
        """Whether nobody asked for it: a deadline had passed."""
        return self.own.channel == WRITER_CHANNEL


class InputRefused(Struct, frozen=True):
    """An item of an input that was refused as unreadable, or as another of a known id."""

    topic: str
    offset: int
    index: int
    sha256: str
    reason: str
    detail: str | None = None


class DeadLetter(Struct, frozen=True):
    """A record of the dead letters' topic; headers as text."""

    offset: int
    value: bytes
    headers: Mapping[str, str]


class ViewCheck(Struct, frozen=True):
    """A view beside a fresh fold, as the product's own `onebook verify` reports it."""

    view: str
    position: int
    head_hash: str
    ledger_digest: str
    view_digest: str
    differences: int


class Views(Struct, frozen=True):
    """The views after all was consumed. `stock`: quantities by (location, sku, state)."""

    checks: Sequence[ViewCheck]
    stock: Mapping[tuple[str, str, str], int]


class Evidence:
    """All of it, and the ledger's events put together as decisions.

    `inputs`: the records of every requests topic, offset and value. `views` is None where none
    were kept.
    """

    def __init__(
        self,
        ledger: Walk,
        diaries: Diaries,
        inputs: Mapping[str, Sequence[tuple[int, bytes]]],
        dead_letters: Sequence[DeadLetter],
        views: Views | None,
    ) -> None:
        self.ledger = ledger
        self.diaries = diaries
        self.inputs = inputs
        self.dead_letters = dead_letters
        self.views = views
        self.decisions: list[Decision] = []
        self.refused_inputs: list[InputRefused] = []
        self.disorder: list[Violation] = []
        """Events that belong to no request, or are not what their request's own event announces."""
        for block in ledger.blocks:
            self._take(block.events)

    @cached_property
    def by_key(self) -> dict[Key, Decision]:
        """The first decision of each request."""
        found: dict[Key, Decision] = {}
        for decision in self.decisions:
            found.setdefault(decision.key, decision)
        return found

    @property
    def events(self) -> list[AnyEvent]:
        """All events of requests, in order."""
        return [event for decision in self.decisions for event in decision.events]

    def _take(self, events: Sequence[Event]) -> None:
        """The events of one block: requests never run over its end."""
        at = 0
        while at < len(events):
            try:
                at += self._taken(events, at)
            except (codec.UnknownEventType, msgspec.MsgspecError) as fault:
                self._disorderly(events[at], f"or one of its request cannot be read: {fault}")
                at += 1

    def _taken(self, events: Sequence[Event], at: int) -> int:
        """Take what begins there; how many events that was."""
        event = events[at]
        if event.type in OWN_EVENTS:
            return self._decision(events, at)
        if event.type == INPUT_REFUSED:
            self.refused_inputs.append(msgspec.json.decode(event.state, type=InputRefused))
        else:
            self._disorderly(event, "belongs to no request")
        return 1

    def _decision(self, events: Sequence[Event], at: int) -> int:
        """Put together the request whose own event stands there; how many events that was."""
        own = _decoded(events[at])
        count = 1 + (own.effects if isinstance(own, RequestAccepted) else 0)
        raw = tuple(events[at : at + count])
        effects = tuple(e for e in raw[1:] if e.type not in (*OWN_EVENTS, INPUT_REFUSED))
        if len(effects) != count - 1:
            self._disorderly(events[at], f"announces {count - 1} effects, {len(effects)} follow")
            raw = (raw[0], *effects)
        decoded = tuple(_decoded(event) for event in raw)
        for event, effect in zip(raw, decoded, strict=True):
            if (effect.channel, effect.request_id) != (own.channel, own.request_id):
                self._disorderly(event, f"is of another request than {own.request_id}")
        self.decisions.append(Decision(events[at].position, decoded, raw))
        return len(raw)

    def _disorderly(self, event: Event, says: str) -> None:
        where = f"the event at position {event.position} ({event.type})"
        self.disorder.append(Violation("events of a request", f"{where} {says}", (event.stream,)))


def _decoded(event: Event) -> Any:
    return codec.decode(event.type, event.state)
