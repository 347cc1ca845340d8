"""Every quantity of the inventory can be opened to the events that sum to it."""

from random import Random
from typing import get_args

import pytest
from asks import held_back, line, order, received, sold
from given import Shop, given
from whole_days import whole_days

from ledger.domain.events import AnyStockEvent, RequestAccepted
from projections.paging import BadToken, token
from projections.past import inventory_as_of
from projections.past.as_of import AsOf
from projections.past.explain import Quantity, explain
from projections.stock.stock_history import took_effect

ALL = get_args(Quantity)
SKUS = ("MUG", "TEA/POT", 'CUP "L"', "BÖX\\1")


@pytest.fixture(scope="module", params=(1, 2))
def days(request) -> Shop:
    return whole_days(500, seed=request.param)


@pytest.fixture
def busy(ledger, days):
    ledger.tell(days)
    ledger.project()
    return ledger


def whole(ledger, sku, quantity, **filters):
    """The first answer, and the entries of all its pages."""
    first, entries, after = None, [], None
    while True:
        found, _ = ledger.read(explain, sku, quantity, after=after, **filters)
        assert found is not None
        assert len(found.items) <= filters.get("limit", 100)
        first = first or found
        assert (found.value, found.parts) == (first.value, first.parts)
        entries += found.items
        after = found.next
        if after is None:
            return first, entries


def sometimes(days, chance):
    """No moment, some positions, and some times by the occurred clock."""
    head = len(days.books.events)
    times = [
        took_effect(each) for each in days.books.events if isinstance(each, AnyStockEvent.__args__)
    ]
    known = [AsOf(chance.randint(head // 10, head)) for _ in range(2)]
    return [None, *known, *(AsOf(head, time) for time in chance.sample(times, 2))]


def test_the_changes_of_every_quantity_sum_to_its_value_at_any_moment(busy, days):
    explained = 0
    for as_of in sometimes(days, Random(3)):
        at = as_of or AsOf(len(days.books.events))
        for sku in SKUS:
            items, _ = busy.read(inventory_as_of.for_sku, at, sku)
            for quantity in ALL:
                wanted = sum(getattr(item, quantity) for item in items)
                if not items:
                    assert busy.read(explain, sku, quantity, as_of=as_of)[0] is None
                    continue
                found, entries = whole(busy, sku, quantity, as_of=as_of, limit=7)
                assert found.value == wanted, (sku, quantity, as_of)
                assert sum(entry.change for entry in entries) == wanted, (sku, quantity, as_of)
                assert sum(part.sign * part.value for part in found.parts) == wanted
                assert_running(entries, wanted)
                explained += len(entries)
    assert explained > 2_000, "hardly anything was explained"


def assert_running(entries, value):
    for entry in entries:
        assert entry.balance == value, entry
        value -= entry.change
    assert value == 0


def test_a_location_is_explained_by_its_own_events(busy, days):
    at = len(days.books.events)
    for as_of in (None, AsOf(at, days.books.events[-1].recorded_at)):
        for item in busy.read(inventory_as_of.item_list, AsOf(at)).items:
            for quantity in ALL:
                place = {"location": item.location, "as_of": as_of, "limit": 11}
                found, entries = whole(busy, item.sku, quantity, **place)
                assert found.value == getattr(item, quantity)
                assert {entry.location for entry in entries} <= {item.location}
                assert_running(entries, found.value)


def test_every_event_that_changed_a_quantity_is_told_once_newest_first(busy, days):
    changed = busy.sql(
        "SELECT position FROM stock_history WHERE sku = 'MUG' AND reserved_change <> 0 "
        "ORDER BY position DESC"
    )
    _, entries = whole(busy, "MUG", "reserved", limit=3)
    assert [entry.position for entry in entries] == [row["position"] for row in changed] != []
    of_parts = busy.sql(
        "SELECT position FROM stock_history WHERE sku = 'MUG' AND coalesce(on_hand_change, "
        "committed_change, reserved_change, damaged_change, quality_control_change) IS NOT NULL "
        "ORDER BY position DESC"
    )
    _, entries = whole(busy, "MUG", "shortage", limit=50)
    assert [entry.position for entry in entries] == [row["position"] for row in of_parts]


def test_by_the_occurred_clock_events_stand_in_the_order_in_which_they_took_effect(busy, days):
    as_of = AsOf(len(days.books.events), days.books.events[-1].recorded_at)
    _, entries = whole(busy, "MUG", "on_hand", as_of=as_of, limit=9)
    times = [entry.effective_at for entry in entries]
    assert times == sorted(times, reverse=True)
    positions = [entry.position for entry in entries]
    assert positions != sorted(positions, reverse=True), "nothing was told late"


def test_a_shortage_is_what_was_promised_beyond_what_is_fit_for_sale(told):
    shop = given(
        received("SKU", "STORE", 5),
        order("A", line("1", "SKU", 4)),
        sold("SKU", "STORE", 3),
        received("SKU", "DC", 9),
    )
    found, _ = told(shop).read(explain, "SKU", "shortage")
    assert found.value == 2
    assert [(part.quantity, part.sign, part.value) for part in found.parts] == [
        ("committed", 1, 4),
        ("reserved", 1, 0),
        ("on_hand", -1, 11),
        ("damaged", 1, 0),
        ("quality_control", 1, 0),
        ("beyond_promises", 1, 9),
    ]
    assert [(entry.type, entry.change, entry.changes) for entry in found.items] == [
        ("stock_received", 0, {"on_hand": 9}),
        ("stock_sold", 2, {"on_hand": -3}),
        ("stock_committed", 0, {"committed": 4}),
        ("stock_received", 0, {"on_hand": 5}),
    ]


def test_an_entry_says_who_asked_for_it_and_what_it_belongs_to(told):
    shop = given(received("SKU", "STORE", 5), order("A", line("1", "SKU", 4)))
    ledger = told(shop)
    found, position = ledger.read(explain, "SKU", "committed")
    [entry] = found.items
    assert (entry.order_id, entry.line_id, entry.channel, entry.request_id) == (
        "A",
        "1",
        "web",
        "A",
    )
    [accepted] = [
        e for e in shop.books.events if isinstance(e, RequestAccepted) and e.kind == "place_order"
    ]
    assert (entry.actor, entry.recorded_at) == (accepted.actor, accepted.recorded_at)
    assert position == len(shop.books.events)


def test_what_was_held_back_last_counts_from_its_own_time(told):
    shop = given(
        received("SKU", "STORE", 9),
        held_back("SKU", "STORE", 2, at="09:00"),
        held_back("SKU", "STORE", 6, at="11:00"),
        held_back("SKU", "STORE", 5, at="10:00"),
    )
    ledger = told(shop)
    known, position = ledger.read(explain, "SKU", "safety_stock")
    assert [(entry.change, entry.balance) for entry in known.items] == [(4, 6), (2, 2)]
    at = AsOf(position, shop.clock)
    true, _ = ledger.read(explain, "SKU", "safety_stock", as_of=at)
    assert [(entry.change, entry.balance) for entry in true.items] == [(1, 6), (3, 5), (2, 2)]


def test_events_of_one_instant_are_paged_without_loss(told):
    shop = given(*(received("SKU", "STORE", n, at="12:00") for n in range(1, 8)))
    ledger = told(shop)
    at = AsOf(len(shop.books.events), shop.clock)
    for limit in (1, 2, 3):
        _, entries = whole(ledger, "SKU", "on_hand", as_of=at, limit=limit)
        assert sorted(entry.change for entry in entries) == list(range(1, 8))
        assert_running(entries, 28)


@pytest.mark.parametrize("limit", [1, 2])
def test_what_is_told_late_between_two_pages_changes_neither(told, limit):
    shop = given(
        received("SKU", "STORE", 9, at="08:00"),
        held_back("SKU", "STORE", 2, at="09:00"),
        received("SKU", "STORE", 1, at="12:00"),
        received("SKU", "STORE", 2, at="12:00"),
        held_back("SKU", "STORE", 3, at="12:30"),
    )
    ledger = told(shop)
    as_of, later = AsOf(len(shop.books.events), shop.clock), ("12:00", "07:00", "08:30", "13:00")
    wanted = {name: whole(ledger, "SKU", name, as_of=as_of)[1] for name in ("on_hand", "available")}
    for name, entries in wanted.items():
        found, _ = ledger.read(explain, "SKU", name, as_of=as_of, limit=limit)
        shown = list(found.items)
        while found.next:
            for at in later:
                told(shop.when(sold("SKU", "STORE", 1, at=at), held_back("SKU", "STORE", 5, at=at)))
            told(shop.when(received("SKU", "DC", 7, at="09:30")))
            after = AsOf(len(shop.books.events), as_of.until)
            found, position = ledger.read(
                explain, "SKU", name, as_of=after, limit=limit, after=found.next
            )
            assert (found.value, position) == (entries[0].balance, as_of.position)
            shown += found.items
        assert shown == entries, name


def test_a_sku_without_stock_by_then_is_not_explained(told):
    ledger = told(given(received("SKU", "STORE", 5), received("CUP", "STORE", 1)))
    assert ledger.read(explain, "CUP", "on_hand", as_of=AsOf(2)) == (None, 2)
    assert ledger.read(explain, "NONE", "on_hand")[0] is None
    assert ledger.read(explain, "SKU", "on_hand", location="DC")[0] is None


@pytest.mark.parametrize("after", [token(9, 2), token(2, 3), token("x"), token(2, "x", 1), "x", ""])
def test_a_token_of_another_list_is_refused(told, after):
    ledger = told(given(received("SKU", "STORE", 5)))
    with pytest.raises(BadToken):
        ledger.read(explain, "SKU", "on_hand", as_of=AsOf(2), after=after)


@pytest.mark.parametrize(
    "after",
    [
        token(2, 1),
        token(2, "x", 1),
        token(2, "-1", 1),
        token(1, "2026-03-01", 10**6),
        token(2, "2031-03-01T00:00:00+00:00", 0),
    ],
)
def test_so_is_one_by_the_other_clock(told, after):
    shop = given(received("SKU", "STORE", 5))
    with pytest.raises(BadToken):
        told(shop).read(explain, "SKU", "on_hand", as_of=AsOf(2, shop.clock), after=after)
