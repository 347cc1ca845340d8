"""What is said about sales, orders and holds must make sense."""

import pytest
from at_the_door import Row, changed, check_row, line

from ledger.examples import example_of

ORDER, SALE, PAY, RETURN = "place_order", "record_sale", "record_payment", "record_return"
HOLD, CHANGE, VOID = "place_hold", "change_order", "void_shipment"
SERVICE = {"line_id": "9", "kind": "service", "sku": "POSTAGE", "quantity": 1}
ROWS: dict[str, Row] = {
    "a sale's order_id": (changed(ORDER, order_id="sale:till3:1"), "order_id", "void_sale"),
    "cancelling a sale": (
        changed("cancel_order", order_id="sale:till3:1"),
        "order_id",
        "void_sale",
    ),
    "fulfilling a sale": (
        line(SALE, fulfils={"order_id": "sale:till3:1", "line_id": "1"}),
        "lines[0].fulfils.order_id",
        "sale:",
    ),
    "until without offset": (
        changed("ready_for_pickup", until="2026-03-08T20:00:00"),
        "until",
        "offset",
    ),
    "shipping nothing": (line("ship_lines", quantity=0), "lines[0].quantity", "from 1"),
    "cancelling nothing": (
        changed("cancel_order", lines=[{"line_id": "1", "quantity": 0}]),
        "lines[0].quantity",
        "from 1",
    ),
    "a payment below nothing": (changed(PAY, amount_minor=-1), "amount_minor", "from 0"),
    "goods with a negative price": (
        line(SALE, unit_price_minor=-1),
        "lines[0].unit_price_minor",
        "service",
    ),
    "a price without currency": (changed(SALE, currency=None), "currency", "lines[0]"),
    "a tax without currency": (
        {**line(ORDER, unit_price_minor=None, tax_minor=1), "currency": None},
        "currency",
        "lines[0]",
    ),
    "a line_id twice": (
        changed(ORDER, lines=example_of(ORDER)["lines"] * 2),
        "lines[2].line_id",
        "twice",
    ),
    "a line_id twice in a void": (
        changed("void_sale", lines=[{"line_id": "1"}, {"line_id": "1"}]),
        "lines[1].line_id",
        "twice",
    ),
    "a line_id twice in a cancellation": (
        changed("cancel_order", lines=[{"line_id": "1"}, {"line_id": "1", "quantity": 1}]),
        "lines[1].line_id",
        "twice",
    ),
    "a paid line twice": (changed(PAY, lines=["1", "1"]), "lines", "different"),
    "a sale of nothing": (changed(SALE, lines=[]), "lines", "at least one"),
    "an order of nothing": (changed(ORDER, lines=[]), "lines", "at least one"),
    "a return of nothing": (changed(RETURN, lines=[]), "lines", "at least one"),
    "a shipment of nothing": (changed("ship_lines", lines=[]), "lines", "at least one"),
    "nothing ready": (changed("ready_for_pickup", lines=[]), "lines", "at least one"),
    "nothing collected": (changed("collect_lines", lines=[]), "lines", "at least one"),
    "goods ordered without saying how": (line(ORDER, how=None), "lines[0].how", "carry_out"),
    "a service shipped": (
        changed(ORDER, lines=[{**SERVICE, "how": "ship"}]),
        "lines[0].how",
        "service",
    ),
    "a service from a location": (
        changed(ORDER, lines=[{**SERVICE, "location": "dc-1"}]),
        "lines[0].location",
        "service",
    ),
    "a service with a lot": (changed(SALE, lines=[{**SERVICE, "lot": "1"}]), "lines[0].lot", ""),
    "a service with a serial number": (
        changed(SALE, lines=[{**SERVICE, "serial": "1"}]),
        "lines[0].serial",
        "service",
    ),
    "a service that fulfils": (
        changed(SALE, lines=[{**SERVICE, "fulfils": {"order_id": "o", "line_id": "1"}}]),
        "lines[0].fulfils",
        "service",
    ),
    "a damaged service": (
        changed(RETURN, lines=[{**SERVICE, "state": "damaged"}]),
        "lines[0].state",
        "service",
    ),
    "a return of a sale and an order": (
        changed(RETURN, order_id="web-5001"),
        "order_id",
        "one of them",
    ),
    "a return of a line of nothing": (
        {**line(RETURN, of_line_id="1"), "sale": None},
        "lines[0].of_line_id",
        "`sale` or `order_id`",
    ),
    "an amount beyond measure": (
        line(SALE, unit_price_minor=10**12 + 1),
        "lines[0].unit_price",
        "",
    ),
    "a tax beyond measure": (line(SALE, tax_minor=-(10**12) - 1), "lines[0].tax_minor", ""),
    "a bad channel of a sale": (
        changed("void_sale", sale={"channel": "-x", "request_id": "1"}),
        "sale.channel",
        "a-z",
    ),
    "a longitude alone": (
        changed(ORDER, ship_to={"region": "DE", "longitude_udeg": 1}),
        "ship_to.latitude_udeg",
        "both",
    ),
    "an unknown way": (line(ORDER, how="drone"), "lines[0].how", "unknown value"),
    "ordered goods with a negative price": (
        line(ORDER, unit_price_minor=-1),
        "lines[0].unit_price_minor",
        "service",
    ),
    "returned goods with a negative price": (
        line(RETURN, unit_price_minor=-1),
        "lines[0].unit_price_minor",
        "service",
    ),
    "a return at a price without currency": (
        changed(RETURN, currency=None),
        "currency",
        "lines[0]",
    ),
    "goods of a line without a name": (line(SALE, line_id=" "), "lines[0].line_id", "space"),
    "a return of a line without a name": (
        line(RETURN, of_line_id=""),
        "lines[0].of_line_id",
        "1 to",
    ),
    "goods of no lot": (line(SALE, lot=""), "lines[0].lot", "characters"),
    "goods of no serial number": (line(SALE, serial=""), "lines[0].serial", "characters"),
    "goods of no bundle": (line(SALE, bundle=""), "lines[0].bundle", "1 to 128"),
    "a payment by nobody": (
        changed(PAY, provider_reference=""),
        "provider_reference",
        "characters",
    ),
    "a hold of nothing": (changed(HOLD, lines=[]), "lines", "at least one"),
    "a hold nowhere": (changed(HOLD, location=None), "location", "`anywhere` true"),
    "a hold nowhere, said twice": (
        {**changed(HOLD, anywhere=False), "location": None},
        "location",
        "`anywhere` true",
    ),
    "a hold here and anywhere": (changed(HOLD, anywhere=True), "anywhere", "one of them"),
    "a hold of a line twice": (
        changed(HOLD, lines=example_of(HOLD)["lines"] * 2),
        "lines[1].line_id",
        "twice",
    ),
    "a hold of nobody": (changed(HOLD, owner=""), "owner", "1 to 128"),
    "a hold of none of a sku": (line(HOLD, quantity=0), "lines[0].quantity", "from 1"),
    "a hold for half a place": (
        changed(HOLD, ship_to={"region": "DE", "latitude_udeg": 1}),
        "ship_to.longitude_udeg",
        "both",
    ),
    "an order that takes the hold of nobody": (
        changed(ORDER, hold_owner=" "),
        "hold_owner",
        "space",
    ),
    "a sale that takes the hold of nobody": (
        changed(SALE, hold_owner=""),
        "hold_owner",
        "1 to 128",
    ),
    "a line extended twice": (changed("extend_hold", line_ids=["1", "1"]), "line_ids", "different"),
    "a line released twice": (
        changed("release_hold", lines=[{"line_id": "1"}, {"line_id": "1", "quantity": 1}]),
        "lines[1].line_id",
        "twice",
    ),
    "a release of less than one": (
        changed("release_hold", lines=[{"line_id": "1", "quantity": 0}]),
        "lines[0].quantity",
        "from 1",
    ),
    "a change of nothing": (changed(CHANGE, add=[]), "add", "`add` or `cut`"),
    "a change of a sale": (changed(CHANGE, order_id="sale:till3:1"), "order_id", "void_sale"),
    "a line added twice": (
        changed(CHANGE, add=example_of(CHANGE)["add"] * 2),
        "add[1].line_id",
        "twice",
    ),
    "a line cut twice": (
        changed(CHANGE, cut=[{"line_id": "1"}, {"line_id": "1"}]),
        "cut[1].line_id",
        "twice",
    ),
    "a line added and cut": (
        changed(CHANGE, cut=[{"line_id": "1"}, {"line_id": "3"}]),
        "cut[1].line_id",
        "new id",
    ),
    "a cut of less than one": (
        changed(CHANGE, cut=[{"line_id": "1", "quantity": 0}]),
        "cut[0].quantity",
        "from 1",
    ),
    "goods added without saying how": (
        changed(CHANGE, add=[{"line_id": "3", "sku": "MUG-RED", "quantity": 1}]),
        "add[0].how",
        "carry_out",
    ),
    "a service added to be shipped": (
        changed(CHANGE, add=[{**SERVICE, "how": "ship"}]),
        "add[0].how",
        "service",
    ),
    "goods added at a negative price": (
        changed(CHANGE, add=[{**example_of(CHANGE)["add"][0], "unit_price_minor": -1}]),
        "add[0].unit_price_minor",
        "service",
    ),
    "11,000 lines added and cut": (
        changed(
            CHANGE,
            add=[{**SERVICE, "line_id": str(n)} for n in range(6_000)],
            cut=[{"line_id": f"old-{n}"} for n in range(5_000)],
        ),
        "cut",
        "11,000 add and cut; at most 10,000",
    ),
    "reassigning nothing": (changed("reassign_line", lines=[]), "lines", "at least one"),
    "reassigning to nowhere": (changed("reassign_line", location=None), "location", "missing"),
    "reassigning a line twice": (
        changed("reassign_line", lines=[{"line_id": "3"}] * 2),
        "lines[1].line_id",
        "twice",
    ),
    "declining nothing": (changed("decline_line", lines=[]), "lines", "at least one"),
    "declining a line twice": (
        changed("decline_line", lines=[{"line_id": "3"}] * 2),
        "lines[1].line_id",
        "twice",
    ),
    "declining for no reason": (changed("decline_line", cause=None), "cause", "missing"),
    "declining for another reason": (
        changed("decline_line", cause="tired"),
        "cause",
        "unknown value",
    ),
    "picking nothing": (changed("pick_lines", lines=[]), "lines", "at least one"),
    "picking a line twice": (
        changed("pick_lines", lines=[{"line_id": "1", "quantity": 1}] * 2),
        "lines[1].line_id",
        "twice",
    ),
    "picking for a sale": (changed("pick_lines", order_id="sale:till3:1"), "order_id", "void_sale"),
    "a voided line twice": (
        changed(VOID, lines=[{"line_id": "1"}, {"line_id": "1"}]),
        "lines[1].line_id",
        "twice",
    ),
    "voiding a shipment of no name": (changed(VOID, shipment_id=""), "shipment_id", "1 to 128"),
    "delivering a line twice": (
        changed("deliver", lines=[{"line_id": "1", "quantity": 1}] * 2),
        "lines[1].line_id",
        "twice",
    ),
    "delivering nothing of a line": (
        changed("deliver", lines=[{"line_id": "1", "quantity": 0}]),
        "lines[0].quantity",
        "from 1",
    ),
    "failing to deliver a line twice": (
        changed("fail_delivery", lines=[{"line_id": "1", "quantity": 1}] * 2),
        "lines[1].line_id",
        "twice",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_is_said_about_orders_makes_sense(name: str) -> None:
    check_row(ROWS[name])
