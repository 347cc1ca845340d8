"""Sales, service and shortages, against the events of days in which everything happens."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import told_by_events
from asks import ask, cancel, line, order, place, received, sold, voided
from given import given
from moving_asks import expected
from whole_days import whole_days

from ledger.domain.requests import ChangeOrder, OrderLine, RecordReturn, ReturnLine, SaleLine
from projections.reports import REPORTS
from projections.reports.reads import report_page
from projections.reports.report import Asked

REQUESTS = 300
LATER = datetime(2030, 1, 1, tzinfo=UTC)
SEEDS = (2, 3, 5)


def rows(ledger: Any, name: str, by: str, **asked: Any) -> list[Any]:
    report = REPORTS[name]
    return list(ledger.read(report_page, report, Asked(by=by, **asked), limit=1_000).items)


@pytest.fixture(scope="module", params=SEEDS)
def shop(request):
    return whole_days(REQUESTS, request.param)


@pytest.fixture
def days(shop, told):
    return told(shop), shop.books


def test_sales_are_what_left_to_customers_and_what_came_back(days):
    ledger, books = days
    found = {
        (r.day, r.channel, r.location, r.sku, r.currency): (
            r.sold_units, r.sold_minor or 0, r.returned_units, r.returned_minor or 0,
            r.service_minor or 0, r.service_returned_minor or 0,
        )
        for r in rows(ledger, "sales", "item")
    }  # fmt: skip
    must = told_by_events.sales(books.events, books.state.lines)
    assert found == must
    assert len(must) > 20


def test_what_has_no_price_has_no_amount(days):
    ledger, _ = days
    for row in rows(ledger, "sales", "item"):
        amounts = {row.sold_minor, row.returned_minor, row.service_minor}
        assert (row.currency is None) == (None in amounts)


def test_the_fill_rate_counts_what_was_promised_in_the_decision_that_took_the_order(days):
    ledger, books = days
    [row] = rows(ledger, "fill-rate", "network")
    must = told_by_events.fill_rate(books.events, books.state.lines)
    assert {name: getattr(row, name) for name in must} == must
    assert 0 < must["lines_at_once"] < must["lines"]
    assert row.line_fill_bp == round(10_000 * must["lines_at_once"] / must["lines"])


def test_every_shortage_is_told_from_its_first_decision_to_its_last(days):
    ledger, books = days
    found = ledger.sql(
        "SELECT sku, location, kind, began_position, ended_position, deepest_units "
        "FROM stock_episodes"
    )
    must = told_by_events.shortages(books.events)
    assert sorted((tuple(row.values()) for row in found), key=str) == sorted(must, key=str)
    assert {kind for _, _, kind, *_ in must} == {"oversold", "shortage"}


def test_the_shortages_that_stand_are_those_of_the_inventory(days):
    ledger, _ = days
    standing = ledger.sql(
        "SELECT sku, location FROM stock_episodes "
        "WHERE ended_position IS NULL AND kind = 'shortage'"
    )
    short = ledger.sql(
        "SELECT sku, location FROM inventory WHERE shortage > 0 AND committed + reserved > 0"
    )
    assert sorted(map(str, standing)) == sorted(map(str, short))


def test_sums_by_sku_channel_or_location_are_the_same_sums(days):
    ledger, _ = days
    for name, column in (("sales", "sold_units"), ("movements", "net_units")):
        sums = {
            by: sum(getattr(row, column) for row in rows(ledger, name, by))
            for by in REPORTS[name].by
        }
        assert len(set(sums.values())) == 1, sums


def test_a_report_pages_through_all_its_rows_once(days):
    ledger, _ = days
    for name, report in REPORTS.items():
        for by in report.by:
            whole = rows(ledger, name, by, at=LATER)
            asked = Asked(by=by, at=LATER)
            found, after = [], None
            while True:
                page = ledger.read(report_page, report, asked, limit=7, after=after)
                found += page.items
                if (after := page.next) is None:
                    break
            assert found == whole, (name, by)


def test_services_are_sold_less_what_was_cancelled_or_voided_and_move_no_units(told):
    wrap = {"kind": "service", "sku": "WRAPPING", "unit_price_minor": 300}
    mug = OrderLine(line_id="1", sku="MUG", quantity=1, how="ship", location="STORE")
    service = OrderLine(line_id="2", quantity=4, **wrap)
    basket = (SaleLine(line_id="1", quantity=5, **wrap),)
    refund = (ReturnLine(line_id="1", quantity=1, **wrap),)
    money = {"currency": "EUR"}
    ledger = told(
        given(
            received("MUG", "STORE", 5),
            order("A", mug, service, **money),
            cancel("A", lines={"2": 1}),
            sold("MUG", "STORE", 1, lines=basket, name="s1", **money),
            sold("MUG", "STORE", 1, lines=basket, name="s2", **money),
            voided("s2"),
            ask(RecordReturn, {"location": "STORE", "lines": refund}, dict(money)),
        )
    )
    [row] = [row for row in rows(ledger, "sales", "sku") if row.sku == "WRAPPING"]
    assert (row.sold_units, row.returned_units, row.currency) == (0, 0, "EUR")
    assert row.service_minor == 300 * (4 - 1 + 5)
    assert row.service_returned_minor == 300


def test_a_sale_without_a_price_of_its_own_has_that_of_the_line_which_it_fulfils(told):
    mug = OrderLine(
        line_id="1", sku="MUG", quantity=2, how="pickup", location="STORE", unit_price_minor=700
    )
    ledger = told(
        given(
            received("MUG", "STORE", 5),
            order("A", mug, currency="EUR"),
            sold("MUG", "STORE", 2, fulfils=("A", "1")),
        )
    )
    [row] = rows(ledger, "sales", "sku")
    assert (row.sold_units, row.sold_minor, row.currency) == (2, 1_400, "EUR")


def test_lines_that_were_added_later_are_served_by_the_decision_that_added_them(told):
    more = (OrderLine(line_id="2", sku="MUG", quantity=3, how="ship", location="STORE"),)
    ledger = told(
        given(
            received("MUG", "STORE", 4),
            order("A", line("1", "MUG", 1)),
            ask(ChangeOrder, {"order_id": "A", "add": more}, {"channel": "web"}),
        )
    )
    [row] = rows(ledger, "fill-rate", "network")
    assert (row.orders_at_once, row.lines_at_once, row.units_at_once) == (1, 2, 4)


def test_what_waited_for_stock_was_not_served_at_once_and_kept_its_promise_or_did_not(told):
    waits = {"allow_backorder": True, "channel": "web"}
    shop = given(
        received("MUG", "STORE", 1),
        expected("S-1", {"1": ("MUG", 9)}, due="2026-03-02"),
        order("A", line("1", "MUG", 3), **waits),
        order("B", line("1", "MUG", 2), **waits),
        received("MUG", "STORE", 2, channel="web", at="1/18:00"),
        received("MUG", "STORE", 2, channel="web", at="4/09:00"),
    )
    ledger = told(shop)
    [row] = rows(ledger, "fill-rate", "network")
    assert (row.lines, row.lines_at_once, row.units, row.units_at_once) == (2, 0, 5, 1)
    assert row.lines_by_promise == 1
    assert [line.backordered for line in shop.books.state.lines.values()] == [0, 0]


def test_a_day_is_that_of_the_place_where_goods_leave(told):
    mug = (SaleLine(line_id="1", sku="MUG", quantity=1, unit_price_minor=100),)
    ledger = told(
        given(
            place("STORE", time_zone="Pacific/Auckland"),
            received("MUG", "STORE", 5),
            sold("MUG", "STORE", 1, lines=mug, currency="EUR", at="1/10:30"),
            sold("MUG", "STORE", 1, lines=mug, currency="EUR", at="1/11:30"),
        )
    )
    assert [(row.day.isoformat(), row.sold_units) for row in rows(ledger, "sales", "day")] == [
        ("2026-03-01", 1),
        ("2026-03-02", 1),
    ]
    [row] = rows(ledger, "sales", "network", first=date(2026, 3, 2), last=date(2026, 3, 2))
    assert row.sold_units == 1
    [row] = rows(ledger, "sell-through", "network", last=date(2026, 3, 1))
    assert (row.sold_units, row.on_hand_units) == (1, 4)
