"""What the writer knows: one mapping per kind of thing, folded from events by `evolve`.

Entries are immutable values, so a state on top of another holds only what changed: the writer
decides on such an overlay while the block below it is in flight, then merges or drops it.
"""

from collections.abc import Iterator, MutableMapping
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, cast

from msgspec import Struct

from ledger.domain.counts import Anchor, CountedKey, Journal
from ledger.domain.orders import Line, Order
from ledger.domain.promises import LineKey, Promises, PromisesOver
from ledger.domain.requests import Fact
from ledger.domain.stock import Stamp, StockItem
from ledger.domain.words import CountedState

ItemKey = tuple[str, str]
"""(location, sku)."""

K = TypeVar("K")
V = TypeVar("V")
GONE: Final = object()
"""Stands among an overlay's changes for an entry that is deleted."""


class ExceptionRef(Struct, frozen=True, gc=False):
    """What names an exception: the request that raised it and its number there."""

    channel: str
    request_id: str
    number: int


class About(Struct, frozen=True, gc=False):
    """What an exception is about."""

    order_id: str | None = None
    line_id: str | None = None
    location: str | None = None
    sku: str | None = None
    state: CountedState | None = None


class Waiting(Struct, frozen=True, gc=False):
    """A fact about an order or sale not yet known, its effective time and its exception."""

    fact: Fact
    channel: str
    effective_at: datetime
    exception: ExceptionRef


class LocationPolicy(Struct, frozen=True, gc=False):
    """A location as claims see it. Never described: active, ships, hands over."""

    stamp: Stamp | None = None
    active: bool = True
    ships: bool = True
    pickup: bool = True


class ChannelPolicy(Struct, frozen=True, gc=False):
    """The locations that serve a channel; None: all."""

    stamp: Stamp
    locations: frozenset[str] | None


class Overlay(MutableMapping[K, V], Generic[K, V]):
    """A mapping on top of another: reads fall through, writes and deletions stay here."""

    __slots__ = ("_base", "_deletes", "_own")

    def __init__(self, base: MutableMapping[K, V]) -> None:
        self._base = base
        self._deletes = False
        self._own: dict[K, object] = {}

    def __getitem__(self, key: K) -> V:
        value = self._own.get(key)
        if value is None:
            return self._base[key]
        if value is GONE:
            raise KeyError(key)
        return cast("V", value)

    def get(self, key: K, default: V | None = None) -> V | None:  # type: ignore[override] # one signature of two
        """The value, or the default."""
        value = self._own.get(key)
        if value is None:
            return self._base.get(key, default)
        return default if value is GONE else cast("V", value)

    def __contains__(self, key: object) -> bool:
        value = self._own.get(cast("K", key))
        return key in self._base if value is None else value is not GONE

    def __setitem__(self, key: K, value: V) -> None:
        self._own[key] = value

    def __delitem__(self, key: K) -> None:
        self._own[key] = GONE
        self._deletes = True

    def __iter__(self) -> Iterator[K]:
        for key in self._base:
            if key not in self._own:
                yield key
        for key, value in self._own.items():
            if value is not GONE:
                yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def put_on(self, base: MutableMapping[K, V]) -> None:
        """Read through to this mapping from now on."""
        self._base = base

    def changes(self) -> dict[K, object]:
        """What was written here, GONE for what was deleted; left to the caller by `merge`."""
        return self._own

    def merge(self) -> None:
        """Write what changed into the mapping below, and be empty."""
        own, self._own = self._own, {}
        if not self._deletes:
            self._base.update(cast("dict[K, V]", own))
            return
        self._deletes = False
        for key, value in own.items():
            if value is GONE:
                self._base.pop(key, None)
            else:
                self._base[key] = cast("V", value)


MAPPINGS: Final = (
    "anchors",
    "channels",
    "exceptions",
    "lines",
    "location_counts",
    "locations",
    "orders",
    "payments",
    "products",
    "promises",
    "promises_over",
    "stock",
    "versions",
    "waiting",
)


Changes = dict[str, dict[Any, object]]
"""By the name of a mapping: the entries that changed, GONE for those deleted."""


class State:
    """The writer's knowledge of one network.

    `payments` says which order a payment named last. `promises` remembers, per stock item and in
    order of promising, which order line each promise is for; `location_counts` are whole-location
    counts, `anchors` all others and those that found a difference; `waiting` are facts by the
    order or sale they wait for.
    """

    __slots__ = (*MAPPINGS, "_below", "journal")

    def __init__(self) -> None:
        self.anchors: MutableMapping[CountedKey, tuple[Anchor, ...]] = {}
        self.channels: MutableMapping[str, ChannelPolicy] = {}
        self.exceptions: MutableMapping[tuple[str, About], ExceptionRef] = {}
        self.lines: MutableMapping[LineKey, Line] = {}
        self.location_counts: MutableMapping[str, tuple[Anchor, ...]] = {}
        self.locations: MutableMapping[str, LocationPolicy] = {}
        self.orders: MutableMapping[str, Order] = {}
        self.payments: MutableMapping[str, str] = {}
        self.products: MutableMapping[str, bool] = {}
        self.promises: Promises = {}
        self.promises_over: PromisesOver = {}
        self.stock: MutableMapping[ItemKey, StockItem] = {}
        self.versions: MutableMapping[str, int] = {}
        self.waiting: MutableMapping[str, tuple[Waiting, ...]] = {}
        self.journal = Journal()
        self._below: State | None = None

    def on_top(self) -> "State":
        """A state that reads this one and keeps its own changes, until merged."""
        child = State()
        for name in MAPPINGS:
            setattr(child, name, Overlay(getattr(self, name)))
        child.journal = Journal(self.journal)
        child._below = self
        return child

    def counted_until(self, key: CountedKey) -> datetime | None:
        """The time of the latest count that anchors a quantity; later movements revise none."""
        location, _, counted = key
        own = self.anchors.get(key)
        whole = self.location_counts.get(location) if counted == "on_hand" else None
        if own and whole:
            return max(own[-1].at, whole[-1].at)
        latest = own or whole
        return latest[-1].at if latest else None

    def anchors_of(self, key: CountedKey) -> tuple[Anchor, ...]:
        """The counts that anchor a quantity, whole-location counts included, by stamp."""
        own = self.anchors.get(key, ())
        location, _, counted = key
        if counted != "on_hand":
            return own
        whole = self.location_counts.get(location, ())
        if not whole:
            return own
        merged = {anchor.stamp: anchor for anchor in whole}
        merged.update((anchor.stamp, anchor) for anchor in own)
        return tuple(merged[stamp] for stamp in sorted(merged))

    def changes(self) -> Changes:
        """What `merge` will write into the mappings below; only for a state on top of another.

        The journal is not in it: what it took is only ever added, and can be told by itself.
        """
        found = {name: getattr(self, name).changes() for name in MAPPINGS}
        return {name: changed for name, changed in found.items() if changed}

    def merge(self) -> None:
        """Write what changed on this state into the one below it, and be empty."""
        assert self._below is not None, "only a state on top of another can be merged"
        for name in MAPPINGS:
            getattr(self, name).merge()
        self._below.journal.merge(self.journal)
        self.journal.clear()

    def put_on(self, below: "State") -> None:
        """Stand on another state, which now holds all that the one below held."""
        for name in MAPPINGS:
            getattr(self, name).put_on(getattr(below, name))
        self.journal.put_on(below.journal)
        self._below = below
