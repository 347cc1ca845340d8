"""What the door refuses, a row each: the bytes, where it says the fault is, a word of what it says."""

import json

import pytest

from ledger.door import MAX_REQUEST_BYTES, Malformed, channel_id, read_request
from ledger.examples import example_of


def changed(kind, **values):
    """The example of this type with other values at its top; None takes a field away."""
    request = {**example_of(kind), **values}
    return {name: value for name, value in request.items() if value is not None}


def line(kind, **values):
    """The example with other values in its first line; None takes a field away."""
    first, *others = example_of(kind)["lines"]
    first = {name: value for name, value in {**first, **values}.items() if value is not None}
    return changed(kind, lines=[first, *others])


def raw(request):
    return json.dumps(request, ensure_ascii=False).encode()


def spliced(kind, old, new):
    """The bytes of the example with one piece replaced, to say what no object can."""
    text = json.dumps(example_of(kind), ensure_ascii=False)
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1).encode()


SALE, ORDER, COUNT = "record_sale", "place_order", "count_stock"
PAY, RETURN, ADJUST = "record_payment", "record_return", "adjust_stock"
SERVICE = {"line_id": "9", "kind": "service", "sku": "POSTAGE", "quantity": 1}
DEEP = 2_000

BYTES = {
    "nothing": (b"", "", "empty"),
    "only spaces": (b"  \n", "", "empty"),
    "not JSON": (b"hello", "", "not valid JSON"),
    "half a request": (b'{"type":"place_order","request_id":"w', "", "not valid JSON"),
    "a list": (b"[]", "", "a list where an object belongs"),
    "a number": (b"7", "", "a whole number where an object belongs"),
    "something after the end": (raw(example_of(ORDER)) + b" {}", "", "trailing"),
    "a byte order mark": (b"\xef\xbb\xbf" + raw(example_of(ORDER)), "", "byte order mark"),
    "UTF-16": (raw(example_of(ORDER)).decode().encode("utf-16"), "", "not valid JSON"),
    "Latin-1": (spliced(ORDER, "MUG-RED", "GRÜN").decode().encode("latin-1"), "", "UTF-8"),
    "NaN": (spliced(ORDER, '"quantity": 1', '"quantity": NaN'), "", "not valid JSON"),
    "Infinity": (spliced(ORDER, '"quantity": 1', '"quantity": Infinity'), "", "not valid JSON"),
    "a float": (spliced(ORDER, '"quantity": 1', '"quantity": 1.5'), "lines[0].quantity", "whole"),
    "1.0": (spliced(ORDER, '"quantity": 1', '"quantity": 1.0'), "lines[0].quantity", "whole"),
    "1e3": (spliced(ORDER, '"quantity": 1', '"quantity": 1e3'), "lines[0].quantity", "whole"),
    "-0.0": (spliced(ORDER, '"quantity": 1', '"quantity": -0.0'), "lines[0].quantity", "whole"),
    "a raw NUL": (spliced(ORDER, "MUG-RED", "MUG\x00RED"), "", "not valid JSON"),
    "an escaped NUL": (spliced(ORDER, "MUG-RED", "MUG\\u0000"), "lines[0].sku", "printable"),
    "an escaped newline": (spliced(SALE, '"card"', '"ca\\nrd"'), "tender", "control"),
    "DEL": (spliced(SALE, '"card"', '"ca\x7frd"'), "tender", "control"),
    "an escaped DEL": (spliced(SALE, '"card"', '"ca\\u007Frd"'), "tender", "control"),
    "a C1 character": (spliced(SALE, '"card"', '"ca\x85rd"'), "tender", "control"),
    "an escaped C1 character": (spliced(SALE, '"card"', '"ca\\u009frd"'), "tender", "control"),
    "a control character in an attribute": (
        spliced("describe_product", '"red"', '"r\\ted"'),
        "attributes",
        "without control characters",
    ),
    "a control character in an attribute's name": (
        spliced("describe_product", '"colour"', '"col\\u0007our"'),
        "attributes",
        "printable",
    ),
    "a lone surrogate": (spliced(ORDER, "MUG-RED", "MUG\\ud800x"), "", "not valid JSON"),
    "a lone low surrogate": (spliced(ORDER, "MUG-RED", "MUG\\udc00"), "", "not valid JSON"),
    "a surrogate in UTF-8": (
        raw(example_of(ORDER)).replace(b"MUG-RED", b"MUG\xed\xa0\x80"),
        "",
        "UTF-8",
    ),
    "a 30-digit whole number": (
        spliced(ORDER, '"quantity": 1', f'"quantity": {"9" * 30}'),
        "lines[0].quantity",
        "from 1 to 1,000,000,000",
    ),
    "a 9,000-digit whole number": (
        spliced(ORDER, '"quantity": 1', f'"quantity": {"9" * 9_000}'),
        "lines[0].quantity",
        "",
    ),
    "more than 2 to the 53": (
        spliced(PAY, '"amount_minor": 1980', f'"amount_minor": {2**53 + 1}'),
        "amount_minor",
        "1,000,000,000,000",
    ),
    "deep lists": (b"[" * DEEP + b"]" * DEEP, "", ""),
    "deep objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "", ""),
    "depth before the type": (
        b'{"x":' + b"[" * DEEP + b"]" * DEEP + b',"type":"place_order"}',
        "",
        "nested too deeply",
    ),
    "depth in an attribute": (
        spliced("describe_product", '"red"', "[" * DEEP + "]" * DEEP),
        "",
        "",
    ),
    "a duplicate key": (
        spliced(ORDER, '"order_id"', '"order_id": "other", "order_id"'),
        "order_id",
        "twice",
    ),
    "a duplicate key with the same value": (
        spliced(ORDER, '"customer_id"', '"customer_id": "c-1", "customer_id"'),
        "customer_id",
        "twice",
    ),
    "a duplicate key in a line": (
        spliced(ORDER, '"quantity": 1', '"quantity": 1, "quantity": 2'),
        "lines[0].quantity",
        "twice",
    ),
    "a duplicate attribute": (
        spliced("describe_product", '"colour"', '"volume": "1 l", "colour"'),
        "attributes.volume",
        "twice",
    ),
    "a duplicate attribute, escaped": (
        spliced("describe_product", '"colour"', '"vol\\u0075me": "1 l", "colour"'),
        "attributes.volume",
        "twice",
    ),
    "a duplicate type": (
        spliced(ORDER, '"type"', '"type": "place_order", "type"'),
        "type",
        "twice",
    ),
    "a duplicate key beside a time with its colon missing": (
        raw(changed(ORDER, occurred_at="2026-03-01T11:00:00+0100")).replace(
            b'"customer_id"', b'"customer_id": "x", "customer_id"'
        ),
        "customer_id",
        "twice",
    ),
    "a duplicate key beside commas in texts": (
        spliced(SALE, '"tender": "card"', '"tender": ",", "tender": "a\\u002c\\u002Cb"'),
        "tender",
        "twice",
    ),
    "a duplicate key that repeats a default": (
        spliced(SALE, '"line_id"', '"kind": "goods", "kind": "goods", "line_id"'),
        "lines[0].kind",
        "twice",
    ),
    "more than 4 MiB": (b" " * MAX_REQUEST_BYTES + raw(example_of(ORDER)), "", "4,194,304"),
}

VALUES = {
    "an unknown type": (changed(ORDER, type="steal_stock"), "type", "unknown request type"),
    "a type of a later release": (changed(ORDER, type="place_hold"), "type", "unknown request"),
    "no type": (changed(ORDER, type=None), "type", "missing"),
    "a type that is no text": (changed(ORDER, type=3), "type", "a text"),
    "an unknown field": (changed(ORDER, colour="red"), "colour", "unknown field"),
    "an unknown field in a line": (line(ORDER, colour="red"), "lines[0].colour", "unknown field"),
    "a field of a later release": (changed(ORDER, allow_split=True), "allow_split", "unknown"),
    "a hold's owner": (changed(SALE, hold_owner="cart-1"), "hold_owner", "unknown field"),
    "backorders": (changed(ORDER, allow_backorder=False), "allow_backorder", "unknown field"),
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
    "an unknown way": (line(ORDER, how="drone"), "lines[0].how", "unknown value"),
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
    "a bad channel of a sale": (
        changed("void_sale", sale={"channel": "-x", "request_id": "1"}),
        "sale.channel",
        "a-z",
    ),
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
    "until without offset": (
        changed("ready_for_pickup", until="2026-03-08T20:00:00"),
        "until",
        "offset",
    ),
    "a quantity of nothing": (line(SALE, quantity=0), "lines[0].quantity", "from 1"),
    "a quantity below nothing": (line(SALE, quantity=-1), "lines[0].quantity", "from 1"),
    "a quantity beyond measure": (line(SALE, quantity=10**9 + 1), "lines[0].quantity", "from 1"),
    "shipping nothing": (line("ship_lines", quantity=0), "lines[0].quantity", "from 1"),
    "cancelling nothing": (
        changed("cancel_order", lines=[{"line_id": "1", "quantity": 0}]),
        "lines[0].quantity",
        "from 1",
    ),
    "an adjustment by nothing": (line(ADJUST, quantity=0), "lines[0].quantity", "not 0"),
    "an adjustment beyond measure": (line(ADJUST, quantity=-(10**9) - 1), "lines[0].quantity", ""),
    "a count below nothing": (line(COUNT, quantity=-1), "lines[0].quantity", "from 0"),
    "safety stock below nothing": (
        line("set_safety_stock", quantity=-1),
        "lines[0].quantity",
        "from 0",
    ),
    "an amount beyond measure": (
        line(SALE, unit_price_minor=10**12 + 1),
        "lines[0].unit_price",
        "",
    ),
    "a tax beyond measure": (line(SALE, tax_minor=-(10**12) - 1), "lines[0].tax_minor", ""),
    "a payment below nothing": (changed(PAY, amount_minor=-1), "amount_minor", "from 0"),
    "a cost below nothing": (
        line("receive_stock", unit_cost_minor=-1),
        "lines[0].unit_cost_minor",
        "from 0",
    ),
    "a list price below nothing": (
        changed("describe_product", prices=[{"price_minor": -1, "currency": "EUR"}]),
        "prices[0].price_minor",
        "from 0",
    ),
    "goods with a negative price": (
        line(SALE, unit_price_minor=-1),
        "lines[0].unit_price_minor",
        "service",
    ),
    "a small currency": (changed(SALE, currency="eur"), "currency", "three capitals"),
    "a currency with a newline": (changed(SALE, currency="EUR\n"), "currency", "capitals"),
    "a price without currency": (changed(SALE, currency=None), "currency", "lines[0]"),
    "a tax without currency": (
        {**line(ORDER, unit_price_minor=None, tax_minor=1), "currency": None},
        "currency",
        "lines[0]",
    ),
    "a cost without currency": (changed("receive_stock", currency=None), "currency", "lines[0]"),
    "a counted cost without currency": (line(COUNT, unit_cost_minor=1), "currency", "lines[0]"),
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
    "a receipt of nothing": (changed("receive_stock", lines=[]), "lines", "at least one"),
    "an adjustment of nothing": (changed(ADJUST, lines=[]), "lines", "at least one"),
    "a move of nothing": (changed("move_stock", lines=[]), "lines", "at least one"),
    "a return of nothing": (changed(RETURN, lines=[]), "lines", "at least one"),
    "a shipment of nothing": (changed("ship_lines", lines=[]), "lines", "at least one"),
    "nothing ready": (changed("ready_for_pickup", lines=[]), "lines", "at least one"),
    "nothing collected": (changed("collect_lines", lines=[]), "lines", "at least one"),
    "safety stock of nothing": (changed("set_safety_stock", lines=[]), "lines", "at least one"),
    "a named count of nothing": (changed(COUNT, lines=[]), "lines", "at least one"),
    "11,000 lines": (
        changed("ship_lines", lines=[{"line_id": str(n), "quantity": 1} for n in range(11_000)]),
        "lines",
        "at most 10,000",
    ),
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
    "a move to where it was": (line("move_stock", to="available"), "lines[0].to", "changes"),
    "a move from a state that is none": (
        line("move_stock", **{"from": "on_hand"}),
        "lines[0].from",
        "unknown value",
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
    "an adjustment without a reason": (changed(ADJUST, reason=None), "reason", "why"),
    "an empty reason": (changed(ADJUST, reason=""), "reason", "characters"),
    "a text of spaces": (changed(SALE, tender="  "), "tender", "not only spaces"),
    "a long text": (changed(SALE, tender="x" * 1_001), "tender", "1,000"),
    "a GTIN of nine digits": (changed("describe_product", gtin="123456789"), "gtin", "GS1"),
    "a GTIN misread": (changed("describe_product", gtin="4006381333932"), "gtin", "check digit"),
    "a GTIN in other digits": (changed("describe_product", gtin="٤٠٠٦٣٨١٣"), "gtin", "digits"),
    "a time zone of nowhere": (
        changed("describe_location", time_zone="Europe/Atlantis"),
        "time_zone",
        "IANA",
    ),
    "a time zone as a path": (
        changed("describe_location", time_zone="../../etc/passwd"),
        "time_zone",
        "IANA",
    ),
    "a location beyond the pole": (
        changed("describe_location", latitude_udeg=90_000_001),
        "latitude_udeg",
        "90,000,000",
    ),
    "a location beyond the date line": (
        changed("describe_location", longitude_udeg=-180_000_001),
        "longitude_udeg",
        "180,000,000",
    ),
    "a latitude alone": (
        changed("describe_location", longitude_udeg=None),
        "longitude_udeg",
        "both",
    ),
    "a longitude alone": (
        changed(ORDER, ship_to={"region": "DE", "longitude_udeg": 1}),
        "ship_to.latitude_udeg",
        "both",
    ),
    "a capacity below nothing": (
        changed("describe_location", daily_capacity=-1),
        "daily_capacity",
        "from 0",
    ),
    "too many attributes": (
        changed("describe_product", attributes={str(n): "x" for n in range(201)}),
        "attributes",
        "at most 200",
    ),
    "an attribute without a name": (
        changed("describe_product", attributes={"": "x"}),
        "attributes",
        "under a name",
    ),
    "a long attribute": (
        changed("describe_product", attributes={"a": "x" * 1_001}),
        "attributes",
        "1,000",
    ),
    "an attribute that is no text": (
        changed("describe_product", attributes={"a": 1}),
        "attributes[...]",
        "a text",
    ),
    "two prices for one channel": (
        changed("describe_product", prices=[{"price_minor": 1, "currency": "EUR"}] * 2),
        "prices[1].currency",
        "twice",
    ),
    "a location that serves twice": (
        changed("describe_channel", locations=["a", "a"]),
        "locations",
        "different",
    ),
}

ROWS = BYTES | {
    name: (raw({k: v for k, v in request.items() if v is not None}), path, words)
    for name, (request, path, words) in VALUES.items()
}


@pytest.mark.parametrize("name", ROWS)
def test_the_door_refuses(name):
    sent, path, words = ROWS[name]
    with pytest.raises(Malformed) as refused:
        read_request(sent)
    assert refused.value.path.startswith(path), refused.value
    assert words in refused.value.detail, refused.value
    assert len(str(refused.value)) < 700


@pytest.mark.parametrize("dots", [".", ".."])
@pytest.mark.parametrize("field", ["request_id", "order_id", "customer_id"])
def test_a_dot_and_two_dots_are_no_ids_since_no_address_can_name_them(field, dots):
    with pytest.raises(Malformed, match="address") as refused:
        read_request(raw(changed(ORDER, **{field: dots})))
    assert refused.value.path == field
    with pytest.raises(Malformed, match="address"):
        read_request(raw(line(ORDER, sku=dots)))
    for near in ("...", ".a", "a.", ". ."):
        assert read_request(raw(line(ORDER, sku=near)))


@pytest.mark.parametrize("name", [n for n, (r, p, _) in VALUES.items() if p != "request_id"])
def test_a_fault_of_a_readable_request_names_its_id(name):
    request = VALUES[name][0]
    with pytest.raises(Malformed) as refused:
        read_request(ROWS[name][0])
    assert refused.value.request_id == request["request_id"]


def test_a_fault_names_no_id_that_is_none():
    with pytest.raises(Malformed) as refused:
        read_request(raw(changed(ORDER, request_id="x" * 200)))
    assert refused.value.request_id is None


def test_a_message_shows_the_value_but_not_all_of_it():
    with pytest.raises(Malformed) as refused:
        read_request(raw(changed(ORDER, order_id="long" * 5_000)))
    assert "longlong" in refused.value.detail
    assert len(refused.value.detail) < 400


def test_personal_data_is_not_repeated_in_the_message():
    with pytest.raises(Malformed) as refused:
        read_request(raw(changed("register_customer", personal={"name": "Ada Lovelace"})))
    assert "Ada" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "Till", "-till", "till_3", "till\n", "t" * 41, "onebook"])
def test_a_sender_needs_a_channel_id(text):
    with pytest.raises(Malformed):
        channel_id(text)


@pytest.mark.parametrize("text", ["default", "till-3", "0", "t" * 40])
def test_a_channel_id_is_taken_as_it_is(text):
    assert channel_id(text) == text
