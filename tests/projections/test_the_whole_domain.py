"""After days in which everything happened, each view shows what the writer decides on."""

from collections import Counter

import pytest
from given import Shop
from whole_days import days_of

from ledger.domain.events import ContactRecorded, CustomerEvent, InputRefused
from ledger.domain.orders.lines import label
from ledger.domain.sourcing.channels import available_to_sell
from projections.attention import exceptions_view
from projections.paging import BadToken, token
from projections.selling import availability
from projections.stock import holds as holds_view
from projections.supply import supply_reads
from projections.views import VIEWS

CHANNELS = ("web", "app")
"""One that is described, with buffers, and one of which nobody ever said anything."""


ABOUT_PEOPLE = ("customers", "customer_links")
"""These have tests of their own."""
TAKEN_IN = {
    event_type
    for view in VIEWS.values()
    for event_type in view().folds
    if not issubclass(event_type, (CustomerEvent, ContactRecorded, InputRefused))
}


@pytest.fixture(scope="module")
def days() -> Shop:
    return days_of(TAKEN_IN, 1_500)


@pytest.fixture
def ledger(ledger, days):
    ledger.tell(days)
    ledger.project()
    return ledger


def rows(ledger, table, *key):
    found = ledger.sql(f"SELECT * FROM {table}")
    by_key = {tuple(row[name] for name in key): row for row in found}
    assert len(by_key) == len(found) > 0, table
    return by_key


def quantities(row, known, names):
    assert {n: row[n] for n in names.split()} == {n: getattr(known, n) for n in names.split()}


def test_nothing_differs_from_a_fresh_fold_and_stock_is_conserved(ledger):
    reports = ledger.verify()
    named = [d for report in reports for table in report.tables for d in table.differences]
    assert named == []
    assert {report.view: report.differences for report in reports} == dict.fromkeys(VIEWS, 0)
    [conserved] = [report.conservation for report in reports if report.conservation]
    assert (conserved.skus, conserved.broken) == (4, ())


def test_a_row_that_is_gone_is_named_whichever_table_it_was_in(ledger):
    for view in (view for name, view in VIEWS.items() if name not in ABOUT_PEOPLE):
        for table in (table.name for table in view().tables):
            first = f"ctid = (SELECT min(ctid) FROM {table})"
            ledger.sql(f"UPDATE {table} SET network = 'other' WHERE {first}")
            [report] = ledger.verify(view.name)
            found = {each.table: each.differences for each in report.tables}[table]
            assert [(d.ledger is None, d.view) for d in found] == [(False, None)], table
            ledger.sql(f"UPDATE {table} SET network = 'main' WHERE network = 'other'")
    assert ledger.differences() == 0


def test_rows_are_the_same_in_small_batches_and_with_hardly_any_memory(ledger):
    whole = ledger.digests()
    for options in ({"max_batch_events": 10}, {"max_batch_events": 50, "max_rows_in_memory": 2}):
        ledger.rebuild(**options)
        assert ledger.digests() == whole, options
        assert ledger.differences() == 0


def test_inventory_has_what_is_reserved_and_what_is_to_come(ledger, days):
    shown = rows(ledger, "inventory", "location", "sku")
    assert shown.keys() == days.books.state.stock.keys()
    for key, item in days.books.state.stock.items():
        names = "on_hand damaged quality_control committed reserved safety_stock available"
        quantities(shown[key], item, f"{names} incoming shortage")
    assert any(row["reserved"] for row in shown.values())
    assert any(row["incoming"] for row in shown.values())


def test_every_balance_on_the_stock_card_is_the_sum_of_the_movements_up_to_it(ledger, days):
    sums: dict[tuple[str, str], list[int]] = {}
    for row in ledger.sql("SELECT * FROM movements ORDER BY position"):
        item = sums.setdefault((row["location"], row["sku"]), [0, 0, 0])
        for place, name in enumerate(("quantity", "damaged", "quality_control")):
            item[place] += row[name]
        assert row["on_hand"] == item[0]
    for key, item in days.books.state.stock.items():
        there = [item.on_hand, item.damaged, item.quality_control]
        assert sums.get(key, [0, 0, 0]) == there


def test_lines_of_orders_are_as_the_writer_knows_them_at_every_location(ledger, days):
    state = days.books.state
    shown = rows(ledger, "order_lines", "order_id", "line_id")
    there = rows(ledger, "order_allocations", "order_id", "line_id", "location")
    assert shown.keys() == state.lines.keys()
    for key, line in state.lines.items():
        names = "ordered cancelled expired backordered committed picked ready short shipped"
        quantities(shown[key], line, f"{names} collected delivered returned excess over_returned")
        quantities(shown[key], line, "location how sku promise")
        for known in line.allocations:
            row = there.pop((*key, known.location))
            quantities(row, known, "committed short")
            said = (row["picked"], row["ready"], row["left"])
            assert said == (known.waiting_picked, known.waiting_ready, known.gone)
    assert there == {}, "locations that no line knows"


def test_labels_follow_from_the_lines(ledger, days):
    state = days.books.state
    labels = {row["order_id"]: row["state"] for row in ledger.sql("SELECT * FROM orders")}
    assert labels == {
        order_id: label(known.kind, [state.lines[(order_id, i)] for i in known.line_ids])
        for order_id, known in state.orders.items()
    }


def test_supplies_are_as_the_writer_knows_them(ledger, days):
    state = days.books.state
    lines = rows(ledger, "supply_lines", "supply_id", "line_id")
    assert lines.keys() == state.supply_lines.keys()
    for key, known in state.supply_lines.items():
        names = "sku location expected received incoming due due_until overdue cancelled"
        quantities(lines[key], known, names)
        assert (lines[key]["overdue_since_position"] is not None) >= known.overdue
    headers = rows(ledger, "supplies", "supply_id")
    for supply_id, known in state.supplies.items():
        of = [state.supply_lines[(supply_id, i)] for i in known.line_ids]
        assert headers[(supply_id,)]["incoming"] == sum(line.incoming for line in of)


def test_transfers_are_as_the_writer_knows_them(ledger, days):
    state = days.books.state
    lines = rows(ledger, "transfer_lines", "transfer_id", "line_id")
    assert lines.keys() == state.transfer_lines.keys()
    for key, known in state.transfer_lines.items():
        names = "sku requested reserved shipped accepted damaged missing in_transit lost closed"
        quantities(lines[key], known, names)
    headers = rows(ledger, "transfers", "transfer_id")
    for transfer_id, known in state.transfers.items():
        row = headers[(transfer_id,)]
        quantities(row, known, "from_location to_location due cancelled closed")
        of = [state.transfer_lines[(transfer_id, i)] for i in known.line_ids]
        assert (row["in_transit"], row["lost"]) == (
            sum(line.in_transit for line in of),
            sum(line.lost for line in of),
        )
        assert (row["state"] == "in_transit") == (row["in_transit"] > 0)
    assert len({row["state"] for row in headers.values()}) >= 4


def test_holds_are_as_the_writer_knows_them(ledger, days):
    holds = days.books.state.holds
    shown = rows(ledger, "holds", "owner", "line_id")
    assert {key for key, row in shown.items() if row["state"] == "held"} == set(holds)
    parts = Counter()
    for row in ledger.sql("SELECT * FROM hold_parts"):
        parts[(row["owner"], row["line_id"], row["location"])] += row["quantity"]
    assert parts == {
        (*key, part.location): part.quantity for key, hold in holds.items() for part in hold.parts
    }
    for key, hold in holds.items():
        quantities(shown[key], hold, "sku expires_at")
        assert shown[key]["held"] == hold.quantity


def test_returns_are_as_the_writer_knows_them_and_sum_from_their_inspections(ledger, days):
    state = days.books.state
    lines = rows(ledger, "return_lines", "return_id", "line_id")
    for key, known in state.return_lines.items():
        assert (lines[key]["authorised"], lines[key]["received"]) == (
            known.quantity,
            known.received,
        )
    sums: dict[tuple[str, str], Counter[str]] = {key: Counter() for key in lines}
    for row in ledger.sql("SELECT * FROM return_inspections"):
        of = sums[(row["return_id"], row["line_id"])]
        of[row["to_disposition"]] += row["quantity"]
        if row["from_disposition"] is not None:
            of[row["from_disposition"]] -= row["quantity"]
    for key, of in sums.items():
        assert all(lines[key][disposition] == of[disposition] for disposition in of)


def test_each_channel_may_sell_what_the_writer_would_let_it_claim(ledger, days):
    state = days.books.state
    skus = {sku for _, sku in state.stock}
    for channel in CHANNELS:
        found = ledger.read(availability.availability_list, channel).items
        assert [item.sku for item in found] == sorted(skus)
        for item in found:
            assert item.available_to_sell == available_to_sell(state, channel, item.sku)
            one, _ = ledger.read(availability.availability, channel, item.sku)
            assert all(getattr(one, name) == getattr(item, name) for name in item.__struct_fields__)
    view = ledger.sql("SELECT * FROM channel_availability WHERE channel = 'web' ORDER BY sku")
    web = ledger.read(availability.availability_list, "web").items
    assert [[row[n] for n in item.__struct_fields__] for row, item in zip(view, web, strict=True)] == [
        [getattr(item, n) for n in item.__struct_fields__] for item in web
    ]  # fmt: skip


def test_open_exceptions_are_all_that_the_writer_knows_to_stand(ledger, days):
    state = days.books.state
    found = ledger.read(exceptions_view.exception_list, state="open", limit=1000).items
    assert len({item.exception_id for item in found}) == len(found) < 1000
    by_kind: dict[str, list] = {}
    for item in found:
        by_kind.setdefault(item.kind, []).append(item)
    waiting = sum(map(len, state.waiting.values()))
    assert len(by_kind["unlinked"]) == waiting > 0
    standing = Counter(kind for kind, _ in state.exceptions)
    assert {kind: len(by_kind.get(kind, ())) for kind in standing} == dict(standing)
    short = {
        (*key, there.location): there.short
        for key, line in state.lines.items()
        for there in line.allocations
        if there.short
    }
    lines = by_kind.get("short", []) + by_kind.get("paid_short", [])
    assert {(i.order_id, i.line_id, i.location): i.quantity for i in lines} == short
    variances = sum(
        anchor.variance != 0 for key, anchors in state.anchors.items() for anchor in anchors
    )
    assert len(by_kind["variance"]) == variances
    overdue = {key for key, line in state.supply_lines.items() if line.overdue and line.incoming}
    assert len(by_kind.get("supply_overdue", ())) == len(overdue)
    promised = {
        (location, sku): item.shortage
        for (location, sku), item in state.stock.items()
        if item.shortage and item.committed + item.reserved
    }
    shortages = by_kind.get("shortage", [])
    assert {(i.location, i.sku): i.quantity for i in shortages} == promised


def test_every_exception_was_opened_by_its_event_and_ended_after_it(ledger, days):
    found = ledger.read(exceptions_view.exception_list, limit=1000).items
    assert {item.state for item in found} == {"open", "resolved"}
    for item in found:
        assert item.opened_at == days.books.events[item.opened_position - 1].recorded_at
        if item.state == "resolved":
            assert item.resolved_position > item.opened_position
            assert item.resolved_at == days.books.events[item.resolved_position - 1].recorded_at


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


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (exceptions_view.exception_list, ()),
        (supply_reads.supply_list, ()),
        (supply_reads.transfer_list, ()),
        (holds_view.hold_list, ()),
        (availability.availability_list, ("web",)),
    ],
)
def test_a_list_read_page_by_page_is_the_whole_list(ledger, function, args):
    everything = ledger.read(function, *args, limit=1000).items
    some = max(1, len(everything) // 3)
    assert len(everything) > some
    assert all_pages(ledger, function, *args, limit=some) == everything


@pytest.mark.parametrize(
    "bad",
    [token(0, "x", 1, "a"), token(0, "1.5", 1, "a"), token("a"), token(0, "²", 1, "a"), "x"],
)
def test_a_token_that_no_list_of_exceptions_gave_is_refused(ledger, bad):
    with pytest.raises(BadToken, match="use its"):
        ledger.read(exceptions_view.exception_list, after=bad)


def test_paid_but_short_comes_first_then_the_dearest_then_the_newest(ledger):
    found = ledger.read(exceptions_view.exception_list, limit=1000).items
    keys = [
        (item.kind != "paid_short", -(item.amount_minor or 0), -item.opened_position)
        for item in found
    ]
    assert keys == sorted(keys)
