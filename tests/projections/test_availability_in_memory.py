"""Availability in memory is what the views would say at the ledger's head, whenever it was loaded."""

import asyncio
from collections import Counter
from collections.abc import Collection
from datetime import date, timedelta
from itertools import pairwise
from os import environ
from random import Random
from typing import NamedTuple

import psycopg
import pytest
from asks import Ask, adjusted, ask, line, order, received, shipment_voided, shipped
from eventsourcing.persistence import StoredEvent
from given import Shop
from retail.days import run
from whole_days import whole_days

from consumers.availability.loading import load
from consumers.availability.memory import Memory
from ledger.codec import recorded
from ledger.domain.events import (
    AnyEvent,
    ChannelDescribed,
    RequestAccepted,
    RequestRefused,
    StockEvent,
    SupplyExpected,
)
from ledger.domain.requests import (
    ArrivedLine,
    ExpectSupply,
    LineQuantity,
    ReceiveTransfer,
    RequestTransfer,
    ShipTransfer,
    SupplyLine,
    TransferLine,
)
from projections.reading import configure
from projections.selling import availability
from projections.stock import inventory

SEEDS = [int(seed) for seed in environ.get("ONEBOOK_TEST_MEMORY_SEEDS", "1,2,3,4").split(",")]
STOPS = 12
"""So often a seed's days are looked at."""
WHOLE_REQUESTS = 600
NOBODY_DESCRIBED = "market"
WINDOW = 160
"""So many events one after the other are looked at, each from all before it."""
LAGS = (0, 3, 40)
"""So far are the views behind when a memory is loaded."""


class Days(NamedTuple):
    """What happened, and who could ask for it."""

    events: list[AnyEvent]
    skus: list[str]
    channels: list[str]
    dates: list[date]


def days_told(events: list[AnyEvent]) -> Days:
    skus = {event.sku for event in events if isinstance(event, StockEvent)} | {"never-heard-of"}
    described = {event.described for event in events if isinstance(event, ChannelDescribed)}
    dues = {e.due for e in events if isinstance(e, SupplyExpected) and e.due is not None}
    days = [day + timedelta(days=more) for day in sorted(dues) for more in (-1, 0)]
    return Days(events, sorted(skus), sorted(described | {NOBODY_DESCRIBED}), days)


def written(ledger, events: list[AnyEvent]) -> None:
    versions: Counter[str] = Counter()
    stored = []
    for event in events:
        versions[event.stream] += 1
        stored.append(StoredEvent(*recorded(event, event.stream, versions[event.stream])))
    for first in range(0, len(stored), 5_000):
        ledger.append(stored[first : first + 5_000])


class Shelf:
    """A memory beside the views of the same ledger, each as far as a test has it go."""

    def __init__(self, ledger, days: Days, since: int = 0, **options) -> None:
        self.ledger, self.days = ledger, days
        self.memory = Memory(since, **options)
        self.projector = ledger.projector(names=availability.READS)
        self.told: set[str] = set()
        self.everything = False

    def take(self, until: int, step: int = 10_000) -> None:
        for first in range(self.memory.position, until, step):
            last = min(until, first + step)
            batch = list(enumerate(self.days.events[first:last], start=first + 1))
            touched = self.memory.take(batch)
            self.told |= touched.skus.keys()
            self.everything |= bool(touched.channels or touched.everywhere or touched.unnamed)

    def load(self, skus: Collection[str]) -> bool:
        async def here(position: int, _timeout_s: float) -> bool:
            return self.memory.position >= position

        async def run_it() -> bool:
            async with await psycopg.AsyncConnection.connect(self.ledger.url) as conn:
                await configure(conn)
                return await load(self.memory, conn, self.ledger.network, skus, here)

        return asyncio.run(run_it())

    def answers(self, day: date | None) -> dict:
        return {
            (channel, sku): self.memory.of(channel, sku, day)
            for channel in self.days.channels
            for sku in self.days.skus
        }

    def stock(self) -> dict:
        """The items of every sku."""
        return {sku: self.memory.stock(sku) for sku in self.days.skus}

    def stock_shown(self) -> dict:
        """The same as the views say."""

        async def read() -> dict:
            async with await psycopg.AsyncConnection.connect(self.ledger.url) as conn:
                await configure(conn)
                network = self.ledger.network
                return {
                    sku: tuple((await inventory.for_sku(conn, network, sku))[0])
                    for sku in self.days.skus
                }

        return asyncio.run(read())

    def shown(self, day: date | None) -> dict:
        async def read() -> dict:
            async with await psycopg.AsyncConnection.connect(self.ledger.url) as conn:
                await configure(conn)
                network = self.ledger.network
                return {
                    (c, s): (await availability.availability(conn, network, c, s, day=day))[0]
                    for c in self.days.channels
                    for s in self.days.skus
                }

        return asyncio.run(read())


def same(found, shown):
    for key, answer in shown.items():
        assert plain(found[key]) == plain(answer), key


def plain(answer):
    """What comes on one day by several lines of one source comes in any order."""
    if answer is None:
        return None
    named = {name: getattr(answer, name) for name in answer.__struct_fields__}
    coming = sorted(
        named.pop("coming"),
        key=lambda c: (c.due is None, c.due or date.min, c.by, c.source_id, c.location, c.quantity),
    )
    return named | {"coming": coming}


def retail_days(seed: int) -> list[AnyEvent]:
    return run(seed).desk.events


def days_of_everything(seed: int) -> list[AnyEvent]:
    return whole_days(WHOLE_REQUESTS, seed).books.events


@pytest.mark.parametrize("told", [retail_days, days_of_everything])
@pytest.mark.parametrize("seed", SEEDS)
def test_memory_says_what_the_views_say_wherever_it_was_loaded(ledger, seed, told):
    chance = Random(seed)
    days = days_told(told(seed))
    written(ledger, days.events)
    stops = sorted(chance.sample(range(2, len(days.events)), STOPS))
    shelf = Shelf(ledger, days)
    for before, stop in pairwise([0, *stops, len(days.events)]):
        shelf.take(stop, chance.choice((1, 7, 10_000)))
        shelf.projector.catch_up(until=chance.randint(max(1, before), stop))
        shelf.load(chance.sample(days.skus, len(days.skus) // 3))
        shelf.projector.catch_up(until=stop)
        assert shelf.load(days.skus)
        day = chance.choice([None, *days.dates])
        same(shelf.answers(day), shelf.shown(day))
        assert shelf.stock() == shelf.stock_shown()
    shelf.projector.stop()


def decided(days: Days, position: int) -> bool:
    """Whether a request's last event stands there: amid its events one may foretell another."""
    following = days.events[position : position + 1]
    return not following or isinstance(following[0], RequestAccepted | RequestRefused)


def right_wherever_it_was_loaded(
    ledger, days: Days, first: int, end: int, chance: Random, least: float = 0.5
) -> int:
    """A memory is loaded at each position and looked at there and at every later one."""
    shelf = Shelf(ledger, days)
    shown, loaded = {}, []
    for position in range(first, end):
        shelf.projector.catch_up(until=position)
        shown[position] = shelf.shown(None)
        beside = Shelf(ledger, days, since=position)
        beside.take(min(len(days.events), position + chance.choice(LAGS)))
        if beside.load(days.skus):
            loaded.append(beside)
    shelf.projector.stop()
    looked_at = 0
    for beside in loaded:
        for position in range(beside.memory.position, end):
            beside.take(position)
            for (channel, sku), answer in shown[position].items():
                if sku in beside.memory and decided(days, position):
                    looked_at += 1
                    assert plain(beside.memory.of(channel, sku)) == plain(answer), position
    assert len(loaded) > (end - first) * least
    return looked_at


@pytest.mark.parametrize("told", [retail_days, days_of_everything])
@pytest.mark.parametrize("seed", SEEDS[:2])
def test_memory_loaded_at_any_position_is_right_at_every_later_one(ledger, seed, told):
    chance = Random(seed)
    days = days_told(told(seed))
    written(ledger, days.events)
    first = chance.randrange(1, len(days.events) - WINDOW)
    looked_at = right_wherever_it_was_loaded(ledger, days, first, first + WINDOW, chance)
    assert looked_at > WINDOW


def backordered(order_id: str, quantity: int) -> Ask:
    return order(order_id, line("1", quantity=quantity), allow_backorder=True)


def sent(transfer_id: str, quantity: int) -> Ask:
    lines = (LineQuantity(line_id="1", quantity=quantity),)
    return ask(ShipTransfer, {"transfer_id": transfer_id, "lines": lines}, {})


def arrived(transfer_id: str, quantity: int) -> Ask:
    lines = (ArrivedLine(line_id="1", accepted=quantity),)
    return ask(ReceiveTransfer, {"transfer_id": transfer_id, "lines": lines}, {})


def wanted(transfer_id: str, quantity: int, due: date) -> Ask:
    lines = (TransferLine(line_id="1", sku="SKU", quantity=quantity),)
    fields = {"transfer_id": transfer_id, "from_location": "DC", "to_location": "STORE"}
    return ask(RequestTransfer, {**fields, "lines": lines, "due": due}, {})


def expected(supply_id: str, sku: str, quantity: int) -> Ask:
    lines = (SupplyLine(line_id="1", sku=sku, quantity=quantity),)
    fields = {"supply_id": supply_id, "location": "STORE", "due": date(2026, 3, 9)}
    return ask(ExpectSupply, {**fields, "lines": lines}, {})


DUE = date(2026, 3, 2)
STORIES = {
    "what never left waits again": [
        received("SKU", "STORE", 1),
        backordered("A", 4),
        shipped("A", {"1": 4}),
        backordered("B", 1),
        shipment_voided("A"),
        received("SKU", "STORE", 2),
    ],
    "goods that are late on their way are not counted on": [
        received("SKU", "DC", 9),
        wanted("T", 5, DUE),
        sent("T", 2),
        adjusted("SKU", "STORE", 1, arrives="3/12:00"),
        sent("T", 3),
        arrived("T", 5),
        sent("T", 2),
        adjusted("SKU", "STORE", 1),
    ],
    "a supply that was done comes again, of another sku": [
        expected("P", "SKU", 5),
        received("SKU", "STORE", 5, supply_id="P"),
        received("CUP", "STORE", 1),
        expected("P", "SKU", 9),
        expected("P", "CUP", 9),
        expected("P", "SKU", 2),
    ],
}


@pytest.mark.parametrize("story", STORIES)
def test_what_seemed_done_with_may_come_back(ledger, story):
    shop = Shop(checked=False)
    for said in STORIES[story]:
        shop.send(said)
    days = days_told(shop.books.events)
    written(ledger, days.events)
    end = len(days.events)
    least = 0.5 if "late" in story else 0.8
    assert right_wherever_it_was_loaded(ledger, days, 1, end + 1, Random(1), least) > 0
    for since in range(1, end):
        late = Shelf(ledger, days, since=since)
        late.projector.catch_up()
        late.take(end)
        assert late.load(days.skus)
        same(late.answers(None), late.shown(None))
        late.projector.stop()
