"""The books kept a second time, from what happened alone, apart from the fold under test.

Quantities of every item are summed from its stock events. What goods came, left, and were lost is
summed from what people said of sales, orders, transfers and returns, so that the stock events
themselves are held against it (docs/concepts.md, conservation).
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from ledger.domain import events as e
from ledger.domain.events import AnyEvent
from ledger.domain.requests import (
    AdjustStock,
    Decided,
    InspectReturn,
    ReceiveReturn,
    ReceiveStock,
    RecordReturn,
)
from ledger.domain.stock.item import Stamp, stamp_of

ItemKey = tuple[str, str]
LineKey = tuple[str, str]
OFF_THE_BOOKS: Final = frozenset({"scrap", "return_to_vendor", "missing"})
"""Dispositions of goods that are not there."""
QUANTITIES: Final = ("on_hand", "damaged", "quality_control", "committed", "reserved", "incoming")


class Item:
    """What stock events sum to, of one sku at one location."""

    __slots__ = (*QUANTITIES, "safety", "safety_stamp")

    def __init__(self) -> None:
        self.on_hand = self.damaged = self.quality_control = 0
        self.committed = self.reserved = self.incoming = 0
        self.safety = 0
        self.safety_stamp: Stamp | None = None

    @property
    def promised(self) -> int:
        return self.committed + self.reserved

    @property
    def sellable(self) -> int:
        """What is fit for sale; parts below zero count as 0."""
        return self.on_hand - max(0, self.damaged) - max(0, self.quality_control)

    @property
    def available(self) -> int:
        return self.sellable - self.promised - self.safety

    def state(self, name: str, change: int) -> None:
        """A part of on_hand changes; `available` is no part of its own."""
        if name != "available":
            setattr(self, name, getattr(self, name) + change)


class OnTheWay:
    """One line of a transfer, summed from what was said of it."""

    def __init__(self, sku: str) -> None:
        self.sku = sku
        self.shipped = self.arrived = self.missing = 0
        self.closed = False

    @property
    def in_transit(self) -> int:
        return 0 if self.closed else max(0, self.shipped - self.arrived - self.missing)

    @property
    def lost(self) -> int:
        """Lost less found."""
        return self.shipped - self.arrived - self.in_transit


class Accounts:
    """`goods` is the net of goods that came and left, by sku and why."""

    def __init__(self) -> None:
        self.items: dict[ItemKey, Item] = {}
        self.committed: Counter[LineKey] = Counter()
        self.goods: Counter[tuple[str, str]] = Counter()
        self.on_the_way: dict[tuple[str, str], OnTheWay] = {}
        self.reserved: Counter[tuple[str, str, str]] = Counter()
        self.held: Counter[tuple[str, str]] = Counter()
        self.answered: Counter[tuple[str, str]] = Counter()
        self.skus: dict[LineKey, str | None] = {}

    def item(self, key: ItemKey) -> Item:
        found = self.items.get(key)
        if found is None:
            found = self.items[key] = Item()
        return found

    def take(self, request: Decided, events: Iterable[AnyEvent]) -> None:
        """Book what one request said and led to."""
        said = _SAID.get(type(request))
        if said is not None:
            said(self, request)
        for event in events:
            booked = _BOOKED.get(type(event))
            if booked is not None:
                booked(self, event)

    def on_hand(self) -> Counter[str]:
        """By sku, what there should be at all locations and on the way together."""
        whole: Counter[str] = Counter()
        for (sku, _), quantity in self.goods.items():
            whole[sku] += quantity
        for line in self.on_the_way.values():
            whole[line.sku] -= line.lost
        return whole

    def moved(self, sku: str | None, why: str, quantity: int) -> None:
        """Goods of a sku came or left; a service is none."""
        if sku is not None:
            self.goods[(sku, why)] += quantity


def _received(books: Accounts, said: ReceiveStock) -> None:
    for line in said.lines:
        books.moved(line.sku, "received", line.quantity)


def _adjusted(books: Accounts, said: AdjustStock) -> None:
    for line in said.lines:
        books.moved(line.sku, "adjusted", line.quantity)


def _returned(books: Accounts, said: RecordReturn) -> None:
    for line in said.lines:
        if line.kind == "goods":
            books.moved(line.sku, "returned", line.quantity)


def _came_back(books: Accounts, said: ReceiveReturn) -> None:
    for line in said.lines:
        if line.disposition != "missing":
            books.moved(line.sku, "returned", line.quantity)
            if line.disposition in OFF_THE_BOOKS:
                books.moved(line.sku, line.disposition, -line.quantity)


def _inspected(books: Accounts, said: InspectReturn) -> None:
    for line in said.lines:
        was = line.from_disposition in OFF_THE_BOOKS
        is_now = line.to in OFF_THE_BOOKS
        books.moved(line.sku, "inspected", line.quantity * (was - is_now))


_SAID: Final[dict[type, Callable[[Accounts, Any], None]]] = {
    AdjustStock: _adjusted,
    InspectReturn: _inspected,
    ReceiveReturn: _came_back,
    ReceiveStock: _received,
    RecordReturn: _returned,
}
"""Facts that move goods as they come, whatever is known."""


def _answered(books: Accounts, event: e.RequestAccepted | e.RequestRefused) -> None:
    books.answered[(event.channel, event.request_id)] += 1


def _came(books: Accounts, event: e.StockReceived | e.StockAdjusted | e.StockReturned) -> None:
    item = books.item((event.location, event.sku))
    item.on_hand += event.quantity
    item.state(event.state, event.quantity)


def _counted(books: Accounts, event: e.StockCounted) -> None:
    _variance(books, event, event.variance)


def _revised(books: Accounts, event: e.StockCountRevised) -> None:
    _variance(books, event, event.quantity)


def _variance(books: Accounts, event: e.StockCounted | e.StockCountRevised, change: int) -> None:
    books.item((event.location, event.sku)).state(event.state, change)
    if event.state == "on_hand":
        books.moved(event.sku, "variances", change)


def _moved(books: Accounts, event: e.StockMoved) -> None:
    item = books.item((event.location, event.sku))
    item.state(event.from_state, -event.quantity)
    item.state(event.to_state, event.quantity)


def _left(books: Accounts, event: e.StockSold | e.StockShipped | e.StockCollected) -> None:
    item = books.item((event.location, event.sku))
    item.on_hand -= event.quantity
    item.committed -= event.committed
    if event.committed:
        line_id = event.order_line_id if isinstance(event, e.StockSold) else event.line_id
        books.committed[(str(event.order_id), str(line_id))] -= event.committed


def _back(books: Accounts, event: e.StockSaleVoided | e.StockShipmentVoided) -> None:
    books.item((event.location, event.sku)).on_hand += event.quantity


def _hold_placed(books: Accounts, event: e.HoldPlaced) -> None:
    books.held[(event.owner, event.line_id)] += event.quantity


def _hold_ended(books: Accounts, event: e.HoldReleased | e.HoldExpired) -> None:
    books.held[(event.owner, event.line_id)] -= event.quantity


def _reserved(books: Accounts, event: e.StockReserved) -> None:
    books.item((event.location, event.sku)).reserved += event.quantity
    books.reserved[(event.held_for, event.holder, event.line_id)] += event.quantity


def _released(books: Accounts, event: e.StockReleased) -> None:
    books.item((event.location, event.sku)).reserved -= event.quantity
    books.reserved[(event.held_for, event.holder, event.line_id)] -= event.quantity


def _sent(books: Accounts, event: e.StockSent) -> None:
    item = books.item((event.location, event.sku))
    item.on_hand -= event.quantity
    item.reserved -= event.reserved
    books.reserved[("transfer", event.transfer_id, event.line_id)] -= event.reserved


def _arrived(books: Accounts, event: e.StockArrived) -> None:
    item = books.item((event.location, event.sku))
    item.on_hand += event.quantity
    item.damaged += event.damaged


def _written_out(books: Accounts, event: e.StockWrittenOut) -> None:
    item = books.item((event.location, event.sku))
    item.on_hand -= event.quantity
    item.state(event.state, -event.quantity)


def _expected(books: Accounts, event: e.StockExpected) -> None:
    books.item((event.location, event.sku)).incoming += event.quantity


def _committed(books: Accounts, event: e.StockCommitted) -> None:
    books.item((event.location, event.sku)).committed += event.quantity
    books.committed[(event.order_id, event.line_id)] += event.quantity


def _uncommitted(books: Accounts, event: e.StockUncommitted) -> None:
    books.item((event.location, event.sku)).committed -= event.quantity
    books.committed[(event.order_id, event.line_id)] -= event.quantity


def _held_back(books: Accounts, event: e.SafetyStockSet) -> None:
    item = books.item((event.location, event.sku))
    stamp = stamp_of(event)
    if item.safety_stamp is None or stamp >= item.safety_stamp:
        item.safety, item.safety_stamp = event.quantity, stamp


def _placed(books: Accounts, event: e.OrderPlaced) -> None:
    _lines(books, event.order_id, event.lines)


def _changed(books: Accounts, event: e.OrderChanged) -> None:
    _lines(books, event.order_id, event.added)


def _lines(books: Accounts, order_id: str, lines: Iterable[Any]) -> None:
    for line in lines:
        sku = line.sku if line.kind == "goods" else None
        books.skus[(order_id, line.line_id)] = sku


def _sale(books: Accounts, event: e.SaleRecorded) -> None:
    order_id = f"sale:{event.channel}:{event.request_id}"
    _lines(books, order_id, event.lines)
    for line in event.lines:
        books.moved(books.skus[(order_id, line.line_id)], "sold", -line.quantity)


def _sale_voided(books: Accounts, event: e.SaleVoided) -> None:
    order_id = f"sale:{event.sale_channel}:{event.sale_request_id}"
    for line in event.lines:
        books.moved(books.skus[(order_id, line.line_id)], "sale voided", line.quantity)


def _shipped(books: Accounts, event: e.LineShipped) -> None:
    books.moved(books.skus[(event.order_id, event.line_id)], "shipped", -event.quantity)


def _shipment_voided(books: Accounts, event: e.ShipmentVoided) -> None:
    sku = books.skus[(event.order_id, event.line_id)]
    books.moved(sku, "shipment voided", event.quantity)


def _collected(books: Accounts, event: e.LineCollected) -> None:
    if event.sale_id is None:  # what a sale fulfils was sold
        books.moved(books.skus[(event.order_id, event.line_id)], "collected", -event.quantity)


def _declined(books: Accounts, event: e.OrderLineDeclined) -> None:
    if event.cause == "not_found":
        books.moved(books.skus[(event.order_id, event.line_id)], "adjusted", -event.quantity)


def _transfer(books: Accounts, event: e.TransferRequested) -> None:
    for line in event.lines:
        books.on_the_way[(event.transfer_id, line.line_id)] = OnTheWay(line.sku)


def _transfer_shipped(books: Accounts, event: e.TransferShipped) -> None:
    books.on_the_way[(event.transfer_id, event.line_id)].shipped += event.quantity


def _transfer_received(books: Accounts, event: e.TransferReceived) -> None:
    line = books.on_the_way[(event.transfer_id, event.line_id)]
    line.arrived += event.accepted + event.damaged
    line.missing += event.missing


def _transfer_closed(books: Accounts, event: e.TransferClosed) -> None:
    for (transfer_id, _), line in books.on_the_way.items():
        if transfer_id == event.transfer_id:
            line.closed = True


_BOOKED: Final[dict[type, Callable[[Accounts, Any], None]]] = {
    e.HoldExpired: _hold_ended,
    e.HoldPlaced: _hold_placed,
    e.HoldReleased: _hold_ended,
    e.LineCollected: _collected,
    e.LineShipped: _shipped,
    e.OrderChanged: _changed,
    e.OrderLineDeclined: _declined,
    e.OrderPlaced: _placed,
    e.RequestAccepted: _answered,
    e.RequestRefused: _answered,
    e.SafetyStockSet: _held_back,
    e.SaleRecorded: _sale,
    e.SaleVoided: _sale_voided,
    e.ShipmentVoided: _shipment_voided,
    e.StockAdjusted: _came,
    e.StockArrived: _arrived,
    e.StockCollected: _left,
    e.StockCommitted: _committed,
    e.StockCounted: _counted,
    e.StockCountRevised: _revised,
    e.StockExpected: _expected,
    e.StockMoved: _moved,
    e.StockReceived: _came,
    e.StockReleased: _released,
    e.StockReserved: _reserved,
    e.StockReturned: _came,
    e.StockSaleVoided: _back,
    e.StockSent: _sent,
    e.StockShipmentVoided: _back,
    e.StockShipped: _left,
    e.StockSold: _left,
    e.StockUncommitted: _uncommitted,
    e.StockWrittenOut: _written_out,
    e.TransferClosed: _transfer_closed,
    e.TransferReceived: _transfer_received,
    e.TransferRequested: _transfer,
    e.TransferShipped: _transfer_shipped,
}
