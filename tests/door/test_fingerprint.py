"""The fingerprint tells a repeat from other content, in this release and in later ones."""

import json

import msgspec
import pytest

from ledger.door import read_request
from ledger.examples import EXAMPLES, example_of
from ledger.fingerprint import fingerprint


def read(request):
    return read_request(json.dumps(request).encode())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["type"])
def test_a_later_optional_field_changes_no_earlier_fingerprint(example):
    request = read(example)
    now = type(request)
    later = msgspec.defstruct(
        now.__name__,
        [("gift_note", str | None, None)],
        bases=(now,),
        frozen=True,
        kw_only=True,
        omit_defaults=True,
        tag=now.__struct_config__.tag,
    )
    reread = msgspec.json.decode(msgspec.json.encode(request), type=later)
    assert fingerprint(reread) == fingerprint(request)
    assert fingerprint(msgspec.structs.replace(reread, gift_note="x")) != fingerprint(request)


def test_other_content_has_another_fingerprint():
    prints = {fingerprint(read({**example, "request_id": "1"})) for example in EXAMPLES}
    assert len(prints) == len(EXAMPLES)
    other = {**example_of("place_order"), "customer_id": "c-2"}
    assert fingerprint(read(other)) != fingerprint(read(example_of("place_order")))


def test_the_order_of_fields_and_attributes_does_not_matter():
    product = example_of("describe_product")
    turned = dict(reversed(product.items()))
    turned["attributes"] = dict(reversed(product["attributes"].items()))
    assert list(turned["attributes"]) != list(product["attributes"])
    assert fingerprint(read(turned)) == fingerprint(read(product))


@pytest.mark.parametrize("kind", [str(example["type"]) for example in EXAMPLES])
def test_fingerprints_of_every_release_stay(kind):
    """They are in the ledger for ever: a change here would turn repeats into mismatches."""
    assert fingerprint(read(example_of(kind)))[:16] == (FIRST_RELEASE | SECOND_RELEASE)[kind]


FIRST_RELEASE = {
    "describe_product": "068f9da117389bc8",
    "describe_location": "911f1292f0ef6065",
    "describe_channel": "ff3f8ddc96ea5ec4",
    "register_customer": "9091a8f44e5308fc",
    "set_safety_stock": "1f8eb47ecc0206e4",
    "receive_stock": "1ae96ef83247e4d2",
    "adjust_stock": "a4e7ddbe7c51f25d",
    "move_stock": "90b7dabecbf8bad7",
    "record_sale": "201dd30168bc88f7",
    "place_order": "3cac7c5cce59bfc6",
    "record_payment": "6901efa29dec6c48",
    "ship_lines": "2a195e6705d4a37a",
    "ready_for_pickup": "c48a4c0097abd58c",
    "count_stock": "f9f5734397c18bb6",
    "collect_lines": "b4f7c7df95c2bf12",
    "record_return": "215e797221686bfd",
    "void_sale": "58c4cbfb676cb9c1",
    "cancel_order": "6a2c31f5a3eb8fcb",
}
"""As the code of that release computed them."""

SECOND_RELEASE = {
    "link_identity": "0ce08bf6e316a2d7",
    "give_consent": "de2d1f481aaf6c1b",
    "expect_supply": "5b9eb8be504d6d11",
    "reschedule_supply": "5cc8b0969889f805",
    "set_channel_buffer": "66263aa62678a4b0",
    "place_hold": "f3224a7df8de501a",
    "request_transfer": "c5f6a794eab2555b",
    "extend_hold": "4a8469d3d37681e9",
    "release_hold": "214651ac5d3be498",
    "change_order": "a97f9f2ab2d919bd",
    "reassign_line": "b78cffe839f0f348",
    "ship_transfer": "82c21d5703245aff",
    "decline_line": "95d558b211140150",
    "cancel_transfer": "b8f7c1e5c285f3d8",
    "pick_lines": "3e90697b7cf1a818",
    "fail_delivery": "48321ca60768c3ce",
    "void_shipment": "af20b4bed882f99f",
    "record_contact": "e714e63ffa23c860",
    "receive_transfer": "0122dd37d0484f90",
    "authorise_return": "ca76f81526852488",
    "exchange": "bf2ee0d730c765f1",
    "close_transfer": "ca35fe4cbdeea809",
    "deliver": "e441b6953c65fce0",
    "receive_return": "60426dde8d121b2b",
    "claim_guest_orders": "a49743772055de20",
    "inspect_return": "ba9cc7f085891d1a",
    "merge_customers": "5c2d6adcafcce5c4",
    "cancel_supply": "133ac46c02dcf704",
    "unmerge_customers": "c05e1fed3b2fd0f0",
    "withdraw_consent": "030bf3b2c1358575",
}
