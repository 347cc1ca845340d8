"""Availability of a network in memory, at the ledger's head.

Skus are loaded from the views, each part from the position that its view shows, moved on by the
recent events behind it, and from then on by every event that is taken. For one thread at a time.
"""

from bisect import bisect_right, insort
from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, Final, get_args

from msgspec import Struct

from consumers.availability.answer import answer
from consumers.availability.entry import (
    STOCK_EVENTS,
    VIEW_OF,
    Doubt,
    Entry,
    LineMoved,
    SupplyMoved,
    TransferMoved,
    line_from,
)
from consumers.availability.recent import Recent, Subject
from ledger.domain.entries import ChannelPolicy, LineKey
from ledger.domain.events import (
    AnyEvent,
    ChannelBufferSet,
    ChannelDescribed,
    CollectionVoided,
    LocationDescribed,
    OrderChanged,
    OrderLineBackordered,
    OrderLineCancelled,
    OrderPlaced,
    StockSent,
    StockShipmentVoided,
    StockUncommitted,
    SupplyExpected,
    SupplyOverdue,
    SupplyReceived,
    SupplyRescheduled,
    TransferOverdue,
    TransferRequested,
    TransferShipped,
)
from ledger.domain.orders.lines import Line
from ledger.domain.stock.item import stamp_of
from projections.projection import Batch
from projections.selling.availability import READS, Availability
from projections.selling.availability_parts import Named, Parts, Place, Shared, Source
from projections.stock.inventory import InventoryItem

MAX_ENTRIES: Final = 20_000
"""Skus kept; with stock at 50 locations each some 200 MB."""
MAX_SKUS: Final = 1_000_000
"""Names of skus kept, some 100 MB; of more, lists are read from the views."""
MAX_LINES: Final = 2_000
"""Of a sku's supplies, transfers and orders; with more it is loaded again, without what is done."""
_DESCRIBED: Final = ("described", "")


class NotInMemory(Exception):
    """The sku has to be loaded first."""


class Touched(Struct):
    """Whose answers may have changed, and up to which position that is told.

    `skus` by name, each with the position of the last event about it, and `at` which locations
    these events were (None among them: wherever it is sold). `channels` were described anew: all
    their answers may have changed; `everywhere`: all of every channel. `unnamed` are supplies,
    transfers and orders whose skus are not known here: `skus_of` reads them from the views.
    """

    position: int
    skus: dict[str, int]
    at: dict[str, set[str | None]]
    channels: set[str]
    unnamed: set[Source]
    everywhere: bool = False

    def add(self, sku: str, position: int, location: str | None = None) -> None:
        """One more event about a sku."""
        self.skus[sku] = position
        self.at.setdefault(sku, set()).add(location)


class Memory:
    """Skus and what they share, moved by `take`. `since`: it is given all events behind this."""

    def __init__(
        self, since: int, *, max_entries: int = MAX_ENTRIES, recent: Recent | None = None
    ) -> None:
        self.position = since
        self.recent = Recent(since) if recent is None else recent
        self.forgotten = 0
        """How often: what was read before may not be kept after."""
        self._max_entries = max_entries
        self._entries: dict[str, Entry] = {}
        self._holders: dict[Source, set[str]] = {}
        self._shared: Shared | None = None
        self._known_skus: set[str] = set()
        self._names: dict[tuple[str, str, str], str] = {}
        self._request = ("", "")

    @property
    def ready(self) -> bool:
        """Whether it knows what all skus share."""
        return self._shared is not None

    @property
    def channels(self) -> Collection[str]:
        """The channels that were described."""
        return () if self._shared is None else self._shared.channels.keys()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, sku: str) -> bool:
        return sku in self._entries or self._never_stocked(sku)

    def stock(self, sku: str) -> tuple[InventoryItem, ...]:
        """Its stock by location at `position`; none: a sku without any stock event.

        The same object until that changes. Raises NotInMemory for a sku that is not loaded.
        """
        entry = self._used(sku)
        return () if entry is None else entry.items

    def of(self, channel: str, sku: str, day: date | None = None) -> Availability | None:
        """What the channel may sell at `position`; None for a sku without any stock event.

        Raises NotInMemory for a sku that is not loaded.
        """
        entry, shared = self._used(sku), self._shared
        if entry is None or shared is None or not entry.parts.stock:
            return None
        policy = shared.channels.get(channel)
        return answer(sku, entry.parts, channel, policy, shared.places, day)

    def _used(self, sku: str) -> Entry | None:
        """The entry, as the latest used; None for a sku without any stock event."""
        if self._shared is None:
            raise NotInMemory(sku)
        if self._never_stocked(sku):
            return None
        entry = self._entries.pop(sku, None)
        if entry is None:
            raise NotInMemory(sku)
        self._entries[sku] = entry  # the latest used stands last
        return entry

    def skus_after(self, after: str, limit: int) -> list[str] | None:
        """So many skus by name that ever had stock; None: there are too many to know them."""
        if self._shared is None or self._shared.skus is None:
            return None
        first = bisect_right(self._shared.skus, after)
        return self._shared.skus[first : first + limit]

    def take(self, batch: Batch, position: int | None = None) -> Touched:
        """Move on by events, in their order, up to `position` (else that of the last event).

        Events of types that are not in VIEW_OF may be left out.
        """
        end = position if position is not None else batch[-1][0] if batch else self.position
        touched = Touched(end, {}, {}, set(), set())
        for place, event in batch:
            assert place > self.position, (place, self.position)
            if event.__class__ in VIEW_OF:
                self._take(place, event, touched)
        self.position = end
        return touched

    def share(self, shared: Shared) -> bool:
        """Take over what all skus share; False if it cannot be moved on to here."""
        if not self._reaches(shared.stands.get(view, 0) for view in READS):
            return False
        self._shared = shared
        self._known_skus = set(shared.skus or ())
        for position, event in self.recent.about(_DESCRIBED):
            if position > shared.stands.get(VIEW_OF[type(event)], 0):
                self._describe(event)
        for sku in self.recent.about_stock():
            self._learn(sku)
        return True

    def wanting(self, skus: Iterable[str]) -> Named:
        """The lines that have to be read with these skus, though they may be done with."""
        named = Named({}, {}, {})
        for sku in skus:
            self._lines_told(sku, named)
        return named

    def adopt(self, parts: Parts, named: Named) -> set[str]:
        """Keep what was loaded with `wanting`, moved on to here; the skus where that failed."""
        if not self._reaches(parts.stands.get(view, 0) for view in READS):
            return set(parts.skus)
        failed = set()
        for sku, known in parts.skus.items():
            asked = named.supplies.get(sku, set()) | named.orders.get(sku, set())
            entry = Entry(sku, known, frozenset(asked))
            try:
                self._catch_up(entry, parts)
            except Doubt:
                failed.add(sku)
            else:
                self._keep(entry)
        return failed

    def forget(self) -> None:
        """Keep nothing that was loaded before: rows of the views are others now."""
        self._forget_skus()
        self._shared = None
        self._known_skus = set()

    def _forget_skus(self) -> None:
        """Keep no sku, and none of the events up to here: what the views show by then is loaded."""
        self.forgotten += 1
        self._entries.clear()
        self._holders.clear()
        self.recent.forget(self.position)

    def _reaches(self, stands: Iterable[int]) -> bool:
        return all(self.recent.since <= stand <= self.position for stand in stands)

    def _never_stocked(self, sku: str) -> bool:
        return (
            self._shared is not None
            and self._shared.skus is not None
            and sku not in self._known_skus
        )

    def _take(self, position: int, event: AnyEvent, touched: Touched) -> None:
        if event.__class__ in STOCK_EVENTS:
            self._stock_moved(position, event, touched)
            return
        match event:
            case ChannelBufferSet():
                self._put(position, event, ("sku", event.sku))
                self._move(event.sku, position, event)
                touched.add(event.sku, position)
            case LocationDescribed() | ChannelDescribed():
                self.recent.put(position, event, (_DESCRIBED,))
                self._described(event, touched)
            case OrderPlaced() | OrderChanged():
                self._put(position, event, ("order", event.order_id))
            case SupplyExpected() | TransferRequested():
                self._lines_said(position, event, touched)
            case _:
                self._source_moved(position, event, touched)

    def _stock_moved(self, position: int, event: Any, touched: Touched) -> None:
        sku = event.sku
        self._put(position, event, ("sku", sku))
        self._learn(sku)
        match event:
            case StockUncommitted():
                self._name(event, ("order", event.order_id, event.line_id))
            case StockSent():
                self._name(event, ("transfer", event.transfer_id, event.line_id))
        self._move(sku, position, event)
        if event.__class__ is StockShipmentVoided:
            self._hold(("order", event.order_id), sku)
        touched.add(sku, position, event.location)

    def _lines_said(
        self, position: int, event: SupplyExpected | TransferRequested, touched: Touched
    ) -> None:
        source = _source(event)
        named = {line.sku for line in event.lines}
        self._put(position, event, source, *(("sku", sku) for sku in sorted(named)))
        for sku in named | self._holders.get(source, set()):
            self._move(sku, position, event)
            touched.add(sku, position)

    def _source_moved(self, position: int, event: AnyEvent, touched: Touched) -> None:
        """Something became of lines that do not name their skus."""
        source = _source(event)
        sku = self._named(position, event)
        about_sku: tuple[Subject, ...] = () if sku is None else (("sku", sku),)
        self._put(position, event, source, *about_sku)
        moved = {
            holder
            for holder in tuple(self._holders.get(source, ()))
            if self._move(holder, position, event)
        }
        if sku is not None and sku not in moved:
            if not self._move(sku, position, event):
                self._drop(sku)
            moved.add(sku)
        for holder in moved:
            touched.add(holder, position)
        if not moved and _revives(event):
            touched.unnamed.add(source)
            self.position = position
            self._forget_skus()
        elif _unseen(event, moved):
            self._find(source, position, touched)

    def _find(self, source: Source, position: int, touched: Touched) -> None:
        """The skus of a source of which no sku that is kept has all lines."""
        found = [
            line.sku
            for _, event in self.recent.about(source)
            for line in _said(event)
            if line.sku is not None
        ]
        for sku in found:
            touched.add(sku, position)
        if not found:
            touched.unnamed.add(source)

    def _named(self, position: int, event: Any) -> str | None:
        """The sku of the line that an event may revive, as events of its request say it."""
        if not _revives(event) or not hasattr(event, "line_id"):
            return None
        kind, source_id = _source(event)
        name = (kind, source_id, event.line_id)
        if (event.channel, event.request_id) == self._request and name in self._names:
            return self._names[name]
        if kind == "order":
            line = self._line_as_of((source_id, event.line_id), position)
            return None if line is None else line.sku
        return None

    def _name(self, event: Any, name: tuple[str, str, str]) -> None:
        request = (event.channel, event.request_id)
        if request != self._request:
            self._request = request
            self._names.clear()
        self._names[name] = event.sku

    def _described(self, event: LocationDescribed | ChannelDescribed, touched: Touched) -> None:
        changed = self._shared is None or self._describe(event)
        if changed and isinstance(event, ChannelDescribed):
            touched.channels.add(event.described)
        elif changed:
            touched.everywhere = True

    def _describe(self, event: AnyEvent) -> bool:
        """Take over a description if it counts; whether that changes anything for a channel."""
        shared = self._shared
        assert shared is not None, event
        match event:
            case LocationDescribed():
                stamp, known = stamp_of(event), shared.places.get(event.location)
                if known is not None and stamp < known.stamp:
                    return False
                shared.places[event.location] = Place(stamp, event.active)
                return event.active != (known is None or known.active)
            case ChannelDescribed():
                stamp, said = stamp_of(event), shared.channels.get(event.described)
                if said is not None and stamp < said.stamp:
                    return False
                served = None if event.locations is None else frozenset(event.locations)
                shared.channels[event.described] = ChannelPolicy(stamp, served)
                return said is None or said.locations != served
        return False

    def _learn(self, sku: str) -> None:
        """It has stock: a name to list."""
        shared = self._shared
        if shared is None or shared.skus is None or sku in self._known_skus:
            return
        insort(shared.skus, sku)
        self._known_skus.add(sku)

    def _lines_told(self, sku: str, named: Named) -> None:
        supplies: set[LineKey] = set()
        transfers: set[str] = set()
        orders: set[LineKey] = set()
        for _, event in self.recent.about(("sku", sku)):
            match event:
                case SupplyExpected():
                    lines = (line for line in event.lines if line.sku == sku)
                    supplies.update((event.supply_id, line.line_id) for line in lines)
                case TransferShipped():
                    transfers.add(event.transfer_id)
                case OrderLineBackordered() | StockShipmentVoided() | CollectionVoided():
                    orders.add((event.order_id, event.line_id))
        named.supplies[sku] = supplies
        named.transfers[sku] = transfers
        named.orders[sku] = orders

    def _catch_up(self, entry: Entry, parts: Parts) -> None:
        """Move on by the events behind what each of its parts shows. Raises Doubt."""
        subject: Subject = ("sku", entry.sku)
        told = (_source(e) for _, e in self.recent.about(subject) if _has_source(e))
        for position, event in self.recent.about_any({subject, *entry.sources(), *told}):
            if position > parts.stands.get(VIEW_OF[event.__class__], 0):
                entry.apply(position, event, self._line_as_of)
        entry.asked = frozenset()

    def _keep(self, entry: Entry) -> None:
        self._drop(entry.sku)
        self._entries[entry.sku] = entry
        for source in entry.sources():
            self._hold(source, entry.sku)
        while len(self._entries) > self._max_entries:
            self._drop(next(iter(self._entries)))

    def _drop(self, sku: str) -> None:
        entry = self._entries.pop(sku, None)
        if entry is None:
            return
        for source in entry.sources():
            holders = self._holders[source]
            holders.discard(sku)
            if not holders:
                del self._holders[source]

    def _move(self, sku: str, position: int, event: AnyEvent) -> bool:
        """Move a sku on, if it is kept; whether the event was about it."""
        entry = self._entries.get(sku)
        if entry is None:
            return False
        try:
            concerned = entry.apply(position, event, self._line_as_of)
        except Doubt:
            self._drop(sku)
            return True
        if concerned and _has_source(event):
            self._hold(_source(event), sku)
            if entry.size > MAX_LINES:
                self._drop(sku)
        return concerned

    def _hold(self, source: Source, sku: str) -> None:
        """Lines of the source are known here, if the sku is kept."""
        if sku in self._entries:
            self._holders.setdefault(source, set()).add(sku)

    def _line_as_of(self, key: LineKey, position: int) -> Line | None:
        return line_from(self.recent.about(("order", key[0])), key, position)

    def _put(self, position: int, event: AnyEvent, *subjects: Subject) -> None:
        self.recent.put(position, event, subjects)


_SOURCED: Final = frozenset(get_args(LineMoved | SupplyMoved | TransferMoved))


def _has_source(event: AnyEvent) -> bool:
    return event.__class__ in _SOURCED


def _source(event: Any) -> Source:
    """The supply, transfer or order that an event is of."""
    if event.__class__ in _SUPPLIES:
        return ("supply", event.supply_id)
    if event.__class__ in _TRANSFERS:
        return ("transfer", event.transfer_id)
    return ("order", event.order_id)


_SUPPLIES: Final = frozenset(get_args(SupplyMoved))
_TRANSFERS: Final = frozenset(get_args(TransferMoved))


def _revives(event: AnyEvent) -> bool:
    """Whether a line may bring or wait for something after it that did not before."""
    match event:
        case SupplyReceived():
            return event.quantity < 0
        case OrderLineBackordered() | CollectionVoided() | TransferShipped():
            return True
    return False


def _unseen(event: AnyEvent, moved: Collection[str]) -> bool:
    """Whether skus may be concerned that nothing else of the request names."""
    match event:
        case SupplyRescheduled() | SupplyOverdue() | TransferOverdue():
            return True
        case OrderLineCancelled():
            return event.backordered > 0 and not moved
    return False


def _said(event: AnyEvent) -> Iterable[Any]:
    """The lines that an event makes known, with their skus."""
    match event:
        case SupplyExpected() | TransferRequested() | OrderPlaced():
            return event.lines
        case OrderChanged():
            return event.added
    return ()
