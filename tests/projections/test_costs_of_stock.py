"""What stock is worth and how old it is, against a shopkeeper's queue of single units."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from books import START
from cost_queue import MILLION, CostQueue
from costly_days import PLACES, SKUS, STEP, CostlyDays

from projections.reports import REPORTS
from projections.reports.reads import report_page
from projections.reports.report import Asked

NETWORK = "main"
BANDS = (1, 3, 6, 10, 15, 21, 28)
REQUESTS = 220
LATER = START + timedelta(days=400)


def valued(ledger: Any, at: datetime, method: str) -> dict[Any, Any]:
    report = REPORTS["stock-valuation"]
    asked = Asked(at=at, method=method, by="item")
    rows = ledger.read(report_page, report, asked, limit=1_000).items
    return {
        (row.sku, row.location, row.currency): (
            row.units, row.value_minor, row.estimated_units, row.uncosted_units,
            row.below_zero_units,
        )
        for row in rows
    }  # fmt: skip


def by_queue(events: Any, at: datetime) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for sku in SKUS:
        queue = CostQueue(events, sku, at)
        for place in PLACES:
            units = queue.units(place)
            for currency in {unit.currency for unit in units}:
                costs = [unit.cost for unit in units if unit.currency == currency]
                estimated = [u for u in units if u.currency == currency and u.basis == "last"]
                if currency is None:
                    found[(sku, place, None)] = (0, None, 0, len(costs), 0)
                else:
                    worth = (len(costs), sum(costs), len(estimated), 0, 0)
                    found[(sku, place, currency)] = worth
            if short := queue.below_zero(place):
                found[(sku, place, None)] = (0, None, 0, 0, short)
    return found


def by_average(events: Any, at: datetime) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for sku in SKUS:
        queue = CostQueue(events, sku, at)
        for place in PLACES:
            units, short = len(queue.units(place)), queue.below_zero(place)
            if short:
                found[(sku, place, None)] = (0, None, 0, 0, short)
            elif units and queue.average is None:
                found[(sku, place, None)] = (0, None, 0, units, 0)
            elif units:
                assert queue.average is not None
                worth = (2 * units * queue.average + MILLION) // (2 * MILLION)
                found[(sku, place, queue.average_currency)] = (units, worth, 0, 0, 0)
    return found


def ages_by_queue(events: Any, at: datetime) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for sku in SKUS:
        queue = CostQueue(events, sku, at)
        for place in PLACES:
            for unit in queue.units(place):
                days = (at - unit.age_at) // timedelta(days=1)
                band = max([0, *(begins for begins in BANDS if begins <= days)])
                found[(sku, place, band, unit.currency)] += 1
    return found


@pytest.fixture(scope="module", params=range(6))
def story(request):
    days = CostlyDays(request.param)
    return days.tell(REQUESTS)


def moments() -> list[datetime]:
    third = STEP * (REQUESTS // 3)
    return [START - timedelta(days=6), START + third, START + 2 * third, LATER]


def test_the_layers_that_remain_are_those_of_a_shopkeepers_queue(ledger, story):
    ledger.tell(story)
    ledger.project()
    events = story.books.events
    for at in moments():
        assert valued(ledger, at, "fifo") == by_queue(events, at), at


def test_the_average_is_that_of_adding_up_receipt_by_receipt(ledger, story):
    ledger.tell(story)
    ledger.project()
    events = story.books.events
    for at in moments():
        assert valued(ledger, at, "average") == by_average(events, at), at


def test_the_ages_are_those_of_the_units_in_the_queue(ledger, story):
    ledger.tell(story)
    ledger.project()
    events = story.books.events
    for at in (START + STEP * REQUESTS, START + STEP * REQUESTS // 2):
        asked = Asked(at=at, bands=BANDS, by="item")
        rows = ledger.read(report_page, REPORTS["stock-ageing"], asked, limit=1_000).items
        ages = {(r.sku, r.location, r.from_days, r.currency): r.units for r in rows}
        assert ages == ages_by_queue(events, at), at
