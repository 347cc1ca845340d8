"""By the occurred clock, what took effect before what it follows on waits for that."""

from collections import Counter, defaultdict

import pytest
from asks import (
    cancel,
    change,
    collected,
    counted,
    delivered,
    line,
    order,
    received,
    shipment_voided,
    shipped,
    sold,
    voided,
)
from by_trial import by_trial, order_of
from given import given
from msgspec.structs import replace
from peopled_days import peopled_days
from retail.days import run
from whole_days import whole_days

from ledger.domain.events import (
    CollectionVoided,
    LineCollected,
    LineDelivered,
    LineShipped,
    LineShort,
    OrderChanged,
    OrderPlaced,
    ShipmentVoided,
    StockCollected,
    StockCommitted,
    StockShipped,
    StockSold,
    StockUncommitted,
)
from ledger.domain.stock.item import effective_at
from projections.past.following import in_effect

MUGS = received("MUG", "STORE", 50)


def test_what_waits_is_what_no_fold_could_take_by_then():
    waited = Counter()
    for seed in range(1, 13):
        for events in (peopled_days(600, seed).books.events, run(seed).desk.events):
            for own in by_order(events):
                for time in sorted({effective_at(event) for _, event in own}):
                    by_then = [item for item in own if effective_at(item[1]) <= time]
                    counted = sorted(in_effect(by_then))
                    assert counted == sorted(by_trial(by_then)), (seed, time)
                    positions = {position for position, _ in counted}
                    waited.update(type(e).__name__ for p, e in by_then if p not in positions)
    assert waited.keys() >= OFTEN_TOO_EARLY, waited


OFTEN_TOO_EARLY = {
    "BackorderFilled",
    "CollectionVoided",
    "LineDelivered",
    "LineShipped",
    "LineShort",
    "OrderLineCancelled",
    "SaleVoided",
    "StockShipped",
    "StockUncommitted",
}


def by_order(events):
    """The events of each order or sale of which some took effect in another order."""
    found = defaultdict(list)
    for item in enumerate(events, 1):
        if (order_id := order_of(item[1])) is not None:
            found[order_id].append(item)
    for own in found.values():
        times = [effective_at(event) for _, event in own]
        if times != sorted(times):
            yield own


@pytest.mark.parametrize("seed", range(0, 60, 6))
def test_of_everything_nothing_waits_for_what_it_follows_on(seed):
    for events in (
        run(seed).desk.events,
        whole_days(300, seed).books.events,
        peopled_days(300, seed).books.events,
    ):
        batch = list(enumerate(events, 1))
        assert in_effect(batch) == batch


def test_what_waits_counts_as_soon_as_what_it_follows_on_is_there():
    shop = given(MUGS, order("A", line("1", "MUG", 2)), shipped("A", {"1": 1}))
    events = list(enumerate(shop.books.events, 1))
    concerning = [item for item in events if order_of(item[1]) == "A"]
    [(last, _)] = [item for item in concerning if isinstance(item[1], OrderPlaced)]
    placed_last = [item for item in concerning if item[0] != last]
    placed_last.append(events[last - 1])
    assert len(concerning) >= 4
    counted = in_effect(placed_last)
    assert counted[0][0] == last
    assert sorted(counted) == concerning
    assert in_effect(placed_last[:-1]) == []


@pytest.mark.parametrize(
    ("then_", "waits"),
    [
        (shipped("A", {"1": 2}), StockShipped),
        (collected("A", {"1": 2}), StockCollected),
        (sold("MUG", "STORE", 2, fulfils=("A", "1")), StockSold),
        (counted("STORE", {"MUG": 0}), LineShort),
        (cancel("A"), StockUncommitted),
    ],
)
def test_what_takes_a_promise_waits_until_it_was_promised(then_, waits):
    shop = given(received("MUG", "STORE", 2), order("A", line("1", "MUG", 2))).when(then_)
    own = events_of_a(shop)
    assert in_effect(own) == own
    unpromised = [item for item in own if not isinstance(item[1], StockCommitted)]
    waiting = [event for item, event in unpromised if (item, event) not in in_effect(unpromised)]
    assert [type(event) for event in waiting] == [waits]


PLACED = (received("MUG", "STORE", 9), order("A", line("1", "MUG", 2)))
PARCEL = {"shipment_id": "parcel"}


@pytest.mark.parametrize(
    ("told_", "too_early", "waits"),
    [
        ([change("A", line("2", "MUG", 1))], OrderPlaced, OrderChanged),
        ([sold("MUG", "STORE", 2, fulfils=("A", "1"), name="s"), voided("s")], LineCollected, CollectionVoided),
        ([shipped("A", {"1": 1}, **PARCEL), shipment_voided("A", {"1": 1}, **PARCEL)], LineShipped, ShipmentVoided),
        ([shipped("A", {"1": 1}, **PARCEL), delivered("A", {"1": 1}, **PARCEL)], LineShipped, LineDelivered),
    ],
)  # fmt: skip
def test_what_follows_on_something_waits_until_that_is_there(told_, too_early, waits):
    own = events_of_a(given(*PLACED, *told_))
    without = [item for item in own if not isinstance(item[1], too_early)]
    assert len(without) < len(own)
    assert not [item for item in in_effect(without) if isinstance(item[1], waits)]
    # What took nothing else away counts all the same, where there is an order at all.
    placed = too_early is not OrderPlaced
    assert any(isinstance(event, OrderPlaced) for _, event in in_effect(without)) == placed


def test_a_void_of_two_parcels_waits_for_both_of_them():
    parcels = [shipped("A", {"1": 1}, **PARCEL) for _ in range(2)]
    own = events_of_a(given(*PLACED, *parcels, shipment_voided("A", {"1": 2}, **PARCEL)))
    left = [item for item in own if isinstance(item[1], LineShipped)]
    assert len(left) == 2
    one = [item for item in own if item != left[1]]
    assert not [item for item in in_effect(one) if isinstance(item[1], ShipmentVoided)]
    assert in_effect(own) == own


def test_a_sale_that_was_voided_elsewhere_waits_for_as_much_as_was_collected():
    shop = given(*PLACED, sold("MUG", "STORE", 2, fulfils=("A", "1"), name="s")).when(voided("s"))
    nowhere = [
        (position, replace(event, location=None) if isinstance(event, CollectionVoided) else event)
        for position, event in events_of_a(shop)
    ]
    assert in_effect(nowhere) == nowhere
    early = [item for item in nowhere if not isinstance(item[1], LineCollected)]
    assert not [item for item in in_effect(early) if isinstance(item[1], CollectionVoided)]


def events_of_a(shop):
    """What happened to the lines of order A."""
    events = enumerate(shop.books.events, 1)
    return [item for item in events if order_of(item[1]) == "A"]
