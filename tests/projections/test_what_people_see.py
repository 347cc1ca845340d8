"""What people must look at, what a channel may sell, and what is on its way: told as stories."""

from datetime import UTC, date, datetime

import pytest
from asks import (
    buffered,
    counted,
    delivered,
    held,
    held_back,
    line,
    order,
    paid,
    place,
    received,
    served_by,
    shipment_voided,
    shipped,
    sold,
    undelivered,
)
from given import Shop, given
from moving_asks import (
    arrived,
    delivery,
    expected,
    handed_in,
    inspected,
    may_come_back,
    rescheduled,
    sent,
    supply_cancelled,
    transfer,
    transfer_closed,
)
from msgspec.structs import replace

from ledger.domain.events import InputRefused
from projections.attention import exceptions_view
from projections.orders import order_reads
from projections.selling import availability
from projections.stock import movements
from projections.supply import supply_reads

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def seen(ledger, **filters):
    """(kind, quantity) of what people see, in its order, about skus only."""
    found = ledger.read(exceptions_view.exception_list, **filters).items
    return [(item.kind, item.quantity) for item in found if not item.kind.startswith("unknown")]


def priced(sku, quantity, price, location="STORE"):
    return replace(line("1", sku, quantity, location=location), unit_price_minor=price)


def test_what_was_paid_and_is_short_comes_before_what_is_dearer(told):
    ledger = told(
        given(
            received("MUG", "STORE", 2),
            received("SOFA", "STORE", 1),
            order("paid", priced("MUG", 2, 500), currency="EUR"),
            order("unpaid", priced("SOFA", 1, 99_900), currency="EUR"),
            paid("paid"),
            sold("MUG", "STORE", 1),
            sold("SOFA", "STORE", 1),
        )
    )
    found = ledger.read(exceptions_view.exception_list).items
    first, second = found[:2]
    assert (first.kind, first.order_id, first.quantity) == ("paid_short", "paid", 1)
    assert (first.amount_minor, first.currency, first.location) == (500, "EUR", "STORE")
    assert (second.kind, second.order_id, second.amount_minor) == ("short", "unpaid", 99_900)
    assert seen(ledger, kind="shortage") == [("shortage", 1), ("shortage", 1)]


@pytest.mark.parametrize("state", ["authorised", "failed", "refunded"])
def test_a_short_line_whose_payment_was_not_captured_is_only_short(told, state):
    shop = given(
        received("MUG", "STORE", 1),
        order("A", priced("MUG", 1, 500), currency="EUR"),
        paid("A", state),
        sold("MUG", "STORE", 1),
    )
    assert ("short", 1) in seen(told(shop))
    assert seen(told(shop.when(paid("A", "captured"))), kind="paid_short") == [("paid_short", 1)]


def test_a_payment_of_another_line_does_not_make_a_line_paid(told):
    shop = given(
        received("MUG", "STORE", 2),
        order("A", line("1", "MUG"), line("2", "MUG")),
        paid("A", lines=("2",)),
        sold("MUG", "STORE", 2),
    )
    found = told(shop).read(exceptions_view.exception_list).items
    kinds = {item.line_id: item.kind for item in found if item.order_id == "A"}
    assert kinds == {"1": "short", "2": "paid_short"}


def test_a_shortage_is_resolved_when_the_shelf_has_it_again(told):
    shop = given(
        received("MUG", "STORE", 5),
        order("A", line("1", "MUG", 4)),
        sold("MUG", "STORE", 3),
    )
    assert sorted(seen(told(shop))) == [("short", 2), ("shortage", 2)]
    ledger = told(shop.when(received("MUG", "STORE", 9)))
    assert seen(ledger, state="open") == []
    ended = ledger.read(exceptions_view.exception_list, state="resolved").items
    short = {item.kind: item for item in ended if not item.kind.startswith("unknown")}
    assert set(short) == {"short", "shortage"}
    assert short["short"].resolved_at == short["shortage"].resolved_at == shop.clock
    assert short["short"].opened_position < short["short"].resolved_position


def test_a_shelf_below_zero_that_nobody_was_promised_anything_of_is_no_shortage(told):
    assert seen(told(given(sold("MUG", "STORE", 3)))) == []


def test_a_variance_is_seen_until_it_is_revised_to_nothing(told):
    shop = given(
        received("MUG", "STORE", 5, at="09:00"),
        counted("STORE", {"MUG": 3}, at="10:00", name="count-1"),
    )
    ledger = told(shop)
    [variance] = ledger.read(exceptions_view.exception_list, kind="variance").items
    assert (variance.quantity, variance.request_id, variance.location) == (-2, "count-1", "STORE")
    ledger = told(shop.when(sold("MUG", "STORE", 1, at="09:30")))
    assert seen(ledger, kind="variance") == [("variance", -1)]
    ledger = told(shop.when(sold("MUG", "STORE", 1, at="09:40")))
    assert seen(ledger, kind="variance", state="open") == []
    assert seen(ledger, kind="variance", state="resolved") == [("variance", 0)]
    ledger = told(shop.when(sold("MUG", "STORE", 2, at="09:50")))
    assert seen(ledger, kind="variance", state="open") == [("variance", 2)]
    assert seen(ledger, kind="variance", state="resolved") == []


def test_a_counted_loss_is_worth_what_it_cost(told):
    shop = given(received("MUG", "STORE", 5))
    count = counted("STORE", {"MUG": 3}, currency="EUR")
    [counted_line] = count.fields["lines"]
    count = replace(
        count, fields={**count.fields, "lines": (replace(counted_line, unit_cost_minor=310),)}
    )
    [variance] = told(shop.when(count)).read(exceptions_view.exception_list, kind="variance").items
    assert (variance.amount_minor, variance.currency) == (620, "EUR")


def test_overdue_supply_is_seen_until_somebody_says_when_it_comes_or_it_is_there(told):
    shop = given(expected("po-1", {"1": ("MUG", 5)}, due="2026-03-02")).wait_until("3/00:10")
    ledger = told(shop)
    [late] = ledger.read(exceptions_view.exception_list, kind="supply_overdue").items
    assert (late.subject, late.quantity, late.location) == ("supply/po-1", 5, "STORE")
    assert ledger.read(supply_reads.supply, "po-1")[0].state == "overdue"
    ledger = told(shop.when(rescheduled("po-1", "2026-03-09")))
    assert seen(ledger, kind="supply_overdue", state="open") == []
    assert ledger.read(supply_reads.supply, "po-1")[0].due == date(2026, 3, 9)
    ledger = told(shop.wait_until("10/00:10"))
    assert seen(ledger, kind="supply_overdue", state="open") == [("supply_overdue", 5)]
    ledger = told(shop.when(delivery("po-1", {"MUG": 5})))
    assert seen(ledger, kind="supply_overdue", state="open") == []
    assert ledger.read(supply_reads.supply, "po-1")[0].state == "received"


@pytest.mark.parametrize("late", [False, True])
def test_of_two_words_on_a_supply_the_latest_counts_whichever_arrives_first(told, late):
    new = expected("po-1", {"1": ("CUP", 3)}, "DC", due="2026-03-09", at="10:00", arrives="12:00")
    old = expected("po-1", {"1": ("MUG", 5)}, due="2026-03-05", at="09:00", arrives="12:30")
    first, second = (new, old) if late else (old, new)
    found, _ = told(given(first, second)).read(supply_reads.supply, "po-1")
    [said] = found.lines
    assert (said.sku, said.location, said.expected, said.due) == ("CUP", "DC", 3, date(2026, 3, 9))
    assert (found.incoming, found.due) == (3, date(2026, 3, 9))


def test_an_overdue_transfer_is_seen_until_it_is_there_or_closed(told):
    shop = given(
        received("SKU", "DC", 10), place("STORE"), transfer("tr-1", due="2026-03-02"),
        sent("tr-1", {"1": 10}),
    ).wait_until("3/00:10")  # fmt: skip
    ledger = told(shop)
    [late] = ledger.read(exceptions_view.exception_list, kind="transfer_overdue").items
    assert (late.subject, late.quantity, late.location) == ("transfer/tr-1", 10, "STORE")
    assert ledger.read(supply_reads.transfer, "tr-1")[0].overdue
    ledger = told(shop.when(arrived("tr-1", 7, 1)))
    assert seen(ledger, kind="transfer_overdue", state="open") == [("transfer_overdue", 2)]
    ledger = told(shop.when(transfer_closed("tr-1")))
    assert seen(ledger, kind="transfer_overdue", state="open") == []
    found, _ = ledger.read(supply_reads.transfer, "tr-1")
    assert (found.state, found.overdue, found.in_transit, found.lost) == ("closed", False, 0, 2)


def test_an_overdue_backorder_is_seen_with_what_it_is_worth_until_it_is_filled(told):
    shop = given(
        served_by("web", "STORE"),
        expected("po-1", {"1": ("MUG", 5)}, due="2026-03-02"),
        order("A", priced("MUG", 3, 500), currency="EUR", allow_backorder=True),
    ).wait_until("3/00:10")
    ledger = told(shop)
    [late] = ledger.read(exceptions_view.exception_list, kind="backorder_overdue").items
    assert (late.order_id, late.quantity, late.amount_minor) == ("A", 3, 1500)
    assert "2026-03-02" in late.detail
    ledger = told(shop.when(delivery("po-1", {"MUG": 5})))
    assert seen(ledger, kind="backorder_overdue", state="open") == []
    assert seen(ledger, kind="backorder_overdue", state="resolved") == [("backorder_overdue", 0)]
    order_, _ = ledger.read(order_reads.order, "A")
    assert (order_.lines[0].backordered, order_.lines[0].committed) == (0, 3)


def test_refused_input_is_seen_and_where_its_letter_is(told):
    shop = given(received("MUG", "STORE", 1))
    refused = InputRefused(
        "web", "r-1", AT, AT, "requests.web", 7, -1, "00" * 32, "malformed", "no quantity"
    )
    shop.books.events.append(refused)
    found = told(shop).read(exceptions_view.exception_list, kind="input_refused").items
    assert [(item.detail, item.subject) for item in found] == [
        ("malformed: no quantity", "input/requests.web/7/-1")
    ]


def test_a_fact_that_waits_is_seen_until_what_it_names_appears(told):
    shop = given(received("MUG", "STORE", 5), shipped("A"))
    assert ("unlinked", None) in seen(told(shop), state="open")
    ledger = told(shop.when(order("A", line("1", "MUG"))))
    assert ("unlinked", None) not in seen(ledger, state="open")
    assert seen(ledger, kind="unlinked", state="resolved") == [("unlinked", None)]


def test_exceptions_can_be_listed_by_location(told):
    shop = given(
        received("MUG", "STORE", 1),
        received("MUG", "DC", 1),
        order("A", line("1", "MUG", location="DC")),
        sold("MUG", "DC", 1),
        sold("MUG", "STORE", 1),
    )
    ledger = told(shop)
    at_dc = ledger.read(exceptions_view.exception_list, location="DC").items
    assert {item.kind for item in at_dc} == {"short", "shortage", "unknown_location"}
    assert {item.location for item in at_dc} == {"DC"}
    assert not {"short", "shortage"} & {kind for kind, _ in seen(ledger, location="STORE")}


def may_sell(ledger, channel="web", day=None, sku="MUG"):
    found, _ = ledger.read(availability.availability, channel, sku, day=day)
    return found.available_to_sell, found.available_to_order


def test_a_channel_may_sell_what_its_locations_have_less_its_buffer_and_at_most_its_cap(told):
    shop = given(
        served_by("web", "STORE", "DC"),
        received("MUG", "STORE", 10),
        received("MUG", "DC", 4),
        received("MUG", "FAR", 100),
        held_back("MUG", "STORE", 12),
    )
    assert may_sell(told(shop)) == (4, 4)
    assert may_sell(told(shop), "app") == (104, 104)
    assert may_sell(told(shop.when(buffered("web", "MUG", 1)))) == (3, 3)
    assert may_sell(told(shop.when(buffered("web", "MUG", 1, cap=2)))) == (2, 2)
    assert may_sell(told(shop.when(buffered("web", "MUG", 9, cap=2)))) == (0, 0)
    assert may_sell(told(shop.when(buffered("web", "MUG", 0), place("DC", active=False)))) == (0, 0)


def test_what_may_be_ordered_counts_what_is_due_by_then_at_these_locations(told):
    shop = given(
        place("STORE"),
        served_by("web", "STORE"),
        received("MUG", "STORE", 1),
        expected("po-1", {"1": ("MUG", 5)}, due="2026-03-05"),
        expected("po-2", {"1": ("MUG", 7)}),
        expected("po-3", {"1": ("MUG", 90)}, "FAR", due="2026-03-05"),
        received("MUG", "FAR", 20),
        transfer("tr-1", {"1": ("MUG", 11)}, ("FAR", "STORE"), due="2026-03-06"),
        sent("tr-1", {"1": 11}),
    )
    ledger = told(shop)
    assert may_sell(ledger, day=date(2026, 3, 4)) == (1, 1)
    assert may_sell(ledger, day=date(2026, 3, 5)) == (1, 6)
    assert may_sell(ledger, day=date(2026, 3, 6)) == (1, 17)
    assert may_sell(ledger) == (1, 24)
    found, _ = ledger.read(availability.availability, "web", "MUG")
    assert [(c.due, c.quantity, c.by, c.source_id) for c in found.coming] == [
        (date(2026, 3, 5), 5, "supply", "po-1"),
        (date(2026, 3, 6), 11, "transfer", "tr-1"),
        (None, 7, "supply", "po-2"),
    ]


def test_overdue_supply_is_not_counted_on_until_it_is_rescheduled(told):
    shop = given(
        served_by("web", "STORE"),
        received("MUG", "STORE", 1),
        expected("po-1", {"1": ("MUG", 5)}, due="2026-03-02"),
    )
    assert may_sell(told(shop)) == (1, 6)
    assert may_sell(told(shop.wait_until("3/00:10"))) == (1, 1)
    assert may_sell(told(shop.when(rescheduled("po-1", "2026-03-09")))) == (1, 6)
    assert may_sell(told(shop.when(supply_cancelled("po-1")))) == (1, 1)


def test_what_may_be_ordered_is_less_what_others_wait_for_and_what_is_short(told):
    shop = given(
        served_by("web", "STORE", "DC"),
        expected("po-1", {"1": ("MUG", 9)}, due="2026-03-05"),
        order("A", line("1", "MUG", 2), allow_backorder=True),
    )
    assert may_sell(told(shop)) == (0, 7)
    shop.when(
        received("MUG", "DC", 3),
        order("B", line("1", "MUG", 3, location="DC")),
        sold("MUG", "DC", 1),
    )
    assert may_sell(told(shop)) == (0, 6)


def test_a_sku_that_nothing_was_ever_heard_of_has_no_availability(told):
    ledger = told(given(received("MUG", "STORE", 1)))
    assert ledger.read(availability.availability, "web", "CUP") == (None, ledger.written)


def test_an_order_tells_its_shipments_and_what_became_of_them(told):
    shop = given(
        received("MUG", "STORE", 9),
        order("A", line("1", "MUG", 5)),
        shipped("A", {"1": 2}, shipment_id="s-1", carrier="dhl", tracking_number="JD01"),
        shipped("A", {"1": 3}, shipment_id="s-2"),
        shipment_voided("A", {"1": 1}, shipment_id="s-2"),
        delivered("A", {"1": 2}, "s-1"),
        undelivered("A", "s-2"),
    )
    order_, _ = told(shop).read(order_reads.order, "A")
    parts = [
        (p.shipment_id, p.carrier, p.shipped, p.voided, p.delivered, p.failed)
        for p in order_.shipments
    ]
    assert parts == [("s-1", "dhl", 2, 0, 2, 0), ("s-2", None, 3, 1, 0, 2)]
    [there] = order_.lines[0].allocations
    assert (there.location, there.left, there.committed) == ("STORE", 4, 1)
    assert (order_.lines[0].delivered, order_.lines[0].shipped) == (2, 4)


def test_a_sale_that_fulfils_an_order_takes_its_promise_along(told):
    shop = given(
        received("MUG", "STORE", 9),
        order("A", line("1", "MUG", 3)),
        sold("MUG", "STORE", 2, fulfils=("A", "1"), name="s-1"),
    )
    ledger = told(shop)
    [line_] = ledger.read(order_reads.order, "A")[0].lines
    [there] = line_.allocations
    assert (line_.collected, line_.committed, there.committed, there.left) == (2, 1, 1, 2)
    [line_] = ledger.read(order_reads.order, "sale:till:s-1")[0].lines
    assert (line_.fulfils_order_id, line_.fulfils_line_id, line_.allocations) == ("A", "1", ())


def test_an_order_tells_why_it_is_served_from_there_and_who_came_second(told):
    shop = given(
        served_by("web", "STORE", "DC", "FAR"),
        received("MUG", "STORE", 5),
        received("MUG", "DC", 5),
        received("CUP", "DC", 5),
        order("A", line("1", "MUG", 1, location=None), line("2", "CUP", 1, location=None)),
    )
    order_, _ = told(shop).read(order_reads.order, "A")
    assert {chosen.location for chosen in order_.sourcing} == {"DC"}
    assert [chosen.line_id for chosen in order_.sourcing] == ["1", "2"]
    assert {chosen.rule for chosen in order_.sourcing} <= {"fewest_parcels", "only"}
    assert [a.location for line_ in order_.lines for a in line_.allocations] == ["DC", "DC"]


def test_a_refund_tells_the_lines_that_it_named(told):
    shop = given(
        received("MUG", "STORE", 9),
        order("A", line("1", "MUG"), line("2", "MUG")),
        paid("A"),
        paid("A", "refunded", lines=("2",)),
    )
    order_, _ = told(shop).read(order_reads.order, "A")
    [refund] = order_.refunds
    assert (refund.payment_id, refund.amount_minor, refund.lines) == ("payment of A", 990, ("2",))


def test_the_stock_card_tells_transfers_returns_and_voided_shipments(told):
    shop = given(
        place("STORE"),
        received("SKU", "DC", 10),
        transfer("tr-1"),
        sent("tr-1", {"1": 6}),
        arrived("tr-1", 4, 1, 1),
        order("A"),
        shipped("A", shipment_id="s-1"),
        shipment_voided("A", shipment_id="s-1"),
        shipped("A", shipment_id="s-2"),
        may_come_back("r-1", order_id="A"),
        handed_in("r-1"),
        inspected("r-1", 1, "scrap"),
    )
    card = told(shop).read(movements.for_sku, "SKU").items
    said = [(m.type, m.location, m.quantity, m.on_hand) for m in reversed(card)]
    assert said == [
        ("stock_received", "DC", 10, 10),
        ("stock_sent", "DC", -6, 4),
        ("stock_arrived", "STORE", 5, 5),
        ("stock_shipped", "STORE", -1, 4),
        ("stock_shipment_voided", "STORE", 1, 5),
        ("stock_shipped", "STORE", -1, 4),
        ("stock_returned", "STORE", 1, 5),
        ("stock_written_out", "STORE", -1, 4),
    ]
    by_type = {movement.type: movement for movement in card}
    assert by_type["stock_sent"].transfer_id == by_type["stock_arrived"].transfer_id == "tr-1"
    assert by_type["stock_arrived"].damaged == 1
    assert by_type["stock_shipment_voided"].shipment_id == "s-1"
    assert by_type["stock_returned"].return_id == "r-1"
    assert (by_type["stock_written_out"].reason, by_type["stock_written_out"].return_id) == (
        "scrap",
        "r-1",
    )


def conserved(ledger):
    [report] = ledger.verify("inventory")
    return report.conservation


@pytest.mark.parametrize("closed", [False, True])
def test_stock_on_its_way_and_stock_that_was_lost_is_conserved(told, closed):
    shop: Shop = given(
        place("STORE"),
        received("SKU", "DC", 10),
        transfer("tr-1", {"1": ("SKU", 8)}),
        sent("tr-1", {"1": 8}),
        arrived("tr-1", 3, 1, 1),
    )
    if closed:
        shop.when(transfer_closed("tr-1"))
    assert conserved(told(shop)).broken == ()


def test_goods_that_vanish_on_their_way_break_conservation(told):
    shop = given(place("STORE"), received("SKU", "DC", 10), transfer("tr-1"))
    shop.when(sent("tr-1", {"1": 8}), arrived("tr-1", 3, 0, 1))
    ledger = told(shop)
    ledger.sql("UPDATE inventory SET on_hand = on_hand - 1 WHERE location = 'STORE'")
    [broken] = conserved(ledger).broken
    assert (broken.on_hand, broken.in_transit, broken.expected) == (4, 4, 9)
    assert broken.terms == {"received": 10, "lost_in_transfer": -1}


def test_goods_that_are_shown_on_their_way_after_they_were_lost_break_conservation(told):
    shop = given(place("STORE"), received("SKU", "DC", 10), transfer("tr-1"))
    ledger = told(shop.when(sent("tr-1", {"1": 8}), arrived("tr-1", 3), transfer_closed("tr-1")))
    ledger.sql("UPDATE transfer_lines SET in_transit = 5")
    [broken] = conserved(ledger).broken
    assert (broken.on_hand, broken.in_transit, broken.expected) == (5, 5, 5)
    assert broken.terms == {"received": 10, "lost_in_transfer": -5}


def test_stock_is_conserved_also_while_the_view_of_transfers_is_behind(told):
    shop = given(place("STORE"), received("SKU", "DC", 10), transfer("tr-1"))
    ledger = told(shop)
    ledger.tell(shop.when(sent("tr-1", {"1": 8}), arrived("tr-1", 3)))
    ledger.project(names=["inventory"])
    assert conserved(ledger).broken == ()


def test_a_hold_that_the_shelf_cannot_keep_is_a_shortage_that_resolved_itself(told):
    shop = given(
        received("MUG", "STORE", 2), held("cart", ("1", "MUG", 2)), sold("MUG", "STORE", 1)
    )
    ledger = told(shop)
    assert seen(ledger, kind="shortage", state="open") == []
    assert seen(ledger, kind="shortage", state="resolved") == [("shortage", 0)]
