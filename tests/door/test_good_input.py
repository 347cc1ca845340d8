"""What the door lets in, and how it stands inside."""

import json
import tracemalloc
from datetime import UTC, datetime
from typing import get_args

import msgspec
import pytest

from ledger.domain.requests import AnyRequest, kind_of
from ledger.door import (
    MAX_BATCH_REQUESTS,
    MAX_REQUEST_BYTES,
    Malformed,
    read_batch,
    read_ndjson,
    read_request,
    reading,
)
from ledger.examples import EXAMPLES, example_of
from ledger.fingerprint import fingerprint

KINDS = [str(example["type"]) for example in EXAMPLES]


def raw(request):
    return json.dumps(request, ensure_ascii=False).encode()


def order(lines):
    return raw({**example_of("place_order"), "lines": lines})


def test_every_type_has_one_example():
    types = [t.__struct_config__.tag for t in get_args(AnyRequest)]
    assert sorted(KINDS) == sorted(types)


@pytest.mark.parametrize("kind", KINDS)
def test_every_example_is_valid_and_says_the_same_when_written_again(kind):
    request = read_request(raw(example_of(kind)))
    assert kind_of(request) == kind
    again = read_request(msgspec.json.encode(request))
    assert again == request
    assert fingerprint(again) == fingerprint(request)


def test_a_time_is_kept_in_utc_whatever_its_offset():
    request = read_request(raw(example_of("ready_for_pickup")))
    assert request.occurred_at == datetime(2026, 3, 1, 15, tzinfo=UTC)
    assert request.occurred_at.tzinfo is UTC
    assert request.until == datetime(2026, 3, 8, 19, tzinfo=UTC)
    assert request.until.tzinfo is UTC


def test_an_order_of_10_000_lines_comes_in():
    [first, _] = example_of("place_order")["lines"]
    lines = [{**first, "line_id": str(n)} for n in range(10_000)]
    assert len(read_request(order(lines)).lines) == 10_000


def test_a_request_of_4_mib_comes_in():
    sent = raw(example_of("place_order"))
    assert read_request(sent + b" " * (MAX_REQUEST_BYTES - len(sent)))


@pytest.mark.parametrize(
    "text", ["MUG RED", "a/b%c", "Größe 38", "北京", "🙂", '"quoted"', "a\\nb", "x" * 128]
)
def test_an_id_may_hold_anything_printable(text):
    [first, _] = example_of("place_order")["lines"]
    for escaped in (True, False):
        sent = json.dumps(
            {**example_of("place_order"), "lines": [{**first, "sku": text}]}, ensure_ascii=escaped
        )
        assert read_request(sent.encode()).lines[0].sku == text


def test_a_line_without_location_is_for_the_books_to_refuse():
    [first, _] = example_of("place_order")["lines"]
    del first["location"]
    assert read_request(order([first])).lines[0].location is None


def test_fields_at_their_default_and_null_may_be_sent():
    [first, _] = example_of("place_order")["lines"]
    full = {**example_of("place_order"), "allow_part": False, "channel": None}
    full["lines"] = [{**first, "kind": "goods", "lot": None}]
    assert read_request(raw(full)) == read_request(order([first]))


def sent(kind, **values):
    """The example of this type with other values at its top; None takes a field away."""
    request = {**example_of(kind), **values}
    return read_request(raw({name: value for name, value in request.items() if value is not None}))


def test_the_end_of_a_hold_is_kept_in_utc_whatever_its_offset():
    for kind in ("place_hold", "extend_hold"):
        request = sent(kind, expires_at="2026-03-01T10:15:00+01:00")
        assert request.expires_at == datetime(2026, 3, 1, 9, 15, tzinfo=UTC)
        assert request.expires_at.tzinfo is UTC


def test_a_hold_may_be_anywhere():
    request = sent("place_hold", location=None, anywhere=True)
    assert (request.location, request.anywhere) == (None, True)


@pytest.mark.parametrize("day", ["1900-01-01", "2028-02-29", "9998-12-31"])
def test_a_day_is_a_day_without_a_time(day):
    assert sent("expect_supply", due=day).due.isoformat() == day
    assert sent("request_transfer", due=day).due.isoformat() == day


def test_an_order_may_be_changed_by_cutting_alone():
    request = sent(
        "change_order", add=None, cut=[{"line_id": "1"}, {"line_id": "2", "quantity": 1}]
    )
    assert [line.quantity for line in request.cut] == [None, 1]


def test_a_line_without_location_may_be_added_for_the_writer_to_choose_one():
    [line] = example_of("change_order")["add"]
    del line["location"]
    assert sent("change_order", add=[line]).add[0].location is None


@pytest.mark.parametrize("counted", ["accepted", "damaged", "missing"])
def test_it_is_enough_that_one_of_three_arrived(counted):
    [line] = sent("receive_transfer", lines=[{"line_id": "1", counted: 1}]).lines
    assert getattr(line, counted) == 1


@pytest.mark.parametrize("order_id", ["web-1", f"sale:till-3:{'x' * 128}", "sale:t:a:b/c"])
def test_a_sale_may_be_claimed_by_a_guest_and_talked_about(order_id):
    assert sent("claim_guest_orders", order_ids=[order_id]).order_ids == (order_id,)
    assert sent("record_contact", order_id=order_id).order_id == order_id


def test_a_contact_may_be_about_a_customer_or_an_order_alone():
    assert sent("record_contact", customer_id=None).order_id == "web-5001"
    assert sent("record_contact", order_id=None).customer_id == "c-1"


def test_goods_may_come_back_from_a_sale_or_an_order():
    sale = {"channel": "till3", "request_id": "till3-000981"}
    assert sent("authorise_return", order_id=None, sale=sale).sale.channel == "till3"
    assert sent("exchange", of_sale=None, of_order_id="web-5001").of_sale is None


def test_what_is_received_without_a_word_goes_to_quality_control():
    [line] = example_of("receive_return")["lines"]
    del line["disposition"]
    assert sent("receive_return", lines=[line]).lines[0].disposition == "quality_control"
    [line] = example_of("inspect_return")["lines"]
    del line["from"]
    assert sent("inspect_return", lines=[line]).lines[0].from_disposition == "quality_control"


@pytest.mark.parametrize(
    "kind",
    ["cancel_order", "void_sale", "release_hold", "void_shipment", "deliver", "fail_delivery"],
)
def test_without_lines_it_is_about_all_of_them(kind):
    assert sent(kind, lines=None).lines == sent(kind, lines=[]).lines == ()


@pytest.mark.parametrize("kind", ["extend_hold", "reschedule_supply", "cancel_supply"])
def test_without_line_ids_it_is_about_all_of_them(kind):
    assert sent(kind, line_ids=None).line_ids == ()


def test_a_discount_may_be_added_to_an_order():
    discount = {"line_id": "9", "kind": "service", "sku": "OFF", "quantity": 1}
    discount["unit_price_minor"] = -100
    assert sent("change_order", add=[discount]).add[0].unit_price_minor == -100


@pytest.mark.parametrize("kind", ["record_sale", "place_order", "record_return", "exchange"])
def test_a_service_may_have_a_negative_price(kind):
    discount = {
        "line_id": "9",
        "kind": "service",
        "sku": "DISCOUNT",
        "quantity": 1,
        "unit_price_minor": -100,
    }
    assert read_request(raw({**example_of(kind), "lines": [discount]}))


def test_a_whole_location_may_be_counted_empty():
    sent = {**example_of("count_stock"), "scope": "location", "lines": []}
    assert read_request(raw(sent)).lines == ()


def test_a_sku_may_be_counted_whole_and_in_part():
    lines = [{"sku": "A", "quantity": 3}, {"sku": "A", "quantity": 1, "state": "damaged"}]
    sent = {**example_of("count_stock"), "scope": "location", "lines": lines}
    assert len(read_request(raw(sent)).lines) == 2


@pytest.mark.parametrize("gtin", ["96385074", "036000291452", "4006381333931", "10614141000415"])
def test_a_gtin_of_each_length_comes_in(gtin):
    assert read_request(raw({**example_of("describe_product"), "gtin": gtin}))


def test_an_array_is_read_item_by_item_and_one_fault_spoils_no_other():
    items = [*EXAMPLES, {**example_of("place_order"), "order_id": ""}, example_of("record_sale"), 7]
    *good, bad, last, seven = read_batch(raw(items))
    assert [kind_of(request) for request in good] == KINDS
    assert isinstance(bad, Malformed)
    assert (bad.path, bad.request_id) == (f"[{len(KINDS)}].order_id", "w-5001")
    assert kind_of(last) == "record_sale"
    assert isinstance(seven, Malformed)
    assert seven.path == f"[{len(KINDS) + 2}]"


def test_a_line_each_is_read_line_by_line_and_blank_lines_are_nothing():
    sent = b"\n".join(
        [
            raw(example_of("place_order")),
            b"",
            b"  \r",
            b"{",
            raw({**example_of("record_sale"), "lines": []}),
            raw(EXAMPLES[0]) + b"\r\n",
        ]
    )
    first, broken, empty, last = read_ndjson(sent)
    assert kind_of(first) == "place_order"
    assert (broken.path, broken.request_id) == ("line 4", None)
    assert (empty.path, empty.request_id) == ("line 5: lines", "till3-000981")
    assert last == read_request(raw(EXAMPLES[0]))


@pytest.mark.parametrize(
    "sent", [b"", b"{}", b"[", b"[1,]", b"[" * 2_000 + b"]" * 2_000, b"[] []", b"null"]
)
def test_a_body_that_is_no_array_is_malformed_as_a_whole(sent):
    with pytest.raises(Malformed):
        read_batch(sent)


def test_a_batch_has_an_end(monkeypatch):
    monkeypatch.setattr(reading, "MAX_BATCH_REQUESTS", 2)
    line = raw(EXAMPLES[0])
    assert len(read_ndjson(b"\n".join([line] * 2))) == 2
    with pytest.raises(Malformed, match="2 requests"):
        read_ndjson(b"\n".join([line] * 3))
    with pytest.raises(Malformed, match="2 requests"):
        read_batch(b"[" + b",".join([line] * 3) + b"]")
    assert MAX_BATCH_REQUESTS >= 10_000


@pytest.mark.parametrize(
    ("read", "sent"),
    [
        (read_batch, b"[" + b"0," * 4_000_000 + b"0]"),
        (read_batch, b"[" + b"{}," * 4_000_000 + b"{}]"),
        (read_batch, b" [" + b"[],[[[[[]]]]]," * 1_000_000 + b"0]"),
        (read_ndjson, b"0\n" * 4_000_000),
    ],
    ids=["zeros", "objects", "lists", "lines"],
)
def test_far_too_many_items_are_refused_before_any_of_them_takes_memory(read, sent):
    tracemalloc.start()
    try:
        with pytest.raises(Malformed, match="more than 50,000 requests"):
            read(sent)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_a_batch_of_large_requests_has_as_many_items_as_it_has():
    lines = [{"line_id": str(n), "sku": "S", "quantity": 1} for n in range(5_000)]
    one = raw({**example_of("receive_stock"), "lines": lines})
    assert one.count(b",") * 4 > MAX_BATCH_REQUESTS
    found = read_batch(b"[" + b",".join([one, b"null", one, one, one]) + b"]")
    assert [isinstance(item, Malformed) for item in found] == [False, True, False, False, False]
    with pytest.raises(Malformed, match="not valid JSON"):
        read_batch(b"[" + b",".join([one] * 4))


def test_one_line_of_a_return_may_come_to_several_ends() -> None:
    [line] = example_of("receive_return")["lines"]
    ends = ({**line, "disposition": end} for end in ("restock", "scrap"))
    received = sent("receive_return", lines=list(ends))
    assert [line.disposition for line in received.lines] == ["restock", "scrap"]
