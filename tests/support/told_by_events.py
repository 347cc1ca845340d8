"""What reports must say of a ledger, told from its events one by one: no table, no SQL."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ledger.domain import events as facts
from ledger.domain.orders.lines import Line
from ledger.domain.stock.item import NOTHING, StockItem, effective_at, moved, stamp_of
from ledger.domain.words import sale_id

WANT_OF_STOCK = {"out_of_stock", "channel_limit", "no_capacity"}
Lines = dict[tuple[str, str], Line]
Sums = dict[Any, Any]


class Orders:
    """Who sold which line at which price, and which request asked for it."""

    def __init__(self, events: Iterable[Any]) -> None:
        self.header: dict[str, Any] = {}
        self.line: dict[tuple[str, str], Any] = {}
        self.asked_by: dict[tuple[str, str], tuple[str, str]] = {}
        self.zone: dict[str, tuple[Any, str]] = {}
        self.of_return: dict[str, str] = {}
        for event in events:
            match event:
                case facts.OrderPlaced():
                    self.header[event.order_id] = event
                    self._lines(event.order_id, event.lines, event)
                case facts.OrderChanged():
                    self._lines(event.order_id, event.added, event)
                case facts.SaleRecorded():
                    order_id = sale_id(event.channel, event.request_id)
                    self.header[order_id] = event
                    self._lines(order_id, event.lines, event)
                case facts.ReturnAuthorised():
                    self.of_return[event.return_id] = event.order_id
                case facts.LocationDescribed():
                    said = (stamp_of(event), event.time_zone)
                    known = self.zone.get(event.location)
                    self.zone[event.location] = max(said, known) if known else said

    def _lines(self, order_id: str, lines: Iterable[Any], event: Any) -> None:
        for line in lines:
            self.line[(order_id, line.line_id)] = line
            self.asked_by[(order_id, line.line_id)] = (event.channel, event.request_id)

    def day(self, moment: datetime, location: str | None) -> date:
        zone = self.zone[location][1] if location in self.zone else "UTC"
        return moment.astimezone(ZoneInfo(zone)).date()

    def price(self, order_id: str, line_id: str) -> tuple[int | None, str | None]:
        line = self.line.get((order_id, line_id))
        if line is None:
            return None, None
        if line.unit_price_minor is not None:
            return line.unit_price_minor, self.header[order_id].currency
        fulfils = getattr(line, "fulfils", None)
        if fulfils is None:
            return None, None
        return self.price(fulfils.order_id, fulfils.line_id)


def sales(events: list[Any], lines: Lines) -> Sums:
    """Sold and returned units and amounts, services sold and refunded, by item and currency."""
    orders, found = Orders(events), defaultdict(lambda: [0] * 6)
    for event in events:
        for place, key, units, price in _sold(orders, event):
            found[key][place] += units
            found[key][place + 1] += units * (price or 0)
        for key, amount in _refunded(orders, event):
            found[key][5] += amount
    for (order_id, line_id), line in orders.line.items():
        if line.kind == "service":
            header = orders.header[order_id]
            kept = lines[(order_id, line_id)]
            where = getattr(header, "location", None)
            price, currency = line.unit_price_minor, header.currency
            key = (
                orders.day(effective_at(header), where), header.selling_channel, where, line.sku,
                currency if price is not None else None,
            )  # fmt: skip
            found[key][4] += (kept.ordered - kept.cancelled) * (price or 0)
    return {key: tuple(sums) for key, sums in found.items()}


def _sold(orders: Orders, event: Any) -> Iterator[tuple[int, Any, int, int | None]]:
    """Goods: 0 that left, 2 that came back; the item, how many, the price."""
    sign = 1
    match event:
        case facts.StockSold():
            order_id = sale_id(event.channel, event.request_id)
        case facts.StockSaleVoided():
            order_id, sign = sale_id(event.sale_channel, event.sale_request_id), -1
        case facts.StockShipped() | facts.StockCollected():
            order_id = event.order_id
        case facts.StockShipmentVoided():
            order_id, sign = event.order_id, -1
        case facts.StockReturned(return_id=str()):
            order_id = orders.of_return.get(event.return_id, "not authorised")
            yield 2, *_item(orders, event, order_id, event.quantity)
            return
        case facts.ReturnRecorded():
            for line in event.lines:
                if line.kind == "goods":
                    yield 2, _returned(orders, event, line), line.quantity, line.unit_price_minor
            return
        case _:
            return
    yield 0, *_item(orders, event, order_id, sign * event.quantity)


def _item(orders: Orders, event: Any, order_id: str, units: int) -> tuple[Any, int, int | None]:
    price, currency = orders.price(order_id, event.line_id)
    day = orders.day(effective_at(event), event.location)
    header = orders.header.get(order_id)
    channel = event.channel if header is None else header.selling_channel
    return (day, channel, event.location, event.sku, currency), units, price


def _returned(orders: Orders, event: Any, line: Any) -> Any:
    currency = event.currency if line.unit_price_minor is not None else None
    day = orders.day(effective_at(event), event.location)
    return (day, event.selling_channel, event.location, line.sku, currency)


def _refunded(orders: Orders, event: Any) -> Iterator[tuple[Any, int]]:
    if isinstance(event, facts.ReturnRecorded):
        for line in event.lines:
            if line.kind == "service":
                amount = line.quantity * (line.unit_price_minor or 0)
                yield _returned(orders, event, line), amount


def fill_rate(events: list[Any], lines: Lines) -> dict[str, int]:
    """Orders, lines and units asked for, and what of them was served at once or by the promise."""
    orders, promised, overdue = Orders(events), Counter[Any](), set()
    found = Counter[str]()
    for event in events:
        if isinstance(event, facts.StockCommitted):
            key = (event.order_id, event.line_id)
            if orders.asked_by[key] == (event.channel, event.request_id):
                promised[key] += event.quantity
        elif isinstance(event, facts.BackorderOverdue):
            overdue.add((event.order_id, event.line_id))
        elif _refused_for_want_of_stock(event):
            found.update(orders=1, refused_orders=1, lines=len(event.details))
            found["units"] += sum(hit.asked or 0 for hit in event.details)
    whole: dict[str, bool] = {}
    for key, line in orders.line.items():
        if isinstance(orders.header[key[0]], facts.OrderPlaced) and line.kind == "goods":
            kept = lines[key]
            at_once = min(line.quantity, promised[key])
            waits = kept.backordered or kept.cancelled or kept.expired or key in overdue
            whole[key[0]] = whole.get(key[0], True) and at_once == line.quantity
            found.update(lines=1, lines_at_once=at_once == line.quantity)
            found.update(lines_by_promise=at_once == line.quantity or not waits)
            found.update(units=line.quantity, units_at_once=at_once)
    found.update(orders=len(whole), orders_at_once=sum(whole.values()))
    return dict(found)


def _refused_for_want_of_stock(event: Any) -> bool:
    return (
        isinstance(event, facts.RequestRefused)
        and event.kind == "place_order"
        and event.reason.value in WANT_OF_STOCK
        and len(event.details) > 0
    )


def shortages(events: list[Any]) -> list[tuple[Any, ...]]:
    """Episodes: sku, location, kind, from and to which position, and how deep."""
    items: dict[Any, StockItem] = defaultdict(lambda: NOTHING)
    open_: dict[Any, list[int]] = {}
    found = []
    for position, event in enumerate(events, start=1):
        if not isinstance(event, facts.StockEvent):
            continue
        key = (event.location, event.sku)
        items[key] = moved(items[key], event)
        if _goes_on(events[position:], event):
            continue
        for kind, depth in _missing(items[key]).items():
            episode = (event.sku, event.location, kind)
            if depth and episode not in open_:
                open_[episode] = [position, depth]
            elif depth:
                open_[episode][1] = max(open_[episode][1], depth)
            elif episode in open_:
                began, deepest = open_.pop(episode)
                found.append((*episode, began, position, deepest))
    return found + [(*key, began, None, deepest) for key, (began, deepest) in open_.items()]


def _goes_on(rest: list[Any], event: Any) -> bool:
    """Whether the same decision changes the same shelf once more."""
    for later in rest:
        if (later.channel, later.request_id) != (event.channel, event.request_id):
            return False
        if isinstance(later, facts.StockEvent) and later.stream == event.stream:
            return True
    return False


def _missing(item: StockItem) -> dict[str, int]:
    promised = item.committed + item.reserved
    return {"oversold": max(0, -item.on_hand), "shortage": item.shortage if promised > 0 else 0}
