"""Orders, customers and products as of any position and time are what the fold up to there shows."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random

import psycopg
import pytest
from asks import (
    clock_time,
    line,
    order,
    paid,
    received,
    shipped,
    sold,
)
from by_trial import by_trial
from given import Shop, given
from people import claimed, linked, merged, unmerged
from peopled_days import PEOPLE, peopled_days

from ledger.domain.events import (
    LineShipped,
    OrderEvent,
    OrderPlaced,
    PaymentRecorded,
    ProductDescribed,
    SaleRecorded,
)
from ledger.domain.stock.item import effective_at
from ledger.domain.words import sale_id
from projections import views
from projections.customers import customers
from projections.orders import order_reads
from projections.orders.fulfilment import Fulfilment
from projections.orders.order_fold import Orders
from projections.orders.order_reads import READS
from projections.paging import BadToken, token
from projections.past import subject_reads
from projections.past import subjects_as_of as then
from projections.past.as_of import AsOf, ViewBehind
from projections.past.subject_events import SubjectEvents
from projections.projection import split
from projections.reading import configure
from projections.selling import catalog

SEEDS = (1, 3, 4)
"""Of days in which some clocks were wrong enough that parcels left before they could."""
FAR = datetime(2100, 1, 1, tzinfo=UTC)
WHOLE = 1_000


def ids_of(shop):
    """All orders, sales and skus that are ever named, and some that are not."""
    events = shop.books.events
    sales = [e for e in events if isinstance(e, SaleRecorded)]
    named = [e.order_id for e in events if isinstance(e, OrderEvent)]
    order_ids = {*named, *(sale_id(e.channel, e.request_id) for e in sales)}
    skus = {event.sku for event in events if isinstance(event, ProductDescribed)}
    return {
        "order": [*order_ids, "none"],
        "customer": [*PEOPLE, "none"],
        "product": [*skus, "none"],
    }


READ_NOW = {
    "order": [order_reads.order],
    "customer": [customers.customer, customers.history],
    "product": [catalog.product],
}
READ_THEN = {
    "order": [then.order],
    "customer": [then.customer, then.history],
    "product": [then.product],
}


async def _all(conn, network, ids, reads, *as_of):
    """Every answer on every subject."""
    answers = {}
    for subject, functions in reads.items():
        for function in functions:
            options = {"limit": WHOLE} if function.__name__ == "history" else {}
            for each in ids[subject]:
                found = await function(conn, network, *as_of, each, **options)
                answers[function.__name__, each] = found
    return answers


async def all_now(conn, network, ids):
    return await _all(conn, network, ids, READ_NOW)


async def all_then(conn, network, ids, as_of):
    return await _all(conn, network, ids, READ_THEN, as_of)


def same(found, wanted):
    """Each answer by itself: a dictionary of them all is nothing to read."""
    assert found.keys() == wanted.keys()
    for asked, answer in wanted.items():
        assert found[asked] == answer, asked


@pytest.fixture(scope="module", params=SEEDS)
def days(request) -> Shop:
    return peopled_days(600, seed=request.param)


def test_what_was_known_at_any_position_is_what_the_views_showed_then(ledger, days):
    ids, head = ids_of(days), len(days.books.events)
    shown, lists = {}, {}
    for position in sorted({1, 2, head, *Random(7).sample(range(3, head), 9)}):
        ledger.tell(days, until=position)
        ledger.project(max_rows_in_memory=5)
        shown[position] = ledger.read(all_now, ids)
        lists[position] = ledger.read(order_reads.order_list, limit=WHOLE).items
    known = sum(found is not None for found, *_ in map(_parts, shown[head].values()))
    assert known > 40, "hardly anything happened"
    for position, wanted in shown.items():
        same(ledger.read(all_then, ids, AsOf(position)), wanted)
        assert every_page(ledger, AsOf(position)) == lists[position], position


def _parts(answer):
    return answer if isinstance(answer, tuple) else (answer,)


def every_page(ledger, as_of, limit=7, **filters):
    found, after = [], None
    while True:
        page = ledger.read(then.order_list, as_of, after=after, limit=limit, **filters)
        assert page.position == as_of.position
        assert len(page.items) <= limit
        found += page.items
        after = page.next
        if after is None:
            return found


@pytest.fixture
def projected(ledger, days):
    ledger.tell(days)
    ledger.project()
    return ledger


def test_a_list_of_orders_as_of_then_is_filtered_as_the_list_of_now(projected, days):
    head = len(days.books.events)
    for filters in ({"kind": "sale"}, {"customer_id": "c-1"}, {"channel": "web", "kind": "order"}):
        now = projected.read(order_reads.order_list, limit=WHOLE, **filters).items
        assert every_page(projected, AsOf(head), **filters) == now, filters
    with pytest.raises(BadToken):
        projected.read(then.order_list, AsOf(head), after=token("x"))


def test_a_history_as_of_then_is_read_page_by_page(projected, days):
    as_of = AsOf(len(days.books.events) * 2 // 3)
    for name in PEOPLE:
        whole = projected.read(then.history, as_of, name, limit=WHOLE).items
        page = projected.read(then.history, as_of, name, limit=4)
        found = page.items
        while page.next is not None:
            page = projected.read(then.history, as_of, name, after=page.next, limit=4)
            assert 0 < len(page.items) <= 4
            found += page.items
        assert found == whole


def test_what_was_true_by_any_time_is_the_fold_of_what_had_taken_effect(projected, days):
    ids, head = ids_of(days), len(days.books.events)
    times = sorted({effective_at(event) for event in days.books.events})
    waited, answers = 0, set()
    for place, time in enumerate(Random(8).sample(times, 6)):
        events = [item for item in enumerate(days.books.events, 1) if effective_at(item[1]) <= time]
        counted = by_trial(events)
        waited += len(events) - len(counted)
        network = f"then-{place}"
        store(projected, network, counted, head)
        wanted = read_in(projected, network, all_now, ids)
        same(projected.read(all_then, ids, AsOf(head, time)), wanted)
        answers.add(str(wanted))
    assert waited > 0, "no clock was wrong enough"
    assert len(answers) > 4, "hardly anything happened"


def store(ledger, network, events, position):
    """Fold events into the tables of a network of its own, as if these were all."""
    made = [view(limit=None) for view in views.VIEWS.values() if view.name != "moments"]
    with psycopg.connect(ledger.url) as conn:
        views.configure(conn)
        views.create(conn, network, made)
        for view, own in zip(made, split(made, events), strict=True):
            if view.name in {*customers.VIEWS, *READS, "products"}:
                view.ask(own)
                view.fold(own)
                for rows in view.all_rows:
                    rows.write(conn, network)
        conn.execute("UPDATE projections SET position = %s WHERE network = %s", [position, network])


def read_in(ledger, network, function, *args):
    async def run_() -> object:
        async with await psycopg.AsyncConnection.connect(ledger.url) as conn:
            await configure(conn)
            return await function(conn, network, *args)

    return asyncio.run(run_())


def test_every_type_that_an_answer_is_folded_from_is_found_under_a_subject():
    read = {*customers.VIEWS, *READS, "products"}
    taken = {event_type for name in read for event_type in views.VIEWS[name]().folds}
    assert taken - SubjectEvents().folds.keys() == set()


def test_every_event_that_changes_an_order_is_found_with_it(projected, days):
    concerning = {
        order_id: {
            position
            for position, _ in projected.read(
                subject_reads.of_order, AsOf(len(days.books.events)), order_id
            )
        }
        for order_id in ids_of(days)["order"]
    }
    made = [Orders(limit=None), Fulfilment(limit=None)]
    before = {}
    for position, event in enumerate(days.books.events, 1):
        for view, own in zip(made, split(made, [(position, event)]), strict=True):
            view.ask(own)
            view.fold(own)
        if type(event) in made[0].folds or type(event) in made[1].folds:
            now = rows_by_order(made)
            for order_id in now.keys() | before.keys():
                if now.get(order_id) != before.get(order_id):
                    assert position in concerning[order_id], (order_id, event)
            before = now


def rows_by_order(made):
    """Every row of these views with the order that it is shown with."""
    found = defaultdict(list)
    for view in made:
        for rows in view.all_rows:
            place = rows.table.names.index("order_id")
            for row in rows.rows if hasattr(rows, "rows") else rows.in_order():
                found[row[place]].append((rows.table.name, row))
    return found


MUGS = received("MUG", "STORE", 50)


def test_a_payment_that_names_another_order_now_was_the_first_ones_then(told):
    shop = given(MUGS, order("A", line("1", "MUG")), order("B", line("1", "MUG")))
    shop.when(paid("A", payment_id="p-1"), paid("B", payment_id="p-1"))
    ledger = told(shop)
    first, second = (
        position
        for position, event in enumerate(shop.books.events, 1)
        if isinstance(event, PaymentRecorded)
    )
    for position, of_a, of_b in ((first, 1, 0), (second - 1, 1, 0), (second, 0, 1)):
        paid_then = [
            len(ledger.read(then.order, AsOf(position), order_id)[0].payments)
            for order_id in ("A", "B")
        ]
        assert paid_then == [of_a, of_b], position


def test_a_card_that_somebody_else_has_now_was_the_first_ones_then(told):
    shop = given(linked("c-1", "4711"))
    head = len(shop.books.events)
    shop.when(linked("c-2", "4711"), merged("c-3", "c-2"))
    ledger = told(shop)
    now = len(shop.books.events)
    cards = [len(ledger.read(then.customer, AsOf(at), "c-1")[0].identities) for at in (head, now)]
    assert cards == [1, 0]
    assert ledger.read(then.customer, AsOf(head), "c-3") == (None, head)


def test_an_id_that_was_merged_by_mistake_does_not_bring_its_orders_when_it_is_unmerged(
    told, monkeypatch
):
    sales = [sold("MUG", "STORE", 1, customer_id="c-2", name=f"s-{n}") for n in range(12)]
    shop = given(MUGS, sold("MUG", "STORE", 1, customer_id="c-1"), *sales)
    shop.when(merged("c-2", "c-1"))
    one = len(shop.books.events)
    shop.when(unmerged("c-2"))
    two = len(shop.books.events)
    ledger = told(shop)
    assert ledger.read(then.customer, AsOf(one), "c-1")[0].sales == 13
    assert ledger.read(then.customer, AsOf(two), "c-1")[0].sales == 1
    monkeypatch.setattr(subject_reads, "MAX_EVENTS", 6)
    assert ledger.read(then.customer, AsOf(two), "c-1")[0].sales == 1
    with pytest.raises(subject_reads.TooManyEvents, match="more than"):
        ledger.read(then.customer, AsOf(one), "c-1")


def test_more_bytes_than_are_folded_at_once_are_not_read(told, monkeypatch):
    shop = given(MUGS, order("A", line("1", "MUG")))
    ledger = told(shop)
    head = AsOf(len(shop.books.events))
    monkeypatch.setattr(subject_reads, "MAX_BYTES", 400)
    with pytest.raises(subject_reads.TooManyEvents):
        ledger.read(then.order, head, "A")


def test_a_parcel_that_left_before_its_order_was_placed_waits_for_it(told):
    shop = given(
        MUGS,
        order("A", line("1", "MUG", 2), at="10:00"),
        shipped("A", {"1": 2}, at="09:30"),
    )
    ledger = told(shop)
    head = len(shop.books.events)
    assert [e for e in shop.books.events if isinstance(e, LineShipped)], "nothing was shipped"
    early = AsOf(head, clock_time("09:45"))
    assert ledger.read(then.order, early, "A") == (None, head)
    placed, _ = ledger.read(then.order, AsOf(head, clock_time("10:00")), "A")
    assert (placed.state, placed.lines[0].shipped) == ("fulfilled", 2)


def test_a_view_that_is_not_there_yet_says_so(told):
    ledger = told(given(MUGS, order("A", line("1", "MUG"))))
    beyond = AsOf(ledger.written + 1)
    for function in (then.order, then.customer, then.history, then.product):
        with pytest.raises(ViewBehind):
            ledger.read(function, beyond, "A")
    with pytest.raises(ViewBehind):
        ledger.read(then.order_list, beyond)
    with pytest.raises(ViewBehind):
        ledger.read(subject_reads.timeline, "order", "A", as_of=beyond)


def test_the_events_of_an_order_tell_its_story_in_order(told):
    shop = given(MUGS, order("A", line("1", "MUG", 2)), shipped("A", {"1": 2}), claimed("c-1", "A"))
    ledger = told(shop)
    whole = ledger.read(subject_reads.timeline, "order", "A", limit=WHOLE).items
    assert whole[0].type == "order_placed.v1"
    assert [item.position for item in whole] == sorted({item.position for item in whole})
    events = dict(enumerate(shop.books.events, 1))
    for item in whole:
        assert item.stream == events[item.position].stream
        assert item.effective_at == effective_at(events[item.position])
    found, after = [], None
    for _ in whole:
        page = ledger.read(subject_reads.timeline, "order", "A", after=after, limit=1)
        found += page.items
        after = page.next
    assert (found, after) == (whole, None)
    placed = [p for p, event in events.items() if isinstance(event, OrderPlaced)]
    first = AsOf(placed[0])
    assert ledger.read(subject_reads.timeline, "order", "A", as_of=first).items == whole[:1]
    early = AsOf(ledger.written, clock_time("08:00") - timedelta(days=1))
    assert ledger.read(subject_reads.timeline, "order", "A", as_of=early).items == []
