"""What is said about stock, supply and transfers must make sense."""

import pytest
from at_the_door import Row, changed, check_row, line

from ledger.examples import example_of

ADJUST, COUNT = "adjust_stock", "count_stock"
SUPPLY, TRANSFER, ARRIVED = "expect_supply", "request_transfer", "receive_transfer"
ROWS: dict[str, Row] = {
    "an adjustment by nothing": (line(ADJUST, quantity=0), "lines[0].quantity", "not 0"),
    "an adjustment beyond measure": (line(ADJUST, quantity=-(10**9) - 1), "lines[0].quantity", ""),
    "a count below nothing": (line(COUNT, quantity=-1), "lines[0].quantity", "from 0"),
    "safety stock below nothing": (
        line("set_safety_stock", quantity=-1),
        "lines[0].quantity",
        "from 0",
    ),
    "a cost below nothing": (
        line("receive_stock", unit_cost_minor=-1),
        "lines[0].unit_cost_minor",
        "from 0",
    ),
    "a cost without currency": (changed("receive_stock", currency=None), "currency", "lines[0]"),
    "a counted cost without currency": (line(COUNT, unit_cost_minor=1), "currency", "lines[0]"),
    "a receipt of nothing": (changed("receive_stock", lines=[]), "lines", "at least one"),
    "an adjustment of nothing": (changed(ADJUST, lines=[]), "lines", "at least one"),
    "a move of nothing": (changed("move_stock", lines=[]), "lines", "at least one"),
    "safety stock of nothing": (changed("set_safety_stock", lines=[]), "lines", "at least one"),
    "a named count of nothing": (changed(COUNT, lines=[]), "lines", "at least one"),
    "a sku counted twice": (
        changed(COUNT, lines=[{"sku": "A", "quantity": 1}, {"sku": "A", "quantity": 2}]),
        "lines[1].sku",
        "twice",
    ),
    "damaged counted without the whole": (
        changed(COUNT, scope="location", lines=[{"sku": "A", "quantity": 1, "state": "damaged"}]),
        "lines[0].sku",
        "on_hand",
    ),
    "safety stock of a sku twice": (
        changed(
            "set_safety_stock", lines=[{"sku": "A", "quantity": 1}, {"sku": "A", "quantity": 2}]
        ),
        "lines[1].sku",
        "twice",
    ),
    "a move to where it was": (line("move_stock", to="available"), "lines[0].to", "changes"),
    "a move from a state that is none": (
        line("move_stock", **{"from": "on_hand"}),
        "lines[0].from",
        "unknown value",
    ),
    "an adjustment without a reason": (changed(ADJUST, reason=None), "reason", "why"),
    "an empty reason": (changed(ADJUST, reason=""), "reason", "characters"),
    "an adjusted cost without currency": (
        line(ADJUST, unit_cost_minor=1),
        "currency",
        "lines[0]",
    ),
    "a buffer of nothing": (changed("set_channel_buffer", lines=[]), "lines", "at least one"),
    "a buffer below nothing": (
        line("set_channel_buffer", quantity=-1),
        "lines[0].quantity",
        "from 0",
    ),
    "a cap below nothing": (line("set_channel_buffer", cap=-1), "lines[0].cap", "from 0"),
    "a buffer of a sku twice": (
        changed(
            "set_channel_buffer", lines=[{"sku": "A", "quantity": 1}, {"sku": "A", "quantity": 2}]
        ),
        "lines[1].sku",
        "twice",
    ),
    "a supply of nothing": (changed(SUPPLY, lines=[]), "lines", "at least one"),
    "a supply with a bad id": (changed(SUPPLY, supply_id=" po"), "supply_id", "printable"),
    "an expected line twice": (
        changed(SUPPLY, lines=example_of(SUPPLY)["lines"] * 2),
        "lines[2].line_id",
        "twice",
    ),
    "an expected quantity of nothing": (line(SUPPLY, quantity=0), "lines[0].quantity", "from 1"),
    "an expected cost below nothing": (
        line(SUPPLY, unit_cost_minor=-1),
        "lines[0].unit_cost_minor",
        "from 0",
    ),
    "an expected cost without currency": (changed(SUPPLY, currency=None), "currency", "lines[0]"),
    "a line rescheduled twice": (
        changed("reschedule_supply", line_ids=["1", "1"]),
        "line_ids",
        "different",
    ),
    "a line cancelled twice": (
        changed("cancel_supply", line_ids=["2", "2"]),
        "line_ids",
        "different",
    ),
    "a line of no name cancelled": (
        changed("cancel_supply", line_ids=[""]),
        "line_ids",
        "1 to 128",
    ),
    "a line that is no text cancelled": (
        changed("cancel_supply", line_ids=[1]),
        "line_ids",
        "a text",
    ),
    "a transfer of nothing": (changed(TRANSFER, lines=[]), "lines", "at least one"),
    "a transfer to where it is": (changed(TRANSFER, to="dc-1"), "to", "another location"),
    "a transfer to nowhere": (changed(TRANSFER, to=None), "to", "missing"),
    "a transfer from a place with a bad name": (
        changed(TRANSFER, **{"from": "dc\t1"}),
        "from",
        "printable",
    ),
    "a transfer to a place with a bad name": (changed(TRANSFER, to=""), "to", "1 to 128"),
    "a transfer with a bad id": (changed(TRANSFER, transfer_id=".."), "transfer_id", "address"),
    "a line transferred twice": (
        changed(TRANSFER, lines=example_of(TRANSFER)["lines"] * 2),
        "lines[1].line_id",
        "twice",
    ),
    "shipping none of a transfer": (changed("ship_transfer", lines=[]), "lines", "at least one"),
    "shipping a line of a transfer twice": (
        changed("ship_transfer", lines=[{"line_id": "1", "quantity": 1}] * 2),
        "lines[1].line_id",
        "twice",
    ),
    "a receipt of no line": (changed(ARRIVED, lines=[]), "lines", "at least one"),
    "a line that says nothing arrived": (
        changed(ARRIVED, lines=[{"line_id": "1", "accepted": 1}, {"line_id": "2", "accepted": 0}]),
        "lines[1].accepted",
        "at least one of them above 0",
    ),
    "fewer than nothing accepted": (line(ARRIVED, accepted=-1), "lines[0].accepted", "from 0"),
    "fewer than nothing damaged": (line(ARRIVED, damaged=-1), "lines[0].damaged", "from 0"),
    "fewer than nothing missing": (line(ARRIVED, missing=-1), "lines[0].missing", "from 0"),
    "more missing than there can be": (
        line(ARRIVED, missing=10**9 + 1),
        "lines[0].missing",
        "1,000,000,000",
    ),
    "a line received twice": (
        changed(ARRIVED, lines=[{"line_id": "1", "accepted": 1}] * 2),
        "lines[1].line_id",
        "twice",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_is_said_about_stock_makes_sense(name: str) -> None:
    check_row(ROWS[name])
