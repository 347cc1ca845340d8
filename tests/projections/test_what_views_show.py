"""What each view shows, folded from real decisions through a real projector."""

from datetime import UTC, datetime

import pytest
from asks import (
    adjusted,
    cancel,
    collected,
    counted,
    customer,
    line,
    moved,
    order,
    paid,
    place,
    product,
    received,
    returned,
    served_by,
    service,
    shipped,
    sold,
    voided,
)
from busy_days import busy_days
from given import Shop, given

from ledger.domain.orders.lines import label
from ledger.domain.requests import Price, SaleLine
from ledger.domain.words import Reason
from projections import requests
from projections.customers import customers
from projections.orders import order_reads
from projections.paging import BadToken, token
from projections.selling import catalog
from projections.stock import inventory, movements
from projections.views import VIEWS


def priced(line_id="1", sku="SKU", quantity=1, price=990):
    return SaleLine(line_id=line_id, sku=sku, quantity=quantity, unit_price_minor=price)


@pytest.fixture(scope="module")
def days() -> Shop:
    return busy_days(600)


def test_inventory_shows_what_the_writer_decides_on(told, days):
    rows = told(days).sql("SELECT * FROM inventory")
    known = days.books.state.stock
    assert {(row["location"], row["sku"]) for row in rows} == set(known) != set()
    for row in rows:
        item = known[(row["location"], row["sku"])]
        for name in (
            "on_hand",
            "committed",
            "damaged",
            "quality_control",
            "safety_stock",
            "available",
            "shortage",
        ):
            assert row[name] == getattr(item, name), (row, name)
        assert (row["reserved"], row["incoming"]) == (0, 0)


def test_orders_show_what_the_writer_decides_on(told, days):
    ledger = told(days)
    state = days.books.state
    lines = {
        (row["order_id"], row["line_id"]): row for row in ledger.sql("SELECT * FROM order_lines")
    }
    assert set(lines) == set(state.lines) != set()
    for key, known in state.lines.items():
        for name in (
            "ordered",
            "cancelled",
            "committed",
            "ready",
            "short",
            "shipped",
            "collected",
            "returned",
            "excess",
        ):
            assert lines[key][name] == getattr(known, name), (key, name)
    labels = {row["order_id"]: row["state"] for row in ledger.sql("SELECT * FROM orders")}
    assert labels == {
        order_id: label(
            known.kind, [state.lines[(order_id, line_id)] for line_id in known.line_ids]
        )
        for order_id, known in state.orders.items()
    }
    assert len(set(labels.values())) > 4, "too few kinds of orders to be worth the test"


def test_every_balance_on_the_stock_card_is_the_sum_of_the_movements_up_to_it(told, days):
    ledger = told(days)
    balances: dict[tuple[str, str], list[int]] = {}
    for row in ledger.sql("SELECT * FROM movements ORDER BY position"):
        item = balances.setdefault((row["location"], row["sku"]), [0, 0, 0])
        for place_, name in enumerate(("quantity", "damaged", "quality_control")):
            item[place_] += row[name]
        assert row["on_hand"] == item[0]
    stock = ledger.sql("SELECT * FROM inventory")
    last = {
        (r["location"], r["sku"]): [r["on_hand"], r["damaged"], r["quality_control"]] for r in stock
    }
    assert balances == {key: last[key] for key in balances}
    assert all(item == [0, 0, 0] for key, item in last.items() if key not in balances)


def test_a_sku_is_shown_at_each_of_its_locations_with_the_position_of_the_view(told):
    shop = given(
        received("MUG", "STORE", 4), received("MUG", "DC", 9), order("A", line("1", "MUG"))
    )
    ledger = told(shop)
    items, position = ledger.read(inventory.for_sku, "MUG")
    assert [(i.location, i.on_hand, i.committed, i.available) for i in items] == [
        ("DC", 9, 0, 9),
        ("STORE", 4, 1, 3),
    ]
    assert position == len(shop.books.events)
    assert ledger.read(inventory.for_sku, "CUP") == ([], position)


def test_before_anything_was_projected_views_are_empty_at_position_0(ledger):
    ledger.project()
    assert ledger.read(inventory.for_sku, "MUG") == ([], 0)
    assert ledger.read(order_reads.order, "A") == (None, 0)


def test_the_stock_card_says_who_moved_what_and_the_balance_after_it(told):
    shop = given(
        received("SKU", "STORE", 10, name="grn-1"),
        sold("SKU", "STORE", 2, name="sale-1"),
        moved("SKU", "STORE", 3, "available", "damaged", name="moved-1"),
        adjusted("SKU", "STORE", -1, name="lost-1"),
        counted("STORE", {"SKU": 9}, name="count-1"),
        voided("sale-1", name="void-1", channel="office"),
    )
    card = told(shop).read(movements.for_sku, "SKU").items
    said = [
        (m.type, m.quantity, m.on_hand, m.damaged, m.request_id, m.order_id, m.reason) for m in card
    ]
    sale = "sale:till:sale-1"
    assert said == [
        ("stock_count_revised", -2, 9, 0, "void-1", None, None),
        ("stock_sale_voided", 2, 11, 0, "void-1", sale, None),
        ("stock_counted", 2, 9, 0, "count-1", None, None),
        ("stock_adjusted", -1, 7, 0, "lost-1", None, "shrinkage"),
        ("stock_moved", 0, 8, 3, "moved-1", None, None),
        ("stock_sold", -2, 8, 0, "sale-1", sale, None),
        ("stock_received", 10, 10, 0, "grn-1", None, None),
    ]
    assert card[1].channel == "office"
    assert card[1].effective_at == card[5].effective_at < card[1].recorded_at


def test_a_stock_card_can_be_read_page_by_page_over_all_locations_or_one(told, days):
    ledger = told(days)
    newest = ledger.sql(
        "SELECT position, location FROM movements WHERE sku = 'MUG' ORDER BY position DESC"
    )
    for location in (None, "STORE"):
        wanted = [row["position"] for row in newest if location in (None, row["location"])]
        got = all_pages(ledger, movements.for_sku, "MUG", location=location, limit=7)
        assert [movement.position for movement in got] == wanted
        assert len(wanted) > 14


def all_pages(ledger, function, *args, **filters):
    found, after = [], None
    while True:
        page = ledger.read(function, *args, after=after, **filters)
        assert len(page.items) <= filters["limit"]
        assert page.position == ledger.written
        found += page.items
        after = page.next
        if after is None:
            return found


def test_every_list_read_page_by_page_is_the_whole_list(told, days):
    ledger = told(days)
    whole = {"limit": 1000}
    for function, args in [
        (inventory.item_list, ()),
        (order_reads.order_list, ()),
        (catalog.product_list, ()),
        (catalog.location_list, ()),
        (catalog.channel_list, ()),
        (customers.history, ("c-1",)),
    ]:
        everything = ledger.read(function, *args, **whole).items
        assert everything
        assert all_pages(ledger, function, *args, limit=max(1, len(everything) // 3)) == everything


def test_orders_can_be_listed_by_state_kind_channel_and_customer(told, days):
    ledger = told(days)
    everything = ledger.read(order_reads.order_list, limit=1000).items
    assert [o.position for o in everything] == sorted(
        (o.position for o in everything), reverse=True
    )
    for filters in (
        {"state": "collected"}, {"kind": "sale"}, {"channel": "web"}, {"customer_id": "c-2"},
        {"kind": "order", "state": "cancelled", "customer_id": "c-1"}, {"channel": "nobody"},
    ):  # fmt: skip
        columns = {"channel": "selling_channel"}
        wanted = [
            o for o in everything
            if all(getattr(o, columns.get(name, name)) == value for name, value in filters.items())
        ]  # fmt: skip
        assert ledger.read(order_reads.order_list, limit=1000, **filters).items == wanted


@pytest.mark.parametrize(
    "bad",
    ["x", "!!", "", "Ä", token(1), token("MUG"), token("MUG", 1), token("a\0", "b"), "A" * 5000],
)
def test_a_token_that_no_list_gave_is_refused(told, bad):
    ledger = told(given(received("MUG", "STORE", 1)))
    with pytest.raises(BadToken, match="use its"):
        ledger.read(inventory.item_list, after=bad)


def test_a_sale_is_listed_among_the_orders_with_its_lines_and_money(told):
    lines = (
        priced("1", "MUG", 2, 990),
        priced("2", "CUP", 1, None),
        SaleLine(line_id="3", sku="WRAP", quantity=1, kind="service", unit_price_minor=-90),
    )
    shop = given(
        sold(
            "MUG",
            "STORE",
            1,
            lines=lines,
            name="s-1",
            currency="EUR",
            customer_id="c-1",
            tender="card",
        )
    )
    order_, position = told(shop).read(order_reads.order, "sale:till:s-1")
    assert (order_.kind, order_.state, order_.total_minor, order_.tender) == (
        "sale",
        "collected",
        1890,
        "card",
    )
    assert [(line_.line_id, line_.collected, line_.location) for line_ in order_.lines] == [
        ("1", 2, "STORE"),
        ("2", 1, "STORE"),
        ("3", 1, "STORE"),
    ]
    assert (order_.payments, position) == ((), len(shop.books.events))


def test_an_order_shows_its_lines_in_the_order_they_came_and_its_latest_payment(told):
    lines = [line(str(n), "MUG", 1) for n in range(12, 0, -1)]
    shop = given(
        received("MUG", "STORE", 50),
        order("A", *lines),
        paid("A", "captured", at="18:00", arrives="18:01"),
        paid("A", "authorised", at="17:00", arrives="18:02"),
        shipped("A", {"12": 1}),
    )
    order_, _ = told(shop).read(order_reads.order, "A")
    assert [line_.line_id for line_ in order_.lines] == [line_.line_id for line_ in lines]
    assert (order_.state, order_.lines[0].shipped, order_.lines[1].committed) == (
        "partially_fulfilled",
        1,
        1,
    )
    [payment] = order_.payments
    assert (payment.state, payment.amount_minor, payment.effective_at) == (
        "captured",
        990,
        datetime(2026, 3, 1, 18, tzinfo=UTC),
    )


def test_a_total_larger_than_any_whole_number_of_the_database_is_exact(told):
    lines = (priced("1", "MUG", 1_000_000_000, 1_000_000_000_000),)
    shop = given(
        sold("MUG", "STORE", 1, lines=lines, name="s-1", currency="EUR", customer_id="c-1")
    )
    ledger = told(shop)
    assert ledger.read(order_reads.order, "sale:till:s-1")[0].total_minor == 10**21
    assert ledger.read(customers.customer, "c-1")[0].amounts[0].bought_minor == 10**21


def test_a_customer_has_every_sale_order_and_return_once_with_its_state_of_now(told):
    mine = {"customer_id": "c-1", "currency": "EUR"}
    shop = given(
        received("MUG", "STORE", 50),
        sold("MUG", "STORE", 1, lines=(priced("1", "MUG", 2),), name="s-1", **mine),
        sold("MUG", "STORE", 1, lines=(priced("1", "MUG", 1, 500),), name="s-2", **mine),
        sold("MUG", "STORE", 1, name="s-3"),
        sold("MUG", "STORE", 1, lines=(priced(price=700),), name="s-4", customer_id="c-1", currency="GBP"),
        order("A", line("1", "MUG"), **mine),
        voided("s-2"),
        cancel("A"),
        returned("MUG", "STORE", 1, sale="s-1", name="back", **mine),
    )  # fmt: skip
    ledger = told(shop)
    history = ledger.read(customers.history, "c-1").items
    assert [(item.kind, item.order_id, item.state) for item in history] == [
        ("return", "sale:till:s-1", None),
        ("order", "A", "cancelled"),
        ("sale", "sale:till:s-4", "collected"),
        ("sale", "sale:till:s-2", "cancelled"),
        ("sale", "sale:till:s-1", "partially_returned"),
    ]
    customer_, _ = ledger.read(customers.customer, "c-1")
    assert (customer_.registered, customer_.sales, customer_.orders, customer_.returns) == (
        False,
        3,
        1,
        1,
    )
    assert [(a.currency, a.bought_minor) for a in customer_.amounts] == [
        ("EUR", 1980),
        ("GBP", 700),
    ]


def test_a_customer_may_be_registered_after_the_first_sale_or_never_buy(told):
    shop = given(
        sold("MUG", "STORE", 1, name="s-1", customer_id="c-1", at="08:00"),
        customer("c-1", at="12:00"),
        customer("c-2", at="12:00"),
    )
    ledger = told(shop)
    first, second = (ledger.read(customers.customer, name)[0] for name in ("c-1", "c-2"))
    assert (first.registered, first.sales, first.first_seen.hour) == (True, 1, 8)
    assert (second.registered, second.sales, second.last_purchase_at, second.amounts) == (
        True,
        0,
        None,
        (),
    )
    assert ledger.read(customers.customer, "c-3")[0] is None


@pytest.mark.parametrize("late", [False, True])
def test_the_latest_description_counts_whichever_arrives_first(told, late):
    new = [
        product(
            "MUG",
            at="10:00",
            arrives="12:00",
            attributes={"colour": "red"},
            prices=(Price(price_minor=990, currency="EUR"),),
        ),
        place("STORE", at="10:00", arrives="12:00", active=False),
        served_by("web", "STORE", at="10:00"),
    ]
    old = [
        product("MUG", at="09:00", arrives="12:30"),
        place("STORE", at="09:00", arrives="12:30"),
        served_by("web", "DC", at="09:00"),
    ]
    first, second = (new, old) if late else (old, new)
    ledger = told(given(product("CUP", at="09:00"), *first, *second))
    product_, _ = ledger.read(catalog.product, "MUG")
    assert (product_.attributes, product_.prices) == (
        {"colour": "red"},
        (Price(price_minor=990, currency="EUR"),),
    )
    assert ledger.read(catalog.location, "STORE")[0].active is False
    [web] = ledger.read(catalog.channel_list).items
    assert (web.channel, web.locations) == ("web", ("STORE",))
    assert [p.sku for p in ledger.read(catalog.product_list).items] == ["CUP", "MUG"]


def test_every_request_shows_the_answer_that_it_got(told):
    shop = given(
        received("MUG", "STORE", 1, name="grn-1"), order("A", line("1", "MUG", 2), name="w-1")
    )
    ledger = told(shop)
    yes, _ = ledger.read(requests.request, "till", "grn-1")
    assert (yes.outcome, yes.kind, yes.position, yes.reason, yes.details) == (
        "accepted",
        "receive_stock",
        1,
        None,
        (),
    )
    no, position = ledger.read(requests.request, "web", "w-1")
    assert (no.outcome, no.reason, no.events, no.position) == (
        "refused",
        Reason.OUT_OF_STOCK,
        1,
        position,
    )
    assert [(hit.asked, hit.available) for hit in no.details] == [(2, 1)]
    assert ledger.read(requests.request, "web", "grn-1") == (None, position)


def test_an_order_of_services_only_and_one_collected_late_have_their_labels(told):
    shop = given(
        received("MUG", "STORE", 3),
        order("A", service("1")),
        order("B", line("1", "MUG", how="pickup")),
        collected("B"),
    )
    found = told(shop).read(order_reads.order_list).items
    assert [(o.order_id, o.state) for o in found] == [("B", "collected"), ("A", "fulfilled")]


def test_every_column_says_what_it_means_and_every_key_begins_with_the_network(ledger):
    ledger.project()
    tables = [table.name for view in VIEWS.values() for table in view().tables] + ["projections"]
    sql_views = [each.name for view in VIEWS.values() for each in view.sql_views]
    assert len(tables) > 20
    assert set(sql_views) >= {"exceptions", "channel_availability"}
    named = ", ".join(f"'{name}'" for name in (*tables, *sql_views))
    columns = ledger.sql(f"""
        SELECT relname, attname, col_description(c.oid, attnum) AS comment, obj_description(c.oid) AS about
        FROM pg_class c JOIN pg_attribute ON attrelid = c.oid
        WHERE attnum > 0 AND NOT attisdropped AND relname IN ({named})""")
    assert {column["relname"] for column in columns} == {*tables, *sql_views}
    assert [column for column in columns if not column["comment"] or not column["about"]] == []
    keys = ledger.sql(f"""
        SELECT c.relname, attname FROM pg_index JOIN pg_class c ON c.oid = indrelid
        JOIN pg_attribute ON attrelid = c.oid AND attnum = indkey[0] WHERE indisprimary AND relname IN ({named})""")
    assert [key["attname"] for key in keys] == ["network"] * len(tables)
