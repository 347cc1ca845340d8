"""What the door says of a fault: whose, where, with how much of what was sent."""

import json
from typing import Any

import pytest
from at_the_door import changed, line, raw, refused

from ledger.door import channel_id, read_request
from ledger.door.faults import PERSONAL, Malformed
from ledger.examples import EXAMPLES, Example

ORDER = "place_order"
PERSON = {"name": "Ada Lovelace", "email": "ada@example.org"}
KINDS = {str(example["type"]): example for example in EXAMPLES}


@pytest.mark.parametrize("dots", [".", ".."])
@pytest.mark.parametrize("field", ["request_id", "order_id", "customer_id"])
def test_a_dot_and_two_dots_are_no_ids_since_no_address_can_name_them(
    field: str, dots: str
) -> None:
    fault = refused(raw(changed(ORDER, **{field: dots})))
    assert "address" in fault.detail
    assert fault.path == field
    assert "address" in refused(raw(line(ORDER, sku=dots))).detail
    for near in ("...", ".a", "a.", ". ."):
        assert read_request(raw(line(ORDER, sku=near)))


def test_a_fault_names_no_id_that_is_none() -> None:
    assert refused(raw(changed(ORDER, request_id="x" * 200))).request_id is None


def test_a_message_shows_the_value_but_not_all_of_it() -> None:
    fault = refused(raw(changed(ORDER, order_id="long" * 5_000)))
    assert "longlong" in fault.detail
    assert len(fault.detail) < 400


def objects_in(value: object) -> list[dict[str, Any]]:
    """Every object of a JSON value, the outermost first."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict) else []
    return [*own, *(found for item in inner for found in objects_in(item))]


@pytest.mark.parametrize("kind", KINDS)
def test_personal_data_is_refused_wherever_it_stands_and_not_repeated(kind: str) -> None:
    request: Example = KINDS[kind]
    text = json.dumps(request)
    for place in range(len(objects_in(request))):
        sent = json.loads(text)
        objects_in(sent)[place]["personal"] = PERSON
        if request.get("attributes") is not None and "colour" in objects_in(sent)[place]:
            continue  # free text under any name: `personal` must be a text there
        fault = refused(raw(sent))
        assert fault.detail == PERSONAL
        assert fault.path.endswith("personal")
        assert fault.request_id == request["request_id"]
        assert "Ada" not in str(fault)


@pytest.mark.parametrize("kind", KINDS)
def test_personal_data_is_told_before_any_other_fault(kind: str) -> None:
    fault = refused(raw({**KINDS[kind], "occurred_at": 7, "personal": PERSON}))
    assert (fault.path, fault.detail) == ("personal", PERSONAL)


@pytest.mark.parametrize("kind", KINDS)
def test_no_request_is_taken_with_a_field_that_it_does_not_have(kind: str) -> None:
    fault = refused(raw({**KINDS[kind], "colour": "red"}))
    assert (fault.path, "unknown field" in fault.detail) == ("colour", True)


@pytest.mark.parametrize("kind", KINDS)
def test_no_line_stands_twice_in_any_request(kind: str) -> None:
    for name in ("lines", "add", "returned"):
        if lines := KINDS[kind].get(name):
            assert isinstance(lines, list)
            fault = refused(raw({**KINDS[kind], name: [*lines, lines[0]]}))
            assert fault.path.startswith(f"{name}[{len(lines)}]")
            assert "twice" in fault.detail


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_of_any_request_may_be_empty(kind: str) -> None:
    common = dict.fromkeys(("actor", "reason", "reference"), "x")
    request = KINDS[kind] | common
    for place, inner in enumerate(objects_in(request)):
        for name in [name for name, value in inner.items() if isinstance(value, str)]:
            sent = json.loads(json.dumps(request))
            objects_in(sent)[place][name] = ""
            assert refused(raw(sent)).detail, name


@pytest.mark.parametrize("text", ["", "Till", "-till", "till_3", "till\n", "t" * 41, "onebook"])
def test_a_sender_needs_a_channel_id(text: str) -> None:
    with pytest.raises(Malformed):
        channel_id(text)


@pytest.mark.parametrize("text", ["default", "till-3", "0", "t" * 40])
def test_a_channel_id_is_taken_as_it_is(text: str) -> None:
    assert channel_id(text) == text
