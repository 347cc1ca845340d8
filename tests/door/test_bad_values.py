"""Values that no request may have, whatever it says."""

import pytest
from at_the_door import Row, changed, check_row, line

ORDER, SALE = "place_order", "record_sale"
ROWS: dict[str, Row] = {
    "an unknown type": (changed(ORDER, type="steal_stock"), "type", "unknown request type"),
    "no type": (changed(ORDER, type=None), "type", "missing"),
    "a type that is no text": (changed(ORDER, type=3), "type", "a text"),
    "an unknown field": (changed(ORDER, colour="red"), "colour", "unknown field"),
    "an unknown field in a line": (line(ORDER, colour="red"), "lines[0].colour", "unknown field"),
    "personal data": (
        changed("register_customer", personal={"name": "Ada"}),
        "personal",
        "sealed with a key per customer",
    ),
    "personal data beside another fault": (
        changed(ORDER, personal={}, order_id=7),
        "personal",
        "opaque customer_id",
    ),
    "no request_id": (changed(ORDER, request_id=None), "request_id", "missing"),
    "a text for a number": (line(ORDER, quantity="1"), "lines[0].quantity", "a whole number"),
    "true for a number": (line(ORDER, quantity=True), "lines[0].quantity", "a whole number"),
    "an object for lines": (changed(ORDER, lines={}), "lines", "a list"),
    "an empty id": (changed(ORDER, order_id=""), "order_id", "1 to 128"),
    "a long id": (changed(ORDER, order_id="x" * 129), "order_id", "1 to 128"),
    "an id with a space before": (line(ORDER, sku=" MUG"), "lines[0].sku", "space"),
    "an id with a space behind": (line(ORDER, sku="MUG "), "lines[0].sku", "space"),
    "an id of one space": (line(ORDER, sku=" "), "lines[0].sku", "space"),
    "an id with a hard space": (line(ORDER, sku="MUG\u00a0RED"), "lines[0].sku", "printable"),
    "an id that turns the text": (line(ORDER, sku="MUG\u202eDER"), "lines[0].sku", "printable"),
    "an id with a hidden character": (line(ORDER, sku="MUG\u200b"), "lines[0].sku", "printable"),
    "a bad request_id": (changed(ORDER, request_id=" w"), "request_id", "printable"),
    "a bad channel": (changed(SALE, channel="Till 3"), "channel", "a-z"),
    "a channel with a newline": (changed(SALE, channel="till\n"), "channel", "a-z"),
    "a long channel": (changed(SALE, channel="t" * 41), "channel", "1 to 40"),
    "the reserved channel": (changed(SALE, channel="onebook"), "channel", "reserved"),
    "a time without offset": (
        changed(SALE, occurred_at="2026-03-01T10:12:05"),
        "occurred_at",
        "offset",
    ),
    "a date": (changed(SALE, occurred_at="2026-03-01"), "occurred_at", "RFC 3339"),
    "a time as a number": (changed(SALE, occurred_at=1772355125), "occurred_at", "a whole number"),
    "a time before the year 1": (
        changed(SALE, occurred_at="0001-01-01T00:00:00+01:00"),
        "occurred_at",
        "years 1 to 9999",
    ),
    "a time after the year 9999": (
        changed(SALE, occurred_at="9999-12-31T23:59:59-01:00"),
        "occurred_at",
        "years 1 to 9999",
    ),
    "a quantity of nothing": (line(SALE, quantity=0), "lines[0].quantity", "from 1"),
    "a quantity below nothing": (line(SALE, quantity=-1), "lines[0].quantity", "from 1"),
    "a quantity beyond measure": (line(SALE, quantity=10**9 + 1), "lines[0].quantity", "from 1"),
    "a small currency": (changed(SALE, currency="eur"), "currency", "three capitals"),
    "a currency with a newline": (changed(SALE, currency="EUR\n"), "currency", "capitals"),
    "11,000 lines": (
        changed("ship_lines", lines=[{"line_id": str(n), "quantity": 1} for n in range(11_000)]),
        "lines",
        "at most 10,000",
    ),
    "a text of spaces": (changed(SALE, tender="  "), "tender", "not only spaces"),
    "a long text": (changed(SALE, tender="x" * 1_001), "tender", "1,000"),
    "what the ledger asks of itself": (
        {
            "type": "deadline_passed",
            "request_id": "hold:cart-1:1:2026-03-01T09:15:00Z",
            "occurred_at": "2026-03-01T09:15:00Z",
            "kind": "hold",
            "id": "cart-1",
            "line_id": "1",
        },
        "type",
        "unknown request type",
    ),
    "the reserved channel of a hold": (
        changed("place_hold", channel="onebook"),
        "channel",
        "reserved",
    ),
    "the reserved channel of an exchange": (
        changed("exchange", channel="onebook"),
        "channel",
        "reserved",
    ),
    "the reserved channel described": (
        changed("describe_channel", channel="onebook"),
        "channel",
        "reserved",
    ),
    "a buffer of the reserved channel": (
        changed("set_channel_buffer", channel="onebook"),
        "channel",
        "reserved",
    ),
    "a hold's end without offset": (
        changed("place_hold", expires_at="2026-03-01T09:15:00"),
        "expires_at",
        "offset",
    ),
    "a later end without offset": (
        changed("extend_hold", expires_at="2026-03-01T09:15:00"),
        "expires_at",
        "offset",
    ),
    "an end before the year 1": (
        changed("place_hold", expires_at="0001-01-01T00:00:00+01:00"),
        "expires_at",
        "years 1 to 9999",
    ),
    "a hold without an end": (changed("place_hold", expires_at=None), "expires_at", "missing"),
    "a day that is a time": (
        changed("expect_supply", due="2026-03-08T12:00:00Z"),
        "due",
        "year-month-day",
    ),
    "a day that no month has": (
        changed("expect_supply", due="2026-02-30"),
        "due",
        "year-month-day",
    ),
    "a day without its zeros": (changed("expect_supply", due="2026-3-8"), "due", "year-month-day"),
    "a day as a number": (
        changed("expect_supply", due=20260308),
        "due",
        "a whole number where a day belongs",
    ),
    "a day in the year 1899": (
        changed("expect_supply", due="1899-12-31"),
        "due",
        "years 1900 to 9998",
    ),
    "a day in the year 9999": (
        changed("request_transfer", due="9999-01-01"),
        "due",
        "years 1900 to 9998",
    ),
    "a supply rescheduled to no day": (changed("reschedule_supply", due=None), "due", "missing"),
}


@pytest.mark.parametrize("name", ROWS)
def test_no_value_is_taken_that_says_nothing(name: str) -> None:
    check_row(ROWS[name])
