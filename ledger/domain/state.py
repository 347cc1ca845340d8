"""What the writer knows: one mapping per kind of thing, folded from events by `evolve`.

Entries are immutable values, so a state on top of another holds only what changed: the writer
decides on such an overlay while the block below it is in flight, then merges or drops it.
"""

from collections.abc import MutableMapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from ledger.domain.deadlines import Agenda
from ledger.domain.entries import (
    About,
    AuthorisedLine,
    AuthorisedReturn,
    Backorder,
    Buffer,
    ChannelPolicy,
    DeadlineKey,
    ExceptionRef,
    Hold,
    ItemKey,
    LineKey,
    LocationPolicy,
    Reservation,
    Shipment,
    Source,
    Supply,
    SupplyLineState,
    Transfer,
    TransferLineState,
    Waiting,
)
from ledger.domain.orders.lines import Line, Order
from ledger.domain.overlay import GONE, Overlay
from ledger.domain.stock.counts import Anchor, CountedKey, Journal
from ledger.domain.stock.item import StockItem
from ledger.domain.stock.offers import Offers
from ledger.domain.stock.promises import Promises, PromisesOver

__all__ = ["GONE", "MAPPINGS", "Changes", "State"]


MAPPINGS: Final = (
    "anchors",
    "backordered",
    "backorders",
    "buffers",
    "channels",
    "deadlines",
    "exceptions",
    "holds",
    "incoming",
    "lines",
    "location_counts",
    "locations",
    "numbers",
    "orders",
    "owners",
    "parcels",
    "payments",
    "products",
    "promises",
    "promises_over",
    "reservations",
    "reservations_over",
    "return_lines",
    "returns",
    "shipments",
    "stock",
    "stocked",
    "supplies",
    "supply_lines",
    "transfer_lines",
    "transfers",
    "versions",
    "waiting",
)


_NAMES: Final = frozenset(MAPPINGS)
Changes = dict[str, dict[Any, object]]
"""By the name of a mapping: the entries that changed, GONE for those deleted."""


class State:
    """The writer's knowledge of one network.

    `payments` says which order a payment named last. `promises` remembers, per stock item and in
    order of promising, which order line each promise is for, `reservations` likewise which hold
    or transfer; `backorders` are the lines that wait for a sku, `backordered` how much they wait
    for in all; `location_counts` are whole-location counts, `anchors` all others and those that
    found a difference; `waiting` are facts by the stream of what they wait for. `stocked` says
    where a sku ever was, `incoming` which supplies and transfers bring it, `parcels` how many
    were sourced at a location on a local day; `views` is what `channels` remembers of them.
    `deadlines` holds all that stand, in no order: the agenda knows it.
    """

    __slots__ = (*MAPPINGS, "_below", "_made", "agenda", "journal", "offers", "own_views")

    def __init__(self, below: "State | None" = None, *, planned: bool = True) -> None:
        """The state of an empty ledger; `on_top` makes one that stands on another."""
        self._below = below
        self._made: list[str] = []
        if below is not None:
            self.journal: Journal = Journal(below.journal)
            self.agenda: Agenda | None = below.agenda if planned else None
            self.own_views: dict[str, Any] | None = None
            self.offers: Offers = Offers(self, below.offers)
            return
        self.anchors: MutableMapping[CountedKey, tuple[Anchor, ...]] = {}
        self.backordered: MutableMapping[str, int] = {}
        self.backorders: MutableMapping[str, tuple[Backorder, ...]] = {}
        self.buffers: MutableMapping[tuple[str, str], Buffer] = {}
        self.channels: MutableMapping[str, ChannelPolicy] = {}
        self.deadlines: MutableMapping[DeadlineKey, bool] = {}
        self.exceptions: MutableMapping[tuple[str, About], ExceptionRef] = {}
        self.holds: MutableMapping[tuple[str, str], Hold] = {}
        self.incoming: MutableMapping[str, tuple[Source, ...]] = {}
        self.lines: MutableMapping[LineKey, Line] = {}
        self.location_counts: MutableMapping[str, tuple[Anchor, ...]] = {}
        self.locations: MutableMapping[str, LocationPolicy] = {}
        self.numbers: MutableMapping[str, int] = {}
        self.orders: MutableMapping[str, Order] = {}
        self.owners: MutableMapping[str, tuple[str, ...]] = {}
        self.parcels: MutableMapping[tuple[str, date], int] = {}
        self.payments: MutableMapping[str, str] = {}
        self.products: MutableMapping[str, bool] = {}
        self.promises: Promises[LineKey] = {}
        self.promises_over: PromisesOver = {}
        self.reservations: Promises[Reservation] = {}
        self.reservations_over: PromisesOver = {}
        self.return_lines: MutableMapping[tuple[str, str], AuthorisedLine] = {}
        self.returns: MutableMapping[str, AuthorisedReturn] = {}
        self.shipments: MutableMapping[tuple[str, str, str], Shipment] = {}
        self.stock: MutableMapping[ItemKey, StockItem] = {}
        self.stocked: MutableMapping[str, tuple[str, ...]] = {}
        self.supplies: MutableMapping[str, Supply] = {}
        self.supply_lines: MutableMapping[tuple[str, str], SupplyLineState] = {}
        self.transfer_lines: MutableMapping[tuple[str, str], TransferLineState] = {}
        self.transfers: MutableMapping[str, Transfer] = {}
        self.versions: MutableMapping[str, int] = {}
        self.waiting: MutableMapping[str, tuple[Waiting, ...]] = {}
        self.journal = Journal()
        self.agenda = Agenda()
        self.offers = Offers(self)
        self.own_views = {}

    if not TYPE_CHECKING:  # a name that is no mapping is to be an error for whoever checks types

        def __getattr__(self, name: str) -> "Overlay[Any, Any]":
            """A mapping of a state on top, made when it is first asked for: most are not."""
            if name not in _NAMES:
                raise AttributeError(name)
            made = Overlay(getattr(self._below, name))
            setattr(self, name, made)
            self._made.append(name)
            return made

    @property
    def is_base(self) -> bool:
        """Whether it stands on no other."""
        return self._below is None

    def on_top(self, *, planned: bool = True) -> "State":
        """A state that reads this one and keeps its own changes, until merged.

        With `planned` its deadlines come onto the agenda that all of these states share.
        """
        return State(self, planned=planned)

    def learn_location(self, location: str) -> None:
        """A location was named; never described, it is active and serves all."""
        if location not in self.locations:
            self.locations[location] = LocationPolicy()
            self.forget_views()

    @property
    def views(self) -> dict[str, Any]:
        """What is remembered of channels: here since something was described here, else below."""
        if self.own_views is not None:
            return self.own_views
        assert self._below is not None, "the lowest state remembers by itself"
        return self._below.views

    def forget_views(self) -> None:
        """Something was described: here, and not yet in the state below."""
        self.own_views = {}

    def set_deadline(self, key: DeadlineKey) -> None:
        """Something is to be done, or told, once this has passed."""
        if key not in self.deadlines:
            self.deadlines[key] = True
            if self.agenda is not None:
                self.agenda.add(key)
                if self._below is None:
                    self.agenda.tidy(self.deadlines)

    def end_deadline(self, key: DeadlineKey) -> None:
        """Nothing is left to do then."""
        self.deadlines.pop(key, None)

    def next_deadline(self) -> DeadlineKey | None:
        """The earliest that stands; only where deadlines are planned."""
        assert self.agenda is not None, "a draft has no agenda"
        return self.agenda.first(self.deadlines)

    def passed_deadline(self, now: datetime) -> DeadlineKey | None:
        """The earliest that stands, if it is not after `now`; only where deadlines are planned."""
        assert self.agenda is not None, "a draft has no agenda"
        return self.agenda.passed(now, self.deadlines)

    def leave_alone(self, key: DeadlineKey) -> None:
        """The earliest stands on, but nothing will ask for it."""
        assert self.agenda is not None, "a draft has no agenda"
        self.agenda.take_off(key)

    def settle_agenda(self, above: "State") -> None:
        """What stood on this state was merged or dropped; now nothing but `above` stands on it."""
        assert self.agenda is not None, "a draft has no agenda"
        self.agenda.settle(self.deadlines)
        self.agenda.tidy(self.deadlines, above.deadlines)

    def next_backorder(self) -> int:
        """The number of the next backorder: they rise, so that the oldest is known."""
        number = self.numbers.get("backorder", 0) + 1
        self.numbers["backorder"] = number
        return number

    def stock_changed(self, key: ItemKey, item: StockItem) -> None:
        """Keep an item, and that what can be offered of its sku is another."""
        self.stock[key] = item
        self.offers.touch(key, item)

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
        found = {name: getattr(self, name).changes() for name in self._made}
        return {name: changed for name, changed in found.items() if changed}

    def merge(self) -> None:
        """Write what changed on this state into the one below it, and be empty."""
        assert self._below is not None, "only a state on top of another can be merged"
        for name in self._made:
            getattr(self, name).merge()
        if self.own_views is not None:
            self._below.own_views, self.own_views = self.own_views, None
        self._below.journal.merge(self.journal)
        self.journal.clear()
        self.offers.merge()
        if self.agenda is not None and self._below.is_base:
            self.agenda.settle(self._below.deadlines)

    def put_on(self, below: "State") -> None:
        """Stand on another state, which now holds all that the one below held."""
        for name in self._made:
            getattr(self, name).put_on(getattr(below, name))
        self.journal.put_on(below.journal)
        self.offers.put_on(below.offers)
        self._below = below
