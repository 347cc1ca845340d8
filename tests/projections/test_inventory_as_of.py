"""Inventory as of any position and any time is what folding the ledger up to there shows."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from asks import counted, received, sold
from given import Shop, given
from whole_days import whole_days

from ledger.domain.events import AnyStockEvent
from projections.paging import BadToken
from projections.past import inventory_as_of
from projections.past.as_of import AsOf, ViewBehind, moment
from projections.stock import inventory
from projections.stock.inventory import Inventory, InventoryItem
from projections.stock.stock_history import took_effect

STOCK = AnyStockEvent.__args__
SEEDS = (1, 2, 3)
FIELDS = len(InventoryItem.__struct_fields__)


def folded(shop, keep):
    """The inventory of the events that are kept, by sku and location: the live view's own fold."""
    events = [
        (position, event)
        for position, event in enumerate(shop.books.events, 1)
        if isinstance(event, STOCK) and keep(position, event)
    ]
    view = Inventory(limit=None)
    view.ask(events)
    view.fold(events)
    items = [InventoryItem(*row[:FIELDS]) for row in view.items.in_order()]
    return sorted(items, key=lambda item: (item.sku, item.location))


def known_at(shop, position):
    return folded(shop, lambda at, _: at <= position)


def true_by(shop, time):
    return folded(shop, lambda _, event: took_effect(event) <= time)


def everything(ledger, as_of, **filters):
    found, after = [], None
    while True:
        page = ledger.read(inventory_as_of.item_list, as_of, after=after, limit=3, **filters)
        found += page.items
        after = page.next
        if after is None:
            return found


def moments_of(shop, chance, many):
    """Times around those that events carry, and far before and after them."""
    times = [took_effect(event) for event in shop.books.events if isinstance(event, STOCK)]
    near = [
        chance.choice(times) + timedelta(microseconds=chance.choice([-1, 0, 1]))
        for _ in range(many)
    ]
    days = {time.date() for time in times}
    ends = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days]
    return [*near, *ends, min(times) - timedelta(days=1), max(times) + timedelta(days=400)]


@pytest.fixture(scope="module", params=SEEDS)
def days(request) -> Shop:
    return whole_days(500, seed=request.param)


@pytest.fixture
def busy(ledger, days):
    ledger.tell(days)
    ledger.project(max_batch_events=70, max_rows_in_memory=3)
    return ledger


def test_what_was_known_at_any_position_is_the_fold_up_to_it(busy, days):
    chance = Random(7)
    head = len(days.books.events)
    for position in {1, 2, head, *chance.sample(range(1, head), 25)}:
        assert everything(busy, AsOf(position)) == known_at(days, position), position
    assert everything(busy, AsOf(head)) == busy.read(inventory.item_list, limit=1_000).items


def test_what_was_true_by_any_time_is_the_fold_of_what_had_taken_effect(busy, days):
    head = len(days.books.events)
    wanted = {time: true_by(days, time) for time in moments_of(days, Random(8), 25)}
    for time, items in wanted.items():
        assert everything(busy, AsOf(head, time)) == items, time
    assert len({tuple(items) for items in wanted.values()}) > 20, "hardly anything happened"
    late = max(wanted)
    assert [i.on_hand for i in wanted[late]] == [i.on_hand for i in known_at(days, head)]


def test_one_sku_and_one_location_are_as_the_whole_network(busy, days):
    chance = Random(9)
    head = len(days.books.events)
    times = [AsOf(head, time) for time in moments_of(days, chance, 4)]
    for as_of in [*times, *(AsOf(chance.randint(1, head)) for _ in range(6))]:
        whole = everything(busy, as_of)
        for sku in {item.sku for item in whole}:
            of_sku = [item for item in whole if item.sku == sku]
            assert busy.read(inventory_as_of.for_sku, as_of, sku) == (of_sku, as_of.position)
            assert everything(busy, as_of, sku=sku) == of_sku
        for location in {item.location for item in whole}:
            there = [item for item in whole if item.location == location]
            assert everything(busy, as_of, location=location) == there


def test_a_time_is_the_last_position_that_was_recorded_by_then(busy, days):
    events = days.books.events
    chance = Random(10)
    head = len(events)
    for event in chance.sample(events, 20):
        for time in (event.recorded_at, event.recorded_at - timedelta(microseconds=1)):
            by_then = sum(each.recorded_at <= time for each in events)
            found = busy.read(moment, time)
            assert (found.position, found.shown) == (by_then, head), time
            assert found.settled == (by_then < head)
            assert (found.first, found.last) == (events[0].recorded_at, events[-1].recorded_at)


@pytest.mark.parametrize("batch", [1, 100])
def test_what_is_told_late_corrects_every_day_since(ledger, batch):
    shop = given(
        received("MUG", "STORE", 10, at="1/09:00"),
        sold("MUG", "STORE", 1, at="3/09:00"),
        sold("MUG", "STORE", 1, at="5/09:00"),
        sold("MUG", "STORE", 4, at="2/12:00"),
    )
    ledger.tell(shop)
    ledger.project(max_batch_events=batch)
    days = ledger.sql("SELECT day, on_hand FROM inventory_days ORDER BY day")
    assert [(row["day"].day, row["on_hand"]) for row in days] == [(1, 10), (2, 6), (3, 5), (5, 4)]
    assert [page_of(ledger, AsOf(at)) for at in (4, 7, 10, 13)] == [[10], [9], [8], [4]]
    head = len(shop.books.events)
    noons = [shop.clock.replace(day=day, hour=13) for day in (1, 2, 3, 4, 6)]
    assert [page_of(ledger, AsOf(head, noon)) for noon in noons] == [[10], [6], [5], [5], [4]]


def page_of(ledger, as_of):
    return [item.on_hand for item in ledger.read(inventory_as_of.item_list, as_of).items]


def test_just_after_a_count_there_was_what_it_found_whatever_was_told_later(told):
    shop = given(
        received("MUG", "STORE", 100, at="09:00"),
        sold("MUG", "STORE", 5, at="10:10"),
        counted("STORE", {"MUG": 100}, at="10:00"),
        sold("MUG", "STORE", 3, at="09:50"),
    )
    ledger = told(shop)
    head = len(shop.books.events)
    at = {
        hour: AsOf(head, shop.clock.replace(hour=hour, minute=minute))
        for hour, minute in ((9, 55), (10, 5), (11, 0))
    }
    assert {hour: page_of(ledger, as_of) for hour, as_of in at.items()} == {
        9: [97],
        10: [100],
        11: [95],
    }


def test_an_item_that_was_not_there_yet_is_not_listed(told):
    ledger = told(given(received("MUG", "STORE", 1), received("CUP", "DC", 2)))
    assert [item.sku for item in everything(ledger, AsOf(7))] == ["MUG"]
    assert [item.sku for item in everything(ledger, AsOf(8))] == ["CUP", "MUG"]
    assert ledger.read(inventory_as_of.for_sku, AsOf(7), "CUP") == ([], 7)
    at, effective = ledger.read(inventory_as_of.first_event, "CUP")
    assert (at, effective.minute) == (8, 2)
    assert ledger.read(inventory_as_of.first_event, "CUP", "STORE") is None


def test_a_view_that_has_not_got_there_says_so(told):
    ledger = told(given(received("MUG", "STORE", 1)))
    with pytest.raises(ViewBehind):
        ledger.read(inventory_as_of.item_list, AsOf(5))
    with pytest.raises(ViewBehind):
        ledger.read(inventory_as_of.for_sku, AsOf(5), "MUG")
    with pytest.raises(BadToken):
        ledger.read(inventory_as_of.item_list, AsOf(1), after="x")


def test_by_the_occurred_clock_an_answer_stands_for_all_that_it_counts(told):
    shop = given(received("MUG", "STORE", 5, at="09:00"))
    ledger = told(shop)
    # What happens between finding out where the views stand and the read itself counts as well.
    as_of = AsOf(len(shop.books.events), shop.clock.replace(hour=11))
    told(shop.when(sold("MUG", "STORE", 2, at="10:00")))
    head = len(shop.books.events)
    [item], position = ledger.read(inventory_as_of.for_sku, as_of, "MUG")
    assert (item.on_hand, position) == (3, head)
    page = ledger.read(inventory_as_of.item_list, as_of)
    assert ([item.on_hand for item in page.items], page.position) == ([3], head)
    [item], position = ledger.read(inventory_as_of.for_sku, as_of, "MUG", bounded=True)
    assert (item.on_hand, position) == (5, as_of.position)


def test_what_was_known_at_a_position_of_a_time_is_the_fold_of_both(busy, days):
    chance = Random(11)
    head = len(days.books.events)
    for time in moments_of(days, chance, 4):
        at = chance.randint(head // 3, head)
        wanted = folded(days, lambda p, e: p <= at and took_effect(e) <= time)  # noqa: B023
        for sku in ("MUG", "TEA/POT"):
            found, _ = busy.read(inventory_as_of.for_sku, AsOf(at, time), sku, bounded=True)
            assert found == [item for item in wanted if item.sku == sku], (at, time)


def test_nothing_is_known_of_the_times_of_an_empty_ledger(ledger):
    ledger.project()
    assert ledger.read(moment, datetime(2026, 3, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_a_moment_is_kept_once_however_events_are_batched(told, batch):
    ledger = told(given(received("MUG", "STORE", 1), received("CUP", "STORE", 1)))
    whole = ledger.sql("SELECT recorded_at, position FROM moments ORDER BY position")
    assert [row["position"] for row in whole] == [1, 5]
    ledger.rebuild("moments", max_batch_events=batch)
    assert ledger.sql("SELECT recorded_at, position FROM moments ORDER BY position") == whole
