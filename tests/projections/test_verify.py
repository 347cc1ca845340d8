"""`verify` sees every row that is not what the ledger says, and says which."""

from datetime import timedelta

import pytest
from asks import order, received, returned, sold
from books import START
from busy_days import busy_days
from given import Shop, given
from msgspec.structs import replace

from ledger.domain.stock import item as stock
from projections.stock import inventory


@pytest.fixture(scope="module")
def days() -> Shop:
    return busy_days(200, seed=3)


def reported(ledger, table):
    [found] = [t for report in ledger.verify() for t in report.tables if t.table == table]
    return found


def test_views_that_were_left_alone_hold_what_the_ledger_says(told, days):
    reports = told(days).verify()
    assert [report.view for report in reports if report.differences] == []
    assert all(report.ledger_digest == report.view_digest for report in reports)
    assert all(report.position == len(days.books.events) for report in reports)
    assert sum(table.rows for report in reports for table in report.tables) > 400


@pytest.mark.parametrize(
    ("tampering", "table", "key", "ledger_says", "view_says"),
    [
        ("UPDATE inventory SET on_hand = on_hand + 1 WHERE sku = 'MUG'", "inventory", {"location": "STORE", "sku": "MUG"}, {"on_hand": 6}, {"on_hand": 7}),
        ("UPDATE stock_history SET reason = 'gift' WHERE type = 'stock_sold'", "stock_history", {"position": 7}, {"reason": None}, {"reason": "gift"}),
            ("UPDATE inventory_days SET on_hand = 5 WHERE sku = 'MUG'", "inventory_days", {"sku": "MUG", "location": "STORE", "day": START.date()}, {"on_hand": 6}, {"on_hand": 5}),
            ("UPDATE moments SET position = 3 WHERE position = 1", "moments", {"recorded_at": START + timedelta(minutes=1)}, {"position": 1}, {"position": 3}),
        ("UPDATE orders SET total_minor = 1 WHERE order_id = 'A'", "orders", {"order_id": "A"}, {"total_minor": None}, {"total_minor": 1}),
        ("UPDATE order_lines SET shipped = 1 WHERE order_id = 'A'", "order_lines", {"order_id": "A", "line_id": "1"}, {"shipped": 0}, {"shipped": 1}),
        ("UPDATE customers SET sales = 2", "customers", {"customer_id": "c-1"}, {"sales": 1}, {"sales": 2}),
        ("""UPDATE requests SET details = '["x"]' WHERE request_id = 'A'""", "requests", {"channel": "web", "request_id": "A"}, {"details": []}, {"details": ["x"]}),
    ],
)  # fmt: skip
def test_a_row_changed_by_hand_is_named_with_what_differs(
    told, tampering, table, key, ledger_says, view_says
):
    ledger = told(
        given(
            received("MUG", "STORE", 7),
            sold("MUG", "STORE", 1, name="s-1", customer_id="c-1"),
            received("SKU", "STORE", 3),
            order("A"),
        )
    )
    ledger.sql(tampering)
    found = reported(ledger, table)
    assert found.different_rows == 1
    [difference] = found.differences
    assert (difference.key, difference.ledger, difference.view) == (key, ledger_says, view_says)
    assert found.ledger_digest != found.view_digest


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("inventory", "sku"),
        ("stock_history", "position"),
        ("orders", "order_id"),
        ("order_lines", "order_id"),
        ("payments", "payment_id"),
        ("customers", "customer_id"),
        ("customer_history", "position"),
        ("products", "sku"),
        ("locations", "location"),
        ("channels", "channel"),
        ("requests", "position"),
    ],
)  # fmt: skip
def test_a_row_that_is_gone_and_one_too_many_are_named(told, days, table, key):
    ledger = told(days)
    whole = reported(ledger, table)
    assert (whole.rows > 0, whole.differences) == (True, ())
    ledger.sql(f"UPDATE {table} SET network = 'other' WHERE ctid = (SELECT min(ctid) FROM {table})")
    found = reported(ledger, table)
    assert [(d.ledger is None, d.view) for d in found.differences] == [(False, None)]
    assert (found.rows, found.different_rows) == (whole.rows - 1, 1)

    ledger.sql(f"UPDATE {table} SET network = 'main'")
    assert reported(ledger, table) == whole
    other = "position + 1000000" if key == "position" else f"{key} || '~'"
    other_request = ", request_id = 'none'" if table == "requests" else ""
    ledger.sql(f"CREATE TABLE copy AS SELECT * FROM {table} LIMIT 1")
    ledger.sql(f"UPDATE copy SET {key} = {other} {other_request}")
    ledger.sql(f"INSERT INTO {table} SELECT * FROM copy")
    found = reported(ledger, table)
    assert [(d.ledger, d.view is None) for d in found.differences] == [(None, False)]
    assert (found.rows, found.different_rows) == (whole.rows + 1, 1)


def test_only_the_first_differences_are_named_but_all_are_counted(told, days):
    ledger = told(days)
    ledger.sql("UPDATE requests SET kind = 'x'")
    found = reported(ledger, "requests")
    assert (found.different_rows, len(found.differences)) == (200, 20)
    ledger.sql("DELETE FROM requests")
    found = reported(ledger, "requests")
    assert (found.rows, found.different_rows) == (0, 200)


def test_a_fold_that_loses_goods_breaks_conservation_though_it_agrees_with_itself(
    ledger, monkeypatch
):
    def forgets_returns(item, event):
        kept = stock.moved(item, event)
        return (
            replace(kept, on_hand=item.on_hand) if type(event).__name__ == "StockReturned" else kept
        )

    monkeypatch.setattr(inventory, "moved", forgets_returns)
    ledger.tell(
        given(received("MUG", "STORE", 7), received("CUP", "STORE", 1), returned("MUG", "STORE", 2))
    )
    ledger.project()
    [report] = ledger.verify("inventory")
    assert report.tables[0].different_rows == 0
    assert (report.conservation.skus, report.conservation.broken_skus, report.differences) == (
        2,
        1,
        1,
    )
    [broken] = report.conservation.broken
    assert (broken.sku, broken.on_hand, broken.expected, broken.terms) == (
        "MUG",
        7,
        9,
        {"received": 7, "returned": 2},
    )


def test_a_sku_that_no_event_explains_breaks_conservation(told):
    ledger = told(given(received("MUG", "STORE", 7)))
    ledger.sql("UPDATE inventory SET sku = 'RUG'")
    [report] = ledger.verify("inventory")
    assert [(b.sku, b.on_hand, b.expected) for b in report.conservation.broken] == [
        ("MUG", 0, 7),
        ("RUG", 7, 0),
    ]


def test_views_are_verified_while_the_ledger_grows_each_at_its_own_position(ledger, days):
    ledger.tell(days, until=100)
    ledger.project()
    ledger.tell(days)
    ledger.project(names=["orders"])
    at = {report.view: report.position for report in ledger.verify()}
    assert (at["orders"], at["inventory"]) == (len(days.books.events), 100)
    assert ledger.differences() == 0


def test_a_digest_that_is_not_that_of_the_rows_is_a_difference(told, days):
    ledger = told(days)
    ledger.sql("UPDATE projections SET digest = repeat('0', 32) WHERE view = 'orders'")
    reports = {report.view: report for report in ledger.verify()}
    assert [name for name, report in reports.items() if report.differences] == ["orders"]
    assert not reports["orders"].digest_is_kept
    assert reports["orders"].ledger_digest == reports["orders"].view_digest
