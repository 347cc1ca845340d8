"""What the door refuses before it reads a request, a row each: the bytes, where, a word."""

import pytest
from at_the_door import changed, check, raw, spliced

from ledger.door import MAX_REQUEST_BYTES
from ledger.examples import example_of

SALE, ORDER, PAY = "record_sale", "place_order", "record_payment"
DEEP = 2_000

ROWS = {
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


@pytest.mark.parametrize("name", ROWS)
def test_the_door_refuses(name: str) -> None:
    check(*ROWS[name])
