"""What is said about authorised returns and exchanges must make sense."""

import pytest
from at_the_door import Row, changed, check_row, line

from ledger.examples import example_of

AUTHORISE, RECEIVE, INSPECT = "authorise_return", "receive_return", "inspect_return"
EXCHANGE = "exchange"
SALE = {"channel": "till3", "request_id": "till3-000981"}
SERVICE = {"line_id": "9", "kind": "service", "sku": "POSTAGE", "quantity": 1}
ROWS: dict[str, Row] = {
    "a return of nothing": (changed(AUTHORISE, lines=[]), "lines", "at least one"),
    "a return from nowhere": (
        changed(AUTHORISE, order_id=None),
        "order_id",
        "neither `sale` nor `order_id`",
    ),
    "a return from a sale and an order": (
        changed(AUTHORISE, sale=SALE),
        "order_id",
        "both `sale` and `order_id`",
    ),
    "a return from a sale by its order's id": (
        changed(AUTHORISE, order_id="sale:till3:1"),
        "order_id",
        "`sale` to return",
    ),
    "a return with a bad id": (changed(AUTHORISE, return_id="r\n"), "return_id", "printable"),
    "a line returned twice": (
        changed(AUTHORISE, lines=[{"line_id": "2", "quantity": 1}] * 2),
        "lines[1].line_id",
        "twice",
    ),
    "a return of none of a line": (line(AUTHORISE, quantity=0), "lines[0].quantity", "from 1"),
    "a return for an empty reason": (line(AUTHORISE, reason=""), "lines[0].reason", "characters"),
    "receiving nothing": (changed(RECEIVE, lines=[]), "lines", "at least one"),
    "receiving a line twice": (
        changed(RECEIVE, lines=example_of(RECEIVE)["lines"] * 2),
        "lines[1].line_id",
        "twice",
    ),
    "receiving nowhere": (changed(RECEIVE, location=None), "location", "missing"),
    "receiving goods of no sku": (line(RECEIVE, sku=None), "lines[0].sku", "missing"),
    "a disposition that is none": (
        line(RECEIVE, disposition="sell"),
        "lines[0].disposition",
        "unknown value",
    ),
    "inspecting nothing": (changed(INSPECT, lines=[]), "lines", "at least one"),
    "inspecting a line twice": (
        changed(INSPECT, lines=example_of(INSPECT)["lines"] * 2),
        "lines[1].line_id",
        "twice",
    ),
    "an inspection that decides nothing": (
        line(INSPECT, to="quality_control"),
        "lines[0].to",
        "something else",
    ),
    "an inspection that decides nothing, unsaid": (
        line(INSPECT, to="quality_control", **{"from": None}),
        "lines[0].to",
        "left out",
    ),
    "an inspection without an end": (line(INSPECT, to=None), "lines[0].to", "missing"),
    "an inspection from nowhere": (
        line(INSPECT, **{"from": "shelf"}),
        "lines[0].from",
        "unknown value",
    ),
    "an exchange of nothing": (changed(EXCHANGE, returned=[]), "returned", "at least one"),
    "an exchange for nothing": (changed(EXCHANGE, lines=[]), "lines", "at least one"),
    "an exchange of a line twice": (
        changed(EXCHANGE, returned=[{"line_id": "1", "quantity": 1}] * 2),
        "returned[1].line_id",
        "twice",
    ),
    "an exchange for a line twice": (
        changed(EXCHANGE, lines=example_of(EXCHANGE)["lines"] * 2),
        "lines[1].line_id",
        "twice",
    ),
    "an exchange of what nobody bought": (
        changed(EXCHANGE, of_sale=None),
        "of_order_id",
        "neither",
    ),
    "an exchange of a sale and an order": (
        changed(EXCHANGE, of_order_id="web-5001"),
        "of_order_id",
        "both",
    ),
    "an exchange of a sale by its order's id": (
        changed(EXCHANGE, of_sale=None, of_order_id="sale:till3:1"),
        "of_order_id",
        "`sale` to return",
    ),
    "an exchange for a sale": (changed(EXCHANGE, order_id="sale:till3:1"), "order_id", "void_sale"),
    "an exchange of a sale without its sender": (
        changed(EXCHANGE, of_sale={"request_id": "1"}),
        "of_sale.channel",
        "missing",
    ),
    "an exchange of a sale of a bad sender": (
        changed(EXCHANGE, of_sale={"channel": "Till 3", "request_id": "1"}),
        "of_sale.channel",
        "a-z",
    ),
    "goods of an exchange without saying how": (
        line(EXCHANGE, how=None),
        "lines[0].how",
        "carry_out",
    ),
    "a service of an exchange shipped": (
        changed(EXCHANGE, lines=[{**SERVICE, "how": "ship"}]),
        "lines[0].how",
        "service",
    ),
    "goods of an exchange at a negative price": (
        line(EXCHANGE, unit_price_minor=-1),
        "lines[0].unit_price_minor",
        "service",
    ),
    "an exchange at a price without currency": (
        changed(EXCHANGE, currency=None),
        "currency",
        "lines[0]",
    ),
    "an exchange sent to half a place": (
        changed(EXCHANGE, ship_to={"region": "DE", "longitude_udeg": 1}),
        "ship_to.latitude_udeg",
        "both",
    ),
    "11,000 lines exchanged": (
        changed(
            EXCHANGE,
            returned=[{"line_id": str(n), "quantity": 1} for n in range(10_000)],
            lines=[{**SERVICE, "line_id": str(n)} for n in range(1_000)],
        ),
        "lines",
        "11,000 returned and lines; at most 10,000",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_is_said_about_returns_makes_sense(name: str) -> None:
    check_row(ROWS[name])
